// SPDX-License-Identifier: Apache-2.0
#include "enrich/process.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <string>

#include "enrich/entity.h"

namespace tracee {
namespace {

std::string_view text_of(const process_record& record) noexcept {
  return {reinterpret_cast<const char*>(record.text), record.path_len};
}

// NULs part the arguments; the last one is not followed by anything.
std::string_view blank_arguments(std::span<char> text) {
  std::ranges::replace(text, '\0', ' ');
  std::string_view out(text.data(), text.size());
  while (out.ends_with(' ')) out.remove_suffix(1);
  return out;
}

std::string content_of(const std::string& path, size_t limit) {
  std::ifstream file(path, std::ios::binary);
  std::string out(limit, '\0');
  file.read(out.data(), static_cast<std::streamsize>(limit));
  out.resize(static_cast<size_t>(file.gcount()));
  return out;
}

// Clock ticks since boot, of /proc/PID/stat: the 20th word behind the name.
uint64_t start_ticks(uint32_t pid) {
  const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat", 1024);
  std::string_view rest = stat;
  rest.remove_prefix(std::min(rest.rfind(')') + 1, rest.size()));
  for (int word = 0; word < 20 && !rest.empty(); ++word) {
    rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
  }
  uint64_t ticks = 0;
  for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1)) {
    ticks = ticks * 10 + static_cast<uint64_t>(rest.front() - '0');
  }
  return ticks;
}

constexpr uint64_t kTickNs = 10'000'000;  // USER_HZ is 100

}  // namespace

std::string_view path_of(const process_record& record, std::span<char, WIRE_PATH_BYTES + 4> room) {
  // The names come from the file up; they are laid down from the end.
  size_t start = room.size();
  std::string_view names = text_of(record);
  while (!names.empty()) {
    const size_t size = std::min(names.find('\0'), names.size());
    if (size + 1 > start) return {};
    start -= size;
    std::copy_n(names.data(), size, room.data() + start);
    room[--start] = '/';
    names.remove_prefix(std::min(size + 1, names.size()));
  }
  if (start == room.size()) return {};
  if (record.path_whole == 0) {
    if (start < 3) return {};
    start -= 3;
    std::copy_n("...", 3, room.data() + start);
  }
  return {room.data() + start, room.size() - start};
}

ProcessTable::ProcessTable(size_t capacity, size_t text_bytes)
    : texts_(text_bytes),
      capacity_(std::max<size_t>(capacity, 16)),
      processes_(std::make_unique_for_overwrite<Process[]>(capacity_)),
      buckets_(std::bit_ceil(capacity_), kNone),
      entity_buckets_(buckets_.size(), kNone) {}

uint32_t& ProcessTable::entity_bucket(uint32_t entity) noexcept {
  return entity_buckets_[entity & (entity_buckets_.size() - 1)];
}

const Process* ProcessTable::find_entity(uint32_t entity) const noexcept {
  uint32_t i = entity_buckets_[entity & (entity_buckets_.size() - 1)];
  while (i != kNone && processes_[i].entity != entity) i = processes_[i].next_entity;
  return i == kNone ? nullptr : &processes_[i];
}

size_t ProcessTable::bucket_of(uint32_t pid) const noexcept {
  return (pid * 0x9e3779b1u >> 7) & (buckets_.size() - 1);
}

uint32_t ProcessTable::index_of(const Process& process) const noexcept {
  return static_cast<uint32_t>(&process - processes_.get());
}

uint32_t ProcessTable::index_of(uint32_t pid, uint64_t start) const noexcept {
  uint32_t i = buckets_[bucket_of(pid)];
  while (i != kNone &&
         (processes_[i].self.host_pid != pid || processes_[i].self.leader_start != start)) {
    i = processes_[i].next;
  }
  return i;
}

Process* ProcessTable::find_own(uint32_t pid, uint64_t start) noexcept {
  const uint32_t i = index_of(pid, start);
  return i == kNone ? nullptr : &processes_[i];
}

const Process* ProcessTable::find(uint32_t pid, uint64_t start) const noexcept {
  const uint32_t i = index_of(pid, start);
  if (i == kNone) return nullptr;
  processes_[i].asked = true;
  return &processes_[i];
}

const Process* ProcessTable::newest(uint32_t pid) const noexcept {
  // A new process goes to the front of its bucket.
  uint32_t i = buckets_[bucket_of(pid)];
  while (i != kNone && processes_[i].self.host_pid != pid) i = processes_[i].next;
  return i == kNone ? nullptr : &processes_[i];
}

const Process* ProcessTable::parent_of(const Process& process) const noexcept {
  return find(process.parent_pid, process.parent_start);
}

size_t ProcessTable::ancestors(const Process& process,
                               std::span<const Process*, kAncestors> out) const noexcept {
  size_t count = 0;
  for (const Process* at = parent_of(process); at != nullptr && count < kAncestors;
       at = parent_of(*at)) {
    out[count++] = at;
  }
  return count;
}

void ProcessTable::append(List& list, uint32_t index) {
  Process& process = processes_[index];
  process.older = list.newest;
  process.newer = kNone;
  (list.newest == kNone ? list.oldest : processes_[list.newest].newer) = index;
  list.newest = index;
}

void ProcessTable::unlink(uint32_t index) {
  const Process& process = processes_[index];
  List& list = process.ended ? ended_ : living_;
  (process.older == kNone ? list.oldest : processes_[process.older].newer) = process.newer;
  (process.newer == kNone ? list.newest : processes_[process.newer].older) = process.older;
}

void ProcessTable::set_text(Texts::Text*& at, std::string_view text) {
  if (view_of(at) == text) return;
  texts_.release(at);
  at = nullptr;
  while (!texts_.has_room(text.size()) && ended_.oldest != kNone) {
    remove(ended_.oldest);
    ++evicted_;
  }
  at = texts_.hold(text);
}

void ProcessTable::set_parent(Process& process, uint32_t pid, uint64_t start) {
  process.parent_pid = pid;
  process.parent_start = start;
  if (Process* parent = find_own(pid, start)) ++parent->children;
}

// Removes the process that ended first; there is one. A bounded look: a parent among
// the ended keeps the line of descent together.
void ProcessTable::forget_ended() {
  for (int tries = 0; tries < 64; ++tries) {
    const uint32_t index = ended_.oldest;
    if (processes_[index].children == 0) return remove(index);
    unlink(index);
    append(ended_, index);
  }
  remove(ended_.oldest);
}

// Removes one process when there is no room for another.
void ProcessTable::make_room() {
  if (size() < capacity_) return;
  ++evicted_;
  if (ended_.oldest != kNone) return forget_ended();
  for (;;) {
    const uint32_t index = living_.oldest;
    if (!processes_[index].asked) return remove(index);
    processes_[index].asked = false;
    unlink(index);
    append(living_, index);
  }
}

void ProcessTable::remove(uint32_t index) {
  Process& process = processes_[index];
  if (Process* parent = find_own(process.parent_pid, process.parent_start)) {
    if (parent->children > 0) --parent->children;
  }
  uint32_t* at = &buckets_[bucket_of(process.self.host_pid)];
  while (*at != index) at = &processes_[*at].next;
  *at = process.next;
  at = &entity_bucket(process.entity);
  while (*at != index) at = &processes_[*at].next_entity;
  *at = process.next_entity;
  unlink(index);
  if (process.ended) --ended_count_;
  texts_.release(process.path);
  texts_.release(process.command);
  process.next = free_;
  free_ = index;
  ++free_count_;
}

Process& ProcessTable::add(uint32_t pid, uint64_t start) {
  make_room();
  uint32_t index = free_;
  if (index == kNone) {
    index = used_++;
  } else {
    free_ = processes_[index].next;
    --free_count_;
  }
  Process& process = processes_[index];
  process = Process{};
  process.self.host_pid = pid;
  process.self.leader_start = start;
  uint32_t& bucket = buckets_[bucket_of(pid)];
  process.next = bucket;
  bucket = index;
  process.entity = entity_id(pid, start);
  uint32_t& entities = entity_bucket(process.entity);
  process.next_entity = entities;
  entities = index;
  append(living_, index);
  return process;
}

void ProcessTable::note(Process& process, const process_record& record) {
  process.self = record.owner;
  process.hierarchy = record.hierarchy;
  process.v1_cgroup = record.v1_cgroup;
}

void ProcessTable::fork(const process_record& record) {
  if (find_own(record.owner.host_pid, record.owner.leader_start) != nullptr) return;
  Process& child = add(record.owner.host_pid, record.owner.leader_start);
  note(child, record);
  set_parent(child, record.from_pid, record.from_start);
  if (const Process* parent = find_own(record.from_pid, record.from_start)) {
    child.path = Texts::hold(parent->path);
    child.command = Texts::hold(parent->command);
  }
}

void ProcessTable::run(const process_record& record) {
  Process* process = find_own(record.owner.host_pid, record.owner.leader_start);
  if (process == nullptr) {
    process = &add(record.owner.host_pid, record.owner.leader_start);
    set_parent(*process, record.owner.host_ppid, record.owner.parent_leader_start);
  }
  if (process->ended) return;
  note(*process, record);
  process->has_run = true;
  char room[WIRE_PATH_BYTES + 4];
  set_text(process->path, path_of(record, room));
  if (record.kind == WIRE_FOUND) return;
  char arguments[WIRE_ARGS_BYTES];
  const size_t size = std::min<size_t>(record.args_len, sizeof arguments);
  std::memcpy(arguments, record.text + record.path_len, size);
  set_text(process->command, blank_arguments({arguments, size}));
}

void ProcessTable::end(const process_record& record) {
  Process* process = find_own(record.owner.host_pid, record.owner.leader_start);
  if (process == nullptr || process->ended) return;
  const uint32_t index = index_of(*process);
  unlink(index);
  process->ended = true;
  append(ended_, index);
  if (++ended_count_ > kEnded) forget_ended();
}

void ProcessTable::take(Bytes news) noexcept {
  if (news.size() < sizeof(process_record)) return;
  const auto& record = *reinterpret_cast<const process_record*>(news.data());
  if (record.kind < WIRE_FORK || record.kind > WIRE_FOUND) return;
  if (news.size() - sizeof record < size_t{record.path_len} + record.args_len) return;
  switch (record.kind) {
    case WIRE_FORK:
      return fork(record);
    case WIRE_EXIT:
      return end(record);
    default:
      return run(record);
  }
}

void ProcessTable::read_command_lines() {
  for (uint32_t i = living_.oldest; i != kNone; i = processes_[i].newer) {
    Process& process = processes_[i];
    if (process.command != nullptr) continue;
    const uint32_t pid = process.self.host_pid;
    std::string text = content_of("/proc/" + std::to_string(pid) + "/cmdline", WIRE_ARGS_BYTES);
    if (start_ticks(pid) != process.self.leader_start / kTickNs) continue;
    set_text(process.command, blank_arguments(text));
  }
}

}  // namespace tracee
