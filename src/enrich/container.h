// SPDX-License-Identifier: Apache-2.0
// The containers of the host, by their control groups. A group is known from the
// kernel side's news or from a walk over the file system at start; its path says
// which container it is, a runtime's answer later what that is called.
//
// Bounded: when full, the group that was not asked for longest goes, and its
// container with its last group. A container that has ended stays until then, so
// its last packets have its name. Finding one is for the packet path.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "enrich/cgroup_path.h"
#include "wire/wire.h"

namespace tracee {

// What a runtime says of a container.
struct ContainerNames {
  std::string name, image, image_digest;
  std::string pod_name, pod_namespace, pod_uid;
  bool pod_sandbox = false;
};

struct ContainerEntry {
  std::string id;
  Runtime runtime = Runtime::Unknown;  // by the path
  // Not empty: it may be a container of that namespace of containerd; nothing is
  // shown of it until containerd says so.
  std::string maybe_namespace;
  ContainerNames names;
  bool is_new = false;       // made since tracing began
  bool has_started = false;  // something was executed in it
  bool answered = false;
  uint32_t groups = 0;    // that are here
  uint32_t asked = 0;     // how often a runtime was
  int64_t ask_at_ms = 0;  // not before

  bool is_known() const noexcept { return maybe_namespace.empty(); }
};

class ContainerTable {
 public:
  static constexpr size_t kGroups = 16384;

  explicit ContainerTable(size_t capacity = kGroups) : capacity_(capacity) {}

  // `hierarchy` 0 is cgroup v2.
  void add(uint32_t hierarchy, uint64_t id, std::string_view path, bool is_new);

  // Null: no container, or a group that is not known. The pointer holds until add().
  const ContainerEntry* find(uint32_t hierarchy, uint64_t id) const noexcept;
  bool knows(uint32_t hierarchy, uint64_t id) const noexcept;
  const ContainerEntry* find(std::string_view id) const noexcept;
  // One whose id begins so, or that has this name. Walks the table.
  const ContainerEntry* find_first(std::string_view text, bool by_name) const noexcept;

  // Something was executed in the container of that group.
  void note_start(uint32_t hierarchy, uint64_t id) noexcept;

  // Containers that a runtime is to be asked about now; each is counted as asked, and
  // will be named again later unless answer() is given: after 0.2 s, 0.4 s, … 5 min.
  std::vector<const ContainerEntry*> to_ask(int64_t now_ms, size_t most);
  void answer(std::string_view id, ContainerNames names);
  // Whether add() has made a container since the last call.
  bool take_new() noexcept { return std::exchange(any_new_, false); }

  size_t groups() const noexcept { return groups_.size(); }
  size_t size() const noexcept { return containers_.size(); }
  size_t known() const noexcept;  // without those that only may be some
  uint64_t evicted() const noexcept { return evicted_; }

 private:
  struct Group {
    ContainerEntry* container;  // null: of the host
    mutable bool asked = false;
  };
  struct Key {
    uint32_t hierarchy;
    uint64_t id;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const noexcept {
      return (key.id ^ uint64_t{key.hierarchy} << 56) * 0x9e3779b97f4a7c15u;
    }
  };

  ContainerEntry* hold(const CgroupPlace& place, bool is_new);
  void make_room();

  size_t capacity_;
  std::unordered_map<Key, Group, Hash> groups_;
  std::deque<Key> order_;
  std::unordered_map<std::string_view, std::unique_ptr<ContainerEntry>> containers_;
  std::vector<std::string> open_;  // ids without an answer
  uint64_t evicted_ = 0;
  bool any_new_ = false;
};

// Tells `table` of the groups there are, in the v2 hierarchy and those of the v1
// controllers that the kernel side looks at. `limit`: no more of them than that.
void scan_cgroups(ContainerTable& table, size_t limit = ContainerTable::kGroups);

}  // namespace tracee
