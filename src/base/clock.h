// SPDX-License-Identifier: Apache-2.0
// The system's clocks (clock_gettime(2)) as one number.
#pragma once

#include <cstdint>
#include <ctime>

namespace tracee {

// Nanoseconds. For CLOCK_REALTIME since the epoch, for CLOCK_BOOTTIME since boot.
inline uint64_t clock_ns(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Milliseconds.
inline int64_t clock_ms(clockid_t clock) noexcept {
  return static_cast<int64_t>(clock_ns(clock) / 1'000'000);
}

}  // namespace tracee
