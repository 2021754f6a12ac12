// SPDX-License-Identifier: Apache-2.0
#include "capture/boot_epoch.h"

#include <limits>

#include "base/clock.h"

namespace tracee {
namespace {

constexpr uint64_t kRoundNs = 10'000;
// Less than this is an error of measuring.
constexpr uint64_t kStepNs = 100'000;

}  // namespace

BootEpoch::Reading BootEpoch::measure() noexcept {
  Reading best{.width_ns = std::numeric_limits<uint64_t>::max()};
  for (int i = 0; i < 16; ++i) {
    const uint64_t before = clock_ns(CLOCK_BOOTTIME);
    const uint64_t real = clock_ns(CLOCK_REALTIME);
    const uint64_t width = clock_ns(CLOCK_BOOTTIME) - before;
    if (width >= best.width_ns) continue;
    best = {.boot_ns = before + width / 2, .real_ns = real, .width_ns = width};
  }
  return best;
}

void BootEpoch::follow(Reading now) noexcept {
  const uint64_t epoch = now.real_ns - now.boot_ns;
  const uint64_t moved = epoch > exact_ ? epoch - exact_ : exact_ - epoch;
  if (moved > kStepNs + now.width_ns) set(now);
}

void BootEpoch::set(Reading reading) noexcept {
  exact_ = reading.real_ns - reading.boot_ns;
  rounded_ = (exact_ + kRoundNs / 2) / kRoundNs * kRoundNs;
}

}  // namespace tracee
