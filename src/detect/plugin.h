// SPDX-License-Identifier: Apache-2.0
// Detectors in shared objects. A plugin stays loaded until the process ends: what
// it has handed out may be looked at until then.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/api_event.h"
#include "detect/detector.h"

namespace tracee {

// The detectors of one file. Errors: it cannot be loaded, is no plugin, or one of
// another ABI; Exit::Usage, "PATH: what".
Result<std::vector<std::unique_ptr<Detector>>> load_plugin(const std::string& path,
                                                           ApiEvents& events);

// A detector of the public interface as one of the engine's. `events` turns
// events into the public form and must outlive it. Errors: definition() threw.
Result<std::unique_ptr<Detector>> adapt(std::unique_ptr<detection::EventDetector> detector,
                                        const std::string& place, ApiEvents& events);

}  // namespace tracee
