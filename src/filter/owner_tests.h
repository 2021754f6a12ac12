// SPDX-License-Identifier: Apache-2.0
// The questions about owners that need the process tree.
#pragma once

#include <memory>
#include <vector>

#include "filter/process_tree.h"
#include "filter/program.h"

namespace tracee {

// Descendants (themselves included) of processes: the nearest ancestor that is
// listed decides, so `tree=A` with `tree!=B` cuts B's subtree out of A's. With
// exclusions only, what no list names is kept.
std::shared_ptr<const OwnerTest> descends_test(const ProcessTree& processes,
                                               std::vector<uint32_t> roots,
                                               std::vector<uint32_t> cut);
std::shared_ptr<const OwnerTest> new_process_test(const ProcessTree& processes);
std::shared_ptr<const OwnerTest> new_container_test(const ProcessTree& processes);
// The owner, or one of its ancestors, is kept by `scope`.
std::shared_ptr<const OwnerTest> follow_test(const ProcessTree& processes, Program scope);

Tree owner_tree(std::shared_ptr<const OwnerTest> test);

}  // namespace tracee
