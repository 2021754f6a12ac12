// SPDX-License-Identifier: Apache-2.0
#include "output/sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace tracee {
namespace {

constexpr size_t kBytes = 1024 * 1024;

struct Waiting {
  explicit Waiting(size_t events) : sorter(events, kBytes) {}

  void add(uint64_t time_ns, std::string_view body, std::string_view header = "") {
    buffer.put(header);
    const auto at = static_cast<uint32_t>(buffer.size());
    buffer.put(body);
    marks.push_back({at, static_cast<uint32_t>(buffer.size())});
    sorter.add(time_ns);
  }
  std::string take(uint64_t until_ns) {
    const Batch batch = sorter.take(buffer, marks, until_ns);
    std::string out;
    for (size_t i = 0; i < batch.size(); ++i) {
      out += "[" + std::string(batch.header(i)) + "]" + std::string(batch.body(i));
    }
    return out;
  }

  Buffer buffer{kBytes};
  std::vector<Mark> marks;
  Sorter sorter;
};

TEST(Sorter, ByTimeAndThenAsTheyCame) {
  Waiting waiting(100);
  waiting.add(30, "c", "x");
  waiting.add(10, "first");
  waiting.add(20, "b1", "yy");
  waiting.add(20, "b2");
  EXPECT_EQ(waiting.take(9), "");
  EXPECT_EQ(waiting.take(20), "[]first[yy]b1[]b2");
  waiting.add(25, "between");
  EXPECT_EQ(waiting.take(100), "[]between[x]c");
  EXPECT_EQ(waiting.take(100), "");
  EXPECT_EQ(waiting.buffer.size(), 0u);
}

TEST(Sorter, ThePastIsWhatIsOlderThanTheDelay) {
  Waiting waiting(100);
  waiting.add(5 * Sorter::kDelayNs, "a");
  EXPECT_EQ(waiting.sorter.settled(0), 4 * Sorter::kDelayNs);
  EXPECT_EQ(waiting.sorter.settled(9 * Sorter::kDelayNs), 8 * Sorter::kDelayNs);
  EXPECT_EQ(Sorter(1, kBytes).settled(3), 0u);
}

TEST(Sorter, WithoutRoomTheOlderHalfGoes) {
  Waiting waiting(4);
  for (const uint64_t time : {40u, 10u, 30u, 20u}) waiting.add(time, std::to_string(time));
  EXPECT_TRUE(waiting.sorter.full(waiting.buffer));
  EXPECT_EQ(waiting.take(0), "[]10[]20");
  EXPECT_FALSE(waiting.sorter.full(waiting.buffer));
  EXPECT_EQ(waiting.take(100), "[]30[]40");
}

// Any order within the delay comes out in order, nothing is lost or made up.
TEST(Sorter, RandomOrders) {
  std::minstd_rand chance(1);
  Waiting waiting(1000);
  std::string got, wanted;
  std::vector<uint64_t> times;
  for (uint64_t i = 0; i < 900; ++i) times.push_back(i * Sorter::kDelayNs / 20);
  for (size_t i = 0; i + 10 <= times.size(); i += 10) {
    std::shuffle(times.begin() + static_cast<ptrdiff_t>(i),
                 times.begin() + static_cast<ptrdiff_t>(i) + 10, chance);
  }
  for (size_t i = 0; i < times.size(); ++i) {
    waiting.add(times[i], std::to_string(times[i]), std::string(i % 3, 'h'));
    if (i % 7 == 0) got += waiting.take(waiting.sorter.settled(0));
  }
  got += waiting.take(UINT64_MAX);
  std::erase(got, 'h');
  std::ranges::sort(times);
  for (const uint64_t time : times) wanted += "[]" + std::to_string(time);
  EXPECT_EQ(got, wanted);
}

}  // namespace
}  // namespace tracee
