// SPDX-License-Identifier: Apache-2.0
#include "base/octets.h"

#include <gtest/gtest.h>

#include <string>

namespace tracee {
namespace {

Octets odd(Octets c) noexcept { return (c < each(' ')) | (c == each('#')); }

TEST(Octets, CopiesUpToTheFirstOdd) {
  for (size_t size = 0; size <= 70; ++size) {
    for (size_t place = 0; place <= size; ++place) {  // at `size`: none is odd
      for (const char c : {'#', '\x01', '\x80', '\xff'}) {
        std::string text(size, 'x');
        if (place < size) text[place] = c;
        std::string copy(size, '\0');
        const size_t copied =
            copy_until(reinterpret_cast<const uint8_t*>(text.data()), size, copy.data(), odd,
                       [](uint8_t octet) { return octet < ' ' || octet >= 0x80 || octet == '#'; });
        ASSERT_EQ(copied, place) << size;
        ASSERT_EQ(copy.substr(0, place), text.substr(0, place));
      }
    }
  }
}

TEST(Octets, FindsTheFirstOddFromAnywhere) {
  for (size_t size = 0; size <= 50; ++size) {
    for (size_t place = 0; place <= size; ++place) {
      std::string text(size, 'x');
      if (place < size) text[place] = '#';
      for (size_t from = 0; from <= size; ++from) {
        ASSERT_EQ(find_octet(text, from, odd), from <= place ? place : size) << size << ' ' << from;
      }
    }
  }
}

TEST(Octets, MarksAndJoins) {
  for (int i = 0; i < 16; ++i) {
    Octets one = each('a');
    one[i] = 'b';
    EXPECT_EQ(marks(one == each('b')), 1u << i);
  }
  const Octets two = both(uint64_t{0x0706050403020100}, uint64_t{0x0f0e0d0c0b0a0908});
  for (int i = 0; i < 16; ++i) EXPECT_EQ(two[i], i);
  const Octets twice = both(uint32_t{0x03020100}, uint32_t{0x07060504});
  for (int i = 0; i < 16; ++i) EXPECT_EQ(twice[i], i % 8);
}

TEST(Octets, None) {
  EXPECT_TRUE(none(each('a') == each('b')));
  for (int i = 0; i < 16; ++i) {
    Octets one = each('a');
    one[i] = 'b';
    EXPECT_FALSE(none(one == each('b'))) << i;
  }
}

}  // namespace
}  // namespace tracee
