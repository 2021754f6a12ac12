// SPDX-License-Identifier: Apache-2.0
// From what is written to what it means for each kind of event: names become
// paths of the event tables, literals become values of the field's kind.
//
// A comparison with a field that one kind of event lacks is false there; one
// that no kind has, or that makes no sense in any, is an error.
#pragma once

#include <vector>

#include "event/catalog.h"
#include "filter/outer.h"
#include "filter/syntax.h"
#include "filter/tree.h"

namespace tracee {

// One tree per event, in the order of `events`. `outer` must outlive the trees and
// their programs. `catalog` knows the names of
// all events, for event.name.
Checked<std::vector<Tree>> check_expression(const Node& node,
                                            std::span<const EventSpec* const> events,
                                            const Catalog& catalog, Outer* outer = nullptr);

}  // namespace tracee
