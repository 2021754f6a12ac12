// SPDX-License-Identifier: Apache-2.0
// Which processes and containers: `--scope KEY OP VALUES` for everything, and the
// keys of `EVENT.scope.KEY` for one event. Flags AND together; those on one key
// are one Condition.
//   uid pid (host pid or tid; also pid=new) mntns pidns uts comm
//   tree (descendants) exec|executable|bin|binary container follow
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filter/expression.h"
#include "filter/flags.h"
#include "filter/owner_tests.h"

namespace tracee {

// One `--scope` text, and what stands in front of its complaints.
struct ScopeText {
  std::string label, text;
};

// `processes` (null: there is none) must outlive the trees. Errors are
// Exit::Usage: "LABEL: invalid scope option: …".
Result<std::vector<RuleTerm>> read_scope(const std::vector<ScopeText>& texts,
                                         const ProcessTree* processes);

// All that can begin a --scope, and all that can follow EVENT.scope.
std::span<const std::string_view> scope_keys();
std::vector<std::string_view> event_scope_keys();

// A key of EVENT.scope. that takes values.
struct ScopeKey {
  Path path;
  bool in_container = false;  // implies that the task is in a container
};
std::optional<ScopeKey> event_scope_key(std::string_view key);
std::string event_scope_hint(std::string_view key);

// `container`, `host` and `container=started`; nothing: the key is not one of them.
std::optional<Result<Tree>> event_scope_question(std::string_view key, const FlagText& flag,
                                                 std::string_view label, std::string_view text);
Tree in_container();

}  // namespace tracee
