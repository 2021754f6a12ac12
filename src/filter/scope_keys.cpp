// SPDX-License-Identifier: Apache-2.0
// The keys of EVENT.scope.
#include <algorithm>

#include "event/catalog.h"
#include "filter/names.h"
#include "filter/scope.h"

namespace tracee {
namespace {

struct KeyName {
  std::string_view key, group, name;
  bool in_container = false;
};
constexpr KeyName kKeys[] = {
    {"timestamp", "event", "timestamp"},
    {"processorId", "event", "processorId"},
    {"p", "process", "pid"},
    {"pid", "process", "pid"},
    {"processId", "process", "pid"},
    {"tid", "process", "tid"},
    {"threadId", "process", "tid"},
    {"ppid", "process", "ppid"},
    {"parentProcessId", "process", "ppid"},
    {"hostPid", "process", "hostPid"},
    {"hostProcessId", "process", "hostPid"},
    {"hostTid", "process", "hostTid"},
    {"hostThreadId", "process", "hostTid"},
    // The reference takes this for the host pid; the name says the parent's.
    {"hostParentProcessId", "process", "hostPpid"},
    {"uid", "process", "uid"},
    {"userId", "process", "uid"},
    {"mntns", "process", "mntns"},
    {"mountNamespace", "process", "mntns"},
    {"pidns", "process", "pidns"},
    {"pidNamespace", "process", "pidns"},
    {"cgroupId", "process", "cgroupId"},
    {"processName", "process", "name"},
    {"comm", "process", "name"},
    {"hostName", "process", "hostName"},
    {"syscall", "", "syscall"},
    {"containerId", "container", "id", true},
    {"containerImage", "container", "image", true},
    {"containerImageDigest", "container", "imageDigest", true},
    {"containerName", "container", "name", true},
    {"podName", "kubernetes", "podName", true},
    {"podNamespace", "kubernetes", "podNamespace", true},
    {"podUid", "kubernetes", "podUid", true},
    {"podSandbox", "kubernetes", "podSandbox", true},
};

Tree is_true(Path path) {
  ValueSet set(path.kind, 1);
  [[maybe_unused]] const auto added = set.add_flag(true);
  return is_in(term_of(std::move(path)), std::move(set));
}

}  // namespace

std::optional<ScopeKey> event_scope_key(std::string_view key) {
  const auto* found = std::ranges::find(kKeys, key, &KeyName::key);
  if (found == std::end(kKeys)) return std::nullopt;
  return ScopeKey{context_path(found->group, found->name), found->in_container};
}

std::vector<std::string_view> event_scope_keys() {
  std::vector<std::string_view> names = {"container", "host"};
  for (const KeyName& known : kKeys) names.push_back(known.key);
  return names;
}

std::string event_scope_hint(std::string_view key) {
  const std::vector<std::string_view> names = event_scope_keys();
  std::string near = did_you_mean(key, names);
  if (!near.empty()) return near;
  std::string out = "keys:";
  for (const auto name : names) out += " " + std::string(name);
  return out;
}

Tree in_container() {
  ValueSet none(Kind::Text, 0);
  [[maybe_unused]] const auto added = none.add_text("");
  return negated(is_in(term_of(context_path("container", "id")), std::move(none)));
}

std::optional<Result<Tree>> event_scope_question(std::string_view key, const FlagText& flag,
                                                 std::string_view label, std::string_view text) {
  if (key != "container" && key != "host") return std::nullopt;
  if (flag.symbol.empty() && flag.values.empty()) {
    return key == "container" ? in_container() : negated(in_container());
  }
  if (key == "container" && flag.symbol == "=" && flag.values == "started") {
    return both(in_container(), is_true(context_path("container", "started")));
  }
  return Result<Tree>(invalid(label, "invalid expression", text,
                              "write scope.container, scope.container=started or scope.host"));
}

}  // namespace tracee
