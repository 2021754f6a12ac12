// SPDX-License-Identifier: Apache-2.0
// Policy files: who is looked at, and which events, under a name that the events
// then carry. YAML or JSON, in two shapes: `kind: Policy` with `metadata` and
// `spec`, or plain with `type: policy`.
#pragma once

#include <string>
#include <vector>

#include "filter/event_flags.h"
#include "filter/scope.h"

namespace tracee {

constexpr size_t kMaxPolicies = 64;

struct Policy {
  std::string name;
  std::vector<RuleTerm> scope;
  std::vector<EventRule> rules;
};

// Reads files and, of folders, the .yaml, .yml and .json files in them. Errors
// are Exit::Usage, "FILE:LINE:COLUMN: what".
Result<std::vector<Policy>> read_policies(const std::vector<std::string>& paths,
                                          const Catalog& catalog, const ProcessTree* processes);

}  // namespace tracee
