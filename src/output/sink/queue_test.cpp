// SPDX-License-Identifier: Apache-2.0
#include "output/sink/queue.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <string>
#include <thread>

#include "output/sink/keeper.h"

namespace tracee {
namespace {

// Events of these bodies, each with the header "h".
struct Events {
  std::string bytes;
  std::vector<Mark> marks;

  explicit Events(const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) {
      bytes += "h";
      const auto at = static_cast<uint32_t>(bytes.size());
      bytes += body;
      marks.push_back({at, static_cast<uint32_t>(bytes.size())});
    }
  }
  Batch batch() const { return {bytes, marks}; }
};

const auto kNever = [] { return false; };

// Takes all that waits.
std::vector<std::string> drained(BlockQueue& queue) {
  std::vector<std::string> out;
  while (Block* block = queue.pop()) {
    const Batch batch = block->batch();
    for (size_t i = 0; i < batch.size(); ++i) {
      EXPECT_EQ(batch.header(i), "h");
      out.emplace_back(batch.body(i));
    }
    queue.give_back(block);
  }
  return out;
}

bool ready(const BlockQueue& queue) {
  pollfd fd{queue.ready_fd(), POLLIN, 0};
  return poll(&fd, 1, 0) == 1;
}

TEST(BlockQueue, KeepsOrderAndHeaders) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::DropNewest);
  EXPECT_FALSE(ready(queue));
  EXPECT_EQ(queue.push(Events({"a", "bb"}).batch(), kNever), 0u);
  EXPECT_EQ(queue.push(Events({"", "c"}).batch(), kNever), 0u);
  EXPECT_TRUE(ready(queue));
  EXPECT_EQ(queue.events(), 4u);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"a", "bb", "", "c"}));
  EXPECT_EQ(queue.events(), 0u);
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_FALSE(ready(queue));
}

// Small batches share a block: a trickle does not use up the queue.
TEST(BlockQueue, ATrickleFillsBlocks) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::DropNewest);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(queue.push(Events({"x"}).batch(), kNever), 0u);
  EXPECT_FALSE(queue.full());
  EXPECT_EQ(drained(queue).size(), 5000u);
}

const std::string kThird(kBlockBytes / 3, 'x');  // two and their headers fill a block

TEST(BlockQueue, DropsTheNewest) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::DropNewest);
  EXPECT_EQ(
      queue.push(Events({"1" + kThird, "2" + kThird, "3" + kThird, "4" + kThird}).batch(), kNever),
      0u);
  EXPECT_EQ(queue.push(Events({"5" + kThird, "6"}).batch(), kNever), 1u);
  EXPECT_TRUE(queue.full());
  std::string first;
  for (const std::string& body : drained(queue)) first += body[0];
  EXPECT_EQ(first, "12346");
}

TEST(BlockQueue, DropsTheOldest) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::DropOldest);
  const Events four({"1" + kThird, "2" + kThird, "3" + kThird, "4" + kThird});
  EXPECT_EQ(queue.push(four.batch(), kNever), 0u);
  EXPECT_EQ(queue.push(Events({"5" + kThird}).batch(), kNever), 2u);
  std::string first;
  for (const std::string& body : drained(queue)) first += body[0];
  EXPECT_EQ(first, "345");
}

// The block that is being sent is not the queue's to drop.
TEST(BlockQueue, WhatIsBeingSentStays) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::DropOldest);
  queue.push(Events({"1" + kThird, "2" + kThird}).batch(), kNever);
  Block* sent = queue.pop();
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(queue.push(Events({"3" + kThird, "4" + kThird, "5" + kThird}).batch(), kNever), 2u);
  EXPECT_EQ(sent->batch().body(0)[0], '1');
  queue.give_back(sent);
  std::string first;
  for (const std::string& body : drained(queue)) first += body[0];
  EXPECT_EQ(first, "5");
}

TEST(BlockQueue, AnEventLargerThanABlockIsDropped) {
  for (const WhenFull when : {WhenFull::Block, WhenFull::DropNewest, WhenFull::DropOldest}) {
    BlockQueue queue(2 * kBlockBytes, when);
    EXPECT_EQ(queue.push(Events({"a", std::string(kBlockBytes, 'x'), "b"}).batch(), kNever), 1u);
    EXPECT_EQ(drained(queue), (std::vector<std::string>{"a", "b"}));
  }
}

TEST(BlockQueue, BlockWaitsForTheSink) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::Block);
  const size_t many = 200;
  std::thread sink([&queue, many] {
    size_t got = 0;
    while (got < many) got += drained(queue).size();
    EXPECT_EQ(got, many);
  });
  for (size_t i = 0; i < many; ++i) {
    EXPECT_EQ(queue.push(Events({kThird}).batch(), [] { return true; }), 0u);
  }
  sink.join();
}

TEST(BlockQueue, BlockGivesUpWhenTold) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::Block);
  queue.push(Events({kThird, kThird, kThird, kThird}).batch(), kNever);
  int asked = 0;
  EXPECT_EQ(queue.push(Events({kThird, "small"}).batch(), [&asked] { return ++asked < 3; }), 1u);
  EXPECT_EQ(asked, 3);
}

TEST(BlockQueue, CloseIsNews) {
  BlockQueue queue(2 * kBlockBytes, WhenFull::DropNewest);
  queue.close();
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_TRUE(ready(queue));
  EXPECT_TRUE(queue.closed());
}

TEST(FileKeeper, NamesSortByTime) {
  EXPECT_EQ(FileKeeper::name_at("/a/b.json", 1'767'323'045'000'007),
            "/a/b.json.20260102T030405.000007Z");
  EXPECT_LT(FileKeeper::name_at("x", 999'999), FileKeeper::name_at("x", 1'000'000));
}

}  // namespace
}  // namespace tracee
