// SPDX-License-Identifier: Apache-2.0
#include "base/digits.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace tracee {
namespace {

std::string digits(uint64_t number) {
  char out[kMaxDigits];
  return {out, put_digits(out, number)};
}

std::string signed_digits(int64_t number) {
  char out[kMaxDigits];
  return {out, put_signed_digits(out, number)};
}

TEST(Digits, EachLengthAndItsNeighbours) {
  uint64_t power = 1;
  for (int length = 1; length <= 20; ++length, power *= 10) {
    for (const uint64_t near : {power - 1, power, power + 1, power + power / 2, power * 3}) {
      EXPECT_EQ(digits(near), std::to_string(near));
    }
  }
  EXPECT_EQ(digits(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
}

TEST(Digits, AllSmallOnes) {
  for (uint64_t number = 0; number < 70'000; ++number) {
    ASSERT_EQ(digits(number), std::to_string(number));
  }
}

TEST(Digits, Negative) {
  EXPECT_EQ(signed_digits(0), "0");
  EXPECT_EQ(signed_digits(-1), "-1");
  EXPECT_EQ(signed_digits(4711), "4711");
  EXPECT_EQ(signed_digits(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
}

}  // namespace
}  // namespace tracee
