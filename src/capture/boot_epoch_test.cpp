// SPDX-License-Identifier: Apache-2.0
#include "capture/boot_epoch.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tracee {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(BootEpoch, RunsAgreeOnTheStartOfAProcess) {
  const BootEpoch first;
  const auto edge = static_cast<int64_t>((first.exact_ns() + 5'000) % 10'000);
  if (edge < 500 || edge > 9'500) GTEST_SKIP() << "this boot was at an edge of the rounding";
  for (int i = 0; i < 100; ++i) EXPECT_EQ(BootEpoch().rounded_ns(), first.rounded_ns());
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
