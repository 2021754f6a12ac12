// SPDX-License-Identifier: Apache-2.0
#include "enrich/enricher.h"

#include "base/clock.h"
#include "enrich/owner.h"

namespace tracee {
namespace {

constexpr int64_t kAskMs = 100, kScanMs = 10'000;
constexpr size_t kAskAtOnce = 64;

void fill_container(const ContainerEntry& entry, Context& context) noexcept {
  const ContainerNames& names = entry.names;
  context.container = {entry.id, names.name, names.image, names.image_digest};
  context.kubernetes = {names.pod_name, names.pod_namespace, names.pod_uid, names.pod_sandbox};
  context.flags.container_started = entry.has_started;
}

}  // namespace

Enricher::Enricher() : since_(clock_ns(CLOCK_BOOTTIME)) {}

void Enricher::start(std::vector<RuntimeSocket> runtimes) {
  scan_cgroups(containers_);
  has_groups_ = true;
  scanned_ms_ = clock_ms(CLOCK_MONOTONIC);
  resolver_.emplace(std::move(runtimes));
}

void Enricher::take(Bytes news) noexcept {
  if (news.size() < sizeof(cgroup_record)) return;
  const auto& head = *reinterpret_cast<const record_head*>(news.data());
  if (head.kind == WIRE_NEW_CGROUP) {
    const auto& group = *reinterpret_cast<const cgroup_record*>(news.data());
    if (news.size() - sizeof group < group.path_len) return;
    containers_.add(group.hierarchy, group.id,
                    {reinterpret_cast<const char*>(group.path), group.path_len}, true);
    return;
  }
  processes_.take(news);
  if (head.kind != WIRE_EXEC && head.kind != WIRE_FOUND) return;
  if (news.size() < sizeof(process_record)) return;
  // What runs in a container says that its entry point has begun.
  const auto& process = *reinterpret_cast<const process_record*>(news.data());
  containers_.note_start(0, process.owner.cgroup_id);
  if (process.hierarchy != 0) containers_.note_start(process.hierarchy, process.v1_cgroup);
}

void Enricher::join(const owner& owner, const Process* process, Context& context) const noexcept {
  const ContainerEntry* container = containers_.find(0, owner.cgroup_id);
  if (process != nullptr) {
    context.executable_path = process->executable();
    context.command_line = process->command_line();
    if (container == nullptr && process->hierarchy != 0) {
      container = containers_.find(process->hierarchy, process->v1_cgroup);
    }
  }
  if (container != nullptr) {
    fill_container(*container, context);
  } else if (has_groups_ && !missed_group_) {
    missed_group_ = !containers_.knows(0, owner.cgroup_id);
  }
}

void Enricher::fill(const owner& owner, uint64_t boot_epoch_ns, bool egress,
                    Context& context) noexcept {
  fill_owner(owner, boot_epoch_ns, egress, context);
  if (owner.host_tid == 0) return;
  join(owner, processes_.find(owner.host_pid, owner.leader_start), context);
  if (context.container.id.empty()) context.user_name = users_.name(owner.uid);
}

bool Enricher::parent_of(const Context& context, Context& parent) const noexcept {
  const Process* own = processes_.find(context.host_process_id, context.process_start);
  // One that is not in the table has at least its parent's number.
  const Process* found =
      own != nullptr ? processes_.parent_of(*own) : processes_.newest(context.host_parent_id);
  if (found == nullptr) return false;
  fill_owner(found->self, 0, false, parent);
  join(found->self, found, parent);
  return true;
}

bool Enricher::find_process(uint32_t entity, Context& out) const noexcept {
  const Process* found = entity != 0 ? processes_.find_entity(entity) : nullptr;
  if (found == nullptr) return false;
  fill_owner(found->self, 0, false, out);
  join(found->self, found, out);
  return true;
}

size_t Enricher::find_children(uint32_t entity, std::span<Context> out) const noexcept {
  const Process* parent = entity != 0 ? processes_.find_entity(entity) : nullptr;
  size_t count = 0;
  if (parent == nullptr) return count;
  processes_.each_child(*parent, [&](const Process& child) {
    if (count == out.size()) return;
    fill_owner(child.self, 0, false, out[count]);
    join(child.self, &child, out[count++]);
  });
  return count;
}

bool Enricher::find_container(std::string_view text, bool by_name, Context& out) const noexcept {
  const ContainerEntry* found = containers_.find_first(text, by_name);
  if (found == nullptr || text.empty()) return false;
  fill_container(*found, out);
  return true;
}

bool Enricher::is_new_container(std::string_view id) const noexcept {
  const ContainerEntry* container = containers_.find(id);
  return container != nullptr && container->is_new;
}

// News can be lost; a group that a packet names and nobody has told of is looked for.
void Enricher::look_for_missed(int64_t now) {
  if (!missed_group_ || now - scanned_ms_ < kScanMs) return;
  missed_group_ = false;
  scanned_ms_ = now;
  scan_cgroups(containers_);
}

void Enricher::refresh() {
  users_.refresh();
  if (!resolver_) return;
  for (Answer& answer : resolver_->answers()) {
    containers_.answer(answer.id, std::move(answer.names));
  }
  const int64_t now = clock_ms(CLOCK_MONOTONIC);
  look_for_missed(now);
  if (!containers_.take_new() && now - asked_ms_ < kAskMs) return;
  asked_ms_ = now;
  const size_t room = std::min(resolver_->room(), kAskAtOnce);
  for (const ContainerEntry* container : containers_.to_ask(now, room)) {
    resolver_->ask({container->id, container->runtime, container->maybe_namespace});
  }
}

}  // namespace tracee
