// SPDX-License-Identifier: Apache-2.0
#include "enrich/entity.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

TEST(Murmur3, KnownVectors) {
  constexpr uint32_t kSeed = 0x18273645;
  const uint8_t zeros[12] = {};
  const uint8_t one[] = {0x42};
  EXPECT_EQ(murmur3_32({}, kSeed), 0xac1e97d9u);
  EXPECT_EQ(murmur3_32(one, kSeed), 0xd03e2e67u);
  EXPECT_EQ(murmur3_32(as_bytes("hello"), kSeed), 0x6fcfe226u);
  EXPECT_EQ(murmur3_32(zeros, kSeed), 0xf6c56b4au);
}

TEST(EntityId, TheReferenceDocumentsFive) {
  EXPECT_EQ(entity_id(1, 180'000'000), 1975426032u);
  EXPECT_EQ(entity_id(472, 5'520'000'000), 131662446u);
  EXPECT_EQ(entity_id(1729, 79'640'000'000), 3069802613u);
  EXPECT_EQ(entity_id(1014858, 590'814'880'000'000), 3999221038u);
  EXPECT_EQ(entity_id(1014989, 590'862'200'000'000), 3489249124u);
}

TEST(EntityId, StartCountsInTicksOfTenMilliseconds) {
  EXPECT_EQ(entity_id(1, 180'000'000), entity_id(1, 189'999'999));
  EXPECT_NE(entity_id(1, 180'000'000), entity_id(1, 190'000'000));
}

TEST(EntityId, NobodyIsZero) { EXPECT_EQ(entity_id(0, 180'000'000), 0u); }

}  // namespace
}  // namespace tracee
