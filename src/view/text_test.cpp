// SPDX-License-Identifier: Apache-2.0
#include "view/text.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

TEST(ViewText, NumbersKeepThreeDigits) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(999), "999");
  EXPECT_EQ(short_number(1000), "1.00k");
  EXPECT_EQ(short_number(12'345), "12.3k");
  EXPECT_EQ(short_number(999'499), "999k");
  EXPECT_EQ(short_number(999'500), "1.00M");
  EXPECT_EQ(short_bytes(4'560'000), "4.56 MB");
  EXPECT_EQ(short_rate(125'000), "1.00 Mbit/s");
  EXPECT_EQ(short_number(UINT64_MAX), "18.4E");
}

TEST(ViewText, CutsAtColumnsNotBytes) {
  EXPECT_EQ(cut_text("abc", 3), "abc");
  EXPECT_EQ(cut_text("abcd", 3), "ab…");
  EXPECT_EQ(cut_text("ä–…x", 4), "ä–…x");
  EXPECT_EQ(cut_text("ä–…xy", 3), "ä–…");
  EXPECT_EQ(cut_text("abc", 1), "…");
  EXPECT_EQ(cut_text("abc", 0), "");
  EXPECT_EQ(columns_of_text("ä–…x"), 4u);
}

TEST(ViewText, WhatAPacketCarriesCannotMoveTheCursor) {
  EXPECT_EQ(printable("a\x1b[2Jb\n\x7f"), "a?[2Jb??");
  EXPECT_EQ(printable("\xe6\xbc\xa2"), "???");
}

}  // namespace
}  // namespace tracee
