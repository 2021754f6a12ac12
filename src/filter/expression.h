// SPDX-License-Identifier: Apache-2.0
// One expression of the language, checked against the events it may meet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/catalog.h"
#include "filter/tree.h"

namespace tracee {

// A part of a rule that its other parts are ANDed with.
struct RuleTerm {
  std::string text;  // as the user wrote it
  Tree tree;
};

// The terms of `source` for each of `events`, in their order; an expression
// without && is one term. `label` says where the text stands ("--filter",
// "FILE:3:7"). Errors are Exit::Usage: "LABEL: column 17: …", with a caret.
Result<std::vector<std::vector<RuleTerm>>> read_expression(std::string_view label,
                                                           std::string_view source,
                                                           std::span<const EventSpec* const> events,
                                                           const Catalog& catalog);

}  // namespace tracee
