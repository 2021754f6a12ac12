// SPDX-License-Identifier: Apache-2.0
// Events between the worker and the thread of one sink: a fixed number of blocks,
// made once. The worker copies whole events into the last block that waits, so a
// slow trickle fills blocks as well as a flood does. What happens when all of them
// are full is the user's choice, and counted to the event.
//
// Lock: held by the worker while it copies (64 KiB or so), by the sink only while
// it takes or gives back a block; never per event, and the worker never waits for
// the network unless `block` was asked for.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/fd.h"
#include "output/batch.h"

namespace tracee {

// Enough for what a message system takes as one message; larger events are dropped.
inline constexpr size_t kBlockBytes = 1024 * 1024;

class Block {
 public:
  Block();
  Batch batch() const noexcept { return {{bytes_.get(), used_}, {marks_.get(), count_}}; }
  size_t events() const noexcept { return count_; }
  size_t bytes() const noexcept { return used_; }
  void clear() noexcept { used_ = count_ = 0; }
  bool has_room(size_t bytes) const noexcept {
    return kBlockBytes - used_ >= bytes && count_ < kMarks;
  }
  // Appends event `i`, for which there must be room.
  void add(const Batch& from, size_t i) noexcept;

 private:
  static constexpr size_t kMarks = 8192;
  std::unique_ptr<char[]> bytes_;
  std::unique_ptr<Mark[]> marks_;
  size_t used_ = 0, count_ = 0;
};

enum class WhenFull : uint8_t { Block, DropNewest, DropOldest };

class BlockQueue {
 public:
  BlockQueue(size_t limit_bytes, WhenFull when_full);

  // The worker. Returns how many events were dropped, new or old ones. With Block
  // it asks `go_on` now and then, and drops what is left when that says no.
  template <class GoOn>
  uint64_t push(const Batch& batch, GoOn go_on) noexcept;
  // No push() follows.
  void close() noexcept;

  // The sink. The oldest block, which is the sink's until it gives it back; null:
  // nothing waits. ready_fd() is readable while something does, or after close().
  Block* pop() noexcept;
  void give_back(Block* block) noexcept;
  int ready_fd() const noexcept { return ready_.get(); }
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  // What waits or is on its way.
  uint64_t events() const noexcept { return events_.load(std::memory_order_relaxed); }
  uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  uint64_t limit_bytes() const noexcept { return blocks_.size() * kBlockBytes; }
  bool full() const noexcept;

 private:
  Block* block_with_room(const Batch& batch, size_t i, uint64_t& dropped) noexcept;
  Block* take_front() noexcept;
  void account(int64_t events, int64_t bytes) noexcept;
  void wake() noexcept;

  const WhenFull when_full_;
  Fd ready_;
  mutable std::mutex lock_;
  std::condition_variable room_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Block*> free_;     // a stack: few blocks are touched while few are needed
  std::vector<Block*> waiting_;  // a ring of blocks_.size() places
  size_t first_ = 0, waiting_count_ = 0;
  std::atomic<uint64_t> events_ = 0, bytes_ = 0;
  std::atomic<bool> closed_ = false;
};

template <class GoOn>
uint64_t BlockQueue::push(const Batch& batch, GoOn go_on) noexcept {
  using namespace std::chrono_literals;
  uint64_t dropped = 0;
  std::unique_lock lock(lock_);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch.marks[i].end - batch.begin_of(i) > kBlockBytes) {
      ++dropped;
      continue;
    }
    Block* block = block_with_room(batch, i, dropped);
    while (block == nullptr && when_full_ == WhenFull::Block && go_on()) {
      wake();
      room_.wait_for(lock, 50ms);
      block = block_with_room(batch, i, dropped);
    }
    if (block == nullptr) {
      ++dropped;
      continue;
    }
    const size_t before = block->bytes();
    block->add(batch, i);
    account(1, static_cast<int64_t>(block->bytes() - before));
  }
  if (waiting_count_ > 0) wake();
  return dropped;
}

}  // namespace tracee
