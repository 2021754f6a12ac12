// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace tracee {
namespace {

size_t length_of(std::initializer_list<uint8_t> bytes) {
  const std::vector<uint8_t> copy(bytes);
  return utf8_sequence(copy.data(), copy.size());
}

TEST(Utf8, WellFormed) {
  EXPECT_EQ(length_of({0xc3, 0xa9}), 2u);
  EXPECT_EQ(length_of({0xe2, 0x82, 0xac}), 3u);
  EXPECT_EQ(length_of({0xf0, 0x9f, 0x98, 0x80}), 4u);
  EXPECT_EQ(length_of({0xf4, 0x8f, 0xbf, 0xbf}), 4u);
}

TEST(Utf8, IllFormed) {
  EXPECT_EQ(length_of({0x80}), 0u);                    // stray continuation
  EXPECT_EQ(length_of({0xc0, 0x80}), 0u);              // overlong
  EXPECT_EQ(length_of({0xe0, 0x9f, 0xbf}), 0u);        // overlong
  EXPECT_EQ(length_of({0xed, 0xa0, 0x80}), 0u);        // surrogate
  EXPECT_EQ(length_of({0xf4, 0x90, 0x80, 0x80}), 0u);  // above U+10FFFF
  EXPECT_EQ(length_of({0xe2, 0x82}), 0u);              // cut
  EXPECT_EQ(length_of({0xc3, 0x28}), 0u);              // no continuation
  EXPECT_EQ(length_of({0xff}), 0u);
}

}  // namespace
}  // namespace tracee
