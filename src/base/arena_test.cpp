// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

TEST(Arena, HandsOutAlignedRoomAndTakesItBackWhole) {
  Arena arena(64);
  EXPECT_EQ(arena.take<char>(1).size(), 1u);
  const auto numbers = arena.take<uint64_t>(2);
  ASSERT_EQ(numbers.size(), 2u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(numbers.data()) % alignof(uint64_t), 0u);
  EXPECT_EQ(arena.used_bytes(), 24u);
  arena.reset();
  EXPECT_EQ(arena.used_bytes(), 0u);
}

TEST(Arena, FullAnswersEmptyAndStaysUsable) {
  Arena arena(16);
  EXPECT_TRUE(arena.take<char>(17).empty());
  EXPECT_TRUE(arena.take<uint64_t>(SIZE_MAX / 8).empty());
  EXPECT_EQ(arena.take<char>(16).size(), 16u);
  EXPECT_EQ(arena.make(uint64_t{1}), nullptr);
}

TEST(Arena, ShrinkGivesTheTailBack) {
  Arena arena(16);
  const auto room = arena.take<char>(16);
  arena.shrink(room, 4);
  EXPECT_EQ(arena.used_bytes(), 4u);
  EXPECT_EQ(arena.take<char>(12).data(), room.data() + 4);
}

}  // namespace
}  // namespace tracee
