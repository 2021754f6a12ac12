// SPDX-License-Identifier: Apache-2.0
// When a file is set aside and a new one of its name begun, and what becomes of those
// that were: rotate-size=, rotate-time=, keep= and compress= of an output.
#pragma once

#include <chrono>
#include <cstdint>

#include "output/settings.h"
#include "output/sink/keeper.h"

namespace tracee {

struct Rotation {
  uint64_t bytes = 0;                 // 0: not by size
  std::chrono::milliseconds time{0};  // 0: not by time
  FileKeeper::Rules rules;

  bool rotates() const noexcept { return bytes > 0 || time.count() > 0; }
};

// Complains to `settings` of what is wrong.
Rotation read_rotation(Settings& settings);

}  // namespace tracee
