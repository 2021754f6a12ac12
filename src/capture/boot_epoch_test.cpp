// SPDX-License-Identifier: Apache-2.0
#include "capture/boot_epoch.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tracee {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(BootEpoch, RunsAgreeOnTheStartOfAProcess) {
  const uint64_t boot = 77 * kSecond, real = 1'700'000'000 * kSecond + 123'456'000;
  const BootEpoch one({boot, real, 40}), other({boot + 5 * kSecond, real + 5 * kSecond + 60, 90});
  EXPECT_EQ(other.exact_ns(), one.exact_ns() + 60);
  EXPECT_EQ(other.rounded_ns(), one.rounded_ns());
  EXPECT_NEAR(static_cast<double>(one.rounded_ns() - (one.exact_ns() - 10'000)), 10'000, 5'000);
}

TEST(BootEpoch, MeasuresFarFinerThanItRounds) {
  const uint64_t first = BootEpoch().exact_ns();
  for (int i = 0; i < 100; ++i) {
    EXPECT_NEAR(static_cast<double>(BootEpoch().exact_ns() - (first - 10'000)), 10'000, 2'000);
  }
}

TEST(BootEpoch, FollowsAClockThatIsSet) {
  BootEpoch epoch;
  const BootEpoch::Reading before = BootEpoch::measure();
  const uint64_t exact = epoch.exact_ns();
  epoch.follow({before.boot_ns, before.real_ns + 3600 * kSecond, 40});
  EXPECT_NEAR(static_cast<double>(epoch.exact_ns() - exact), 3600.0 * kSecond, 100'000);
  EXPECT_NEAR(static_cast<double>(epoch.rounded_ns() - exact), 3600.0 * kSecond, 110'000);
  epoch.follow({before.boot_ns, before.real_ns - kSecond, 40});
  EXPECT_NEAR(static_cast<double>(exact - epoch.exact_ns()), 1.0 * kSecond, 100'000);
}

TEST(BootEpoch, KeepsStillWhenOnlyTheMeasureErrs) {
  BootEpoch epoch;
  const uint64_t exact = epoch.exact_ns();
  const BootEpoch::Reading now = BootEpoch::measure();
  epoch.follow({now.boot_ns, now.real_ns + 50'000, 40});
  // Who was interrupted between the two clocks cannot tell a step from that.
  epoch.follow({now.boot_ns, now.real_ns + 5 * kSecond, 6 * kSecond});
  EXPECT_EQ(epoch.exact_ns(), exact);
}

}  // namespace
}  // namespace tracee
