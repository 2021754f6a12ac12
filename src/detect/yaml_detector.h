// SPDX-License-Identifier: Apache-2.0
// A detector that is a YAML file: conditions in the language of filters, an output,
// and, where it asks for them, what it remembers (yaml_state.h).
#pragma once

#include <memory>

#include "detect/detector.h"
#include "detect/yaml_folder.h"

namespace tracee {

std::unique_ptr<Detector> make_yaml_detector(YamlRule rule, std::shared_ptr<const YamlLists> lists);

// The lists of its folder may be others from the next bind() on. `detector`: of the
// above.
void use_lists(Detector& detector, std::shared_ptr<const YamlLists> lists);

}  // namespace tracee
