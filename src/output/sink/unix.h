// SPDX-License-Identifier: Apache-2.0
// A stream socket that any number of local readers may connect to; each gets every
// event from then on, one a line. Promises:
//   - A reader that does not keep up loses events for itself only, whole ones, and
//     counted; it is never cut off for it.
//   - While nobody is connected the output takes no events, and costs nothing.
// An event is written when at least one reader's buffer took it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "output/settings.h"
#include "output/sink/network.h"

namespace tracee {

Result<std::unique_ptr<Sink>> open_unix_sink(const std::string& path, Settings& settings,
                                             const SinkWorld& world);

}  // namespace tracee
