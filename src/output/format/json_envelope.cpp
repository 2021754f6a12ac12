// SPDX-License-Identifier: Apache-2.0
#include "output/format/json_envelope.h"

#include <algorithm>
#include <cstring>

namespace tracee {
namespace {

constexpr std::string_view kTime = "timestamp", kCpu = "processorId";

size_t place_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(kContextHead, name, &Field::name);
  return static_cast<size_t>(found - kContextHead.begin());
}

// Those that are not the owner's, or that the envelope does not show: no views of a packet stay.
void clear_other_texts(Context& out) noexcept {
  out.syscall = out.executable_path = out.command_line = out.user_name = out.direction =
      out.attribution = out.interface = {};
}

bool same(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// All that OwnerText shows; what differs most comes first.
bool same_owner(const Context& a, const Context& b) noexcept {
  return a.host_thread_id == b.host_thread_id && a.thread_start_ns == b.thread_start_ns &&
         a.host_process_id == b.host_process_id && a.host_parent_id == b.host_parent_id &&
         a.thread_id == b.thread_id && a.process_id == b.process_id && a.parent_id == b.parent_id &&
         a.thread_entity == b.thread_entity && a.process_entity == b.process_entity &&
         a.parent_entity == b.parent_entity && a.cgroup_id == b.cgroup_id &&
         a.user_id == b.user_id && a.mount_namespace == b.mount_namespace &&
         a.pid_namespace == b.pid_namespace && a.flags == b.flags &&
         a.kubernetes.pod_sandbox == b.kubernetes.pod_sandbox &&
         same(a.process_name, b.process_name) && same(a.host_name, b.host_name) &&
         same(a.executable.path, b.executable.path) && same(a.container.id, b.container.id) &&
         same(a.container.name, b.container.name) && same(a.container.image, b.container.image) &&
         same(a.container.image_digest, b.container.image_digest) &&
         same(a.kubernetes.pod_name, b.kubernetes.pod_name) &&
         same(a.kubernetes.pod_namespace, b.kubernetes.pod_namespace) &&
         same(a.kubernetes.pod_uid, b.kubernetes.pod_uid);
}

// Where an owner's entry is. Another owner's may be there too.
size_t hash_of(const Context& context) noexcept {
  return context.host_thread_id ^ context.thread_entity;
}

}  // namespace

OwnerTexts::OwnerTexts()
    : before_cpu_(kContextHead.subspan(place_of(kTime) + 1, place_of(kCpu) - place_of(kTime) - 1)),
      head_(kContextHead.subspan(place_of(kCpu) + 1)),
      tail_(kContextTail),
      cpu_key_(kContextHead[place_of(kCpu)].key),
      texts_(std::make_unique_for_overwrite<char[]>(kEntries * kTextBytes)),
      once_texts_(std::make_unique_for_overwrite<char[]>(kOnceBytes)) {}

const OwnerText* OwnerTexts::of(const Context& context) noexcept {
  const size_t index = hash_of(context) % kEntries;
  Entry& entry = entries_[index];
  if (entry.used && same_owner(entry.owner, context)) return &entry.text;
  entry.used = fill(entry, {texts_.get() + index * kTextBytes, kTextBytes}, context);
  if (entry.used) return &entry.text;
  return fill(once_, {once_texts_.get(), kOnceBytes}, context) ? &once_.text : nullptr;
}

bool OwnerTexts::fill(Entry& entry, std::span<char> texts, const Context& context) const noexcept {
  char* const end = texts.data() + texts.size();
  char* at = before_cpu_.put_members(&context, texts.data(), end);
  if (at == nullptr || static_cast<size_t>(end - at) < cpu_key_.size()) return false;
  at = std::ranges::copy(cpu_key_, at).out;
  entry.text.before_cpu = {texts.data(), at};

  char* const head = at;
  at = head_.put_members(&context, at, end);
  if (at == nullptr) return false;
  entry.text.head = {head, at};

  char* const tail = at;
  at = tail_.put_members(&context, at, end);
  if (at == nullptr) return false;
  entry.text.tail = {tail, at};

  bool fits = true;
  entry.owner = context;
  clear_other_texts(entry.owner);
  each_text(entry.owner, [&](std::string_view& text) {
    fits = fits && static_cast<size_t>(end - at) >= text.size();
    if (!fits) return;
    char* const copy = at;
    at = std::ranges::copy(text, at).out;
    text = {copy, at};
  });
  return fits;
}

}  // namespace tracee
