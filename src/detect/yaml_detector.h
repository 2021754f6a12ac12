// SPDX-License-Identifier: Apache-2.0
// A detector that is a YAML file: conditions in the language of filters, an output,
// and, where it asks for them, what it remembers: a threshold, a sequence, a pause.
// What it remembers is bounded; the keys longest without an event go first.
#pragma once

#include <memory>

#include "detect/detector.h"
#include "detect/yaml_rule.h"

namespace tracee {

std::unique_ptr<Detector> make_yaml_detector(YamlRule rule,
                                             std::shared_ptr<const StringLists> lists);

}  // namespace tracee
