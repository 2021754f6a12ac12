// SPDX-License-Identifier: Apache-2.0
// The kinds of network sinks: the one list. A kind that this build was made
// without is in it, and says so.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "output/sink/network.h"

namespace tracee {

struct SinkKind {
  std::string_view name;  // before the colon of --output
  std::string_view form;  // how a place looks, for messages
  // Null: not in this build. Reads its options and calls settings.finish(); what it
  // gives has been started. Errors are Exit::Usage for what the user wrote.
  Result<std::unique_ptr<Sink>> (*open)(const std::string& place, Settings& settings,
                                        const SinkWorld& world);
  std::string_view option;  // CMake's, that makes it part of a build
};

std::span<const SinkKind> sink_kinds();

}  // namespace tracee
