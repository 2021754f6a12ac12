// SPDX-License-Identifier: Apache-2.0
#include "base/capabilities.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

#include <thread>

namespace tracee {
namespace {

uint64_t left_in_a_thread() {
  uint64_t left = ~uint64_t{0};
  std::thread([&left] {
    EXPECT_TRUE(drop_capabilities());
    left = effective_capabilities();
  }).join();
  return left;
}

TEST(Capabilities, AThreadKeepsWhatIsPlanned) {
  const uint64_t before = effective_capabilities();
  EXPECT_EQ(before, left_in_a_thread()) << "there is no plan yet";
  constexpr uint64_t kKill = uint64_t{1} << CAP_KILL;
  plan_capabilities(kKill);
  EXPECT_EQ(before & kKill, left_in_a_thread());
  plan_capabilities(0);
  EXPECT_EQ(0u, left_in_a_thread());
  EXPECT_EQ(before, effective_capabilities()) << "only the threads have given up theirs";
}

}  // namespace
}  // namespace tracee
