// SPDX-License-Identifier: Apache-2.0
// The verbs that show what there is: `list`, `explain`, and what is asked: `filter`.
#pragma once

#include <string>

#include "base/result.h"
#include "detect/engine.h"
#include "event/catalog.h"
#include "filter/selection.h"

namespace tracee {

// Each rule's terms and where each is decided.
std::string explain_filters(const Selection& selection, const std::string& pcap_filter);

std::string list_events(const Catalog& catalog);
Result<std::string> explain_event(const Catalog& catalog, const std::string& name);

// The detectors of `tracee detectors list`.
std::string list_detectors(const Engine& engine);

}  // namespace tracee
