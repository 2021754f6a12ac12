// SPDX-License-Identifier: Apache-2.0
#include "enrich/container.h"

#include <algorithm>

namespace tracee {
namespace {

constexpr int64_t kFirstRetryMs = 200, kLastRetryMs = 300'000;

// Who asks for longer names than these has no use for them.
constexpr size_t kMaxName = 1024;

void limit(std::string& text) {
  if (text.size() > kMaxName) text.resize(kMaxName);
}

}  // namespace

bool ContainerTable::knows(uint32_t hierarchy, uint64_t id) const noexcept {
  return groups_.contains({hierarchy, id});
}

const ContainerEntry* ContainerTable::find(uint32_t hierarchy, uint64_t id) const noexcept {
  const auto found = groups_.find({hierarchy, id});
  if (found == groups_.end()) return nullptr;
  found->second.asked = true;
  const ContainerEntry* container = found->second.container;
  return container != nullptr && container->is_known() ? container : nullptr;
}

const ContainerEntry* ContainerTable::find(std::string_view id) const noexcept {
  const auto found = containers_.find(id);
  return found != containers_.end() ? found->second.get() : nullptr;
}

const ContainerEntry* ContainerTable::find_first(std::string_view text,
                                                 bool by_name) const noexcept {
  const auto found = std::ranges::find_if(containers_, [&](const auto& each) {
    const ContainerEntry& entry = *each.second;
    return entry.is_known() && (by_name ? entry.names.name == text : entry.id.starts_with(text));
  });
  return found != containers_.end() ? found->second.get() : nullptr;
}

size_t ContainerTable::known() const noexcept {
  return static_cast<size_t>(std::ranges::count_if(
      containers_, [](const auto& entry) { return entry.second->is_known(); }));
}

ContainerEntry* ContainerTable::hold(const CgroupPlace& place, bool is_new) {
  const std::string_view id = place.id.empty() ? place.maybe_id : place.id;
  if (id.empty()) return nullptr;
  if (const auto found = containers_.find(id); found != containers_.end()) {
    return found->second.get();
  }
  auto made = std::make_unique<ContainerEntry>();
  made->id = id;
  made->runtime = place.runtime;
  made->maybe_namespace = place.id.empty() ? place.maybe_namespace : "";
  made->names.pod_uid = place.pod_uid;
  made->is_new = is_new;
  const std::string_view key = made->id;
  open_.push_back(made->id);
  any_new_ = true;
  return containers_.emplace(key, std::move(made)).first->second.get();
}

void ContainerTable::add(uint32_t hierarchy, uint64_t id, std::string_view path, bool is_new) {
  const Key key{hierarchy, id};
  if (groups_.contains(key)) return;
  make_room();
  ContainerEntry* container = hold(place_of(path), is_new);
  if (container != nullptr) ++container->groups;
  groups_.emplace(key, Group{container});
  order_.push_back(key);
}

void ContainerTable::make_room() {
  while (groups_.size() >= capacity_) {
    const Key key = order_.front();
    order_.pop_front();
    const auto group = groups_.find(key);
    if (group->second.asked) {
      group->second.asked = false;
      order_.push_back(key);
      continue;
    }
    ContainerEntry* container = group->second.container;
    groups_.erase(group);
    ++evicted_;
    if (container == nullptr || --container->groups > 0) continue;
    std::erase(open_, container->id);
    containers_.erase(containers_.find(container->id));
  }
}

void ContainerTable::note_start(uint32_t hierarchy, uint64_t id) noexcept {
  const auto found = groups_.find({hierarchy, id});
  if (found != groups_.end() && found->second.container != nullptr) {
    found->second.container->has_started = true;
  }
}

std::vector<const ContainerEntry*> ContainerTable::to_ask(int64_t now_ms, size_t most) {
  std::vector<const ContainerEntry*> out;
  for (const std::string& id : open_) {
    if (out.size() >= most) break;
    ContainerEntry& container = *containers_.find(id)->second;
    if (now_ms < container.ask_at_ms) continue;
    const int64_t wait = kFirstRetryMs << std::min<uint32_t>(container.asked, 16);
    container.ask_at_ms = now_ms + std::min(wait, kLastRetryMs);
    ++container.asked;
    out.push_back(&container);
  }
  return out;
}

void ContainerTable::answer(std::string_view id, ContainerNames names) {
  const auto entry = containers_.find(id);
  if (entry == containers_.end()) return;
  ContainerEntry& container = *entry->second;
  for (std::string* text : {&names.name, &names.image, &names.image_digest, &names.pod_name,
                            &names.pod_namespace, &names.pod_uid}) {
    limit(*text);
  }
  if (names.pod_uid.empty()) names.pod_uid = std::move(container.names.pod_uid);
  container.names = std::move(names);
  container.maybe_namespace.clear();
  container.answered = true;
  std::erase(open_, container.id);
}

}  // namespace tracee
