// SPDX-License-Identifier: Apache-2.0
#include "output/sink/queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace tracee {

Block::Block()
    : bytes_(std::make_unique_for_overwrite<char[]>(kBlockBytes)),
      marks_(std::make_unique_for_overwrite<Mark[]>(kMarks)) {}

void Block::add(const Batch& from, size_t i) noexcept {
  const size_t begin = from.begin_of(i);
  const size_t size = from.marks[i].end - begin;
  std::memcpy(bytes_.get() + used_, from.bytes.data() + begin, size);
  const auto body = static_cast<uint32_t>(used_ + from.marks[i].body - begin);
  used_ += size;
  marks_[count_++] = {body, static_cast<uint32_t>(used_)};
}

BlockQueue::BlockQueue(size_t limit_bytes, WhenFull when_full)
    : when_full_(when_full), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // One is filled while another is sent.
  const size_t count = std::max<size_t>(limit_bytes / kBlockBytes, 2);
  for (size_t i = 0; i < count; ++i) {
    blocks_.push_back(std::make_unique<Block>());
    free_.push_back(blocks_.back().get());
  }
  waiting_.resize(count);
}

Block* BlockQueue::take_front() noexcept {
  Block* block = waiting_[first_];
  first_ = (first_ + 1) % waiting_.size();
  --waiting_count_;
  return block;
}

// The last block that waits, if the event fits, else a fresh one.
Block* BlockQueue::block_with_room(const Batch& batch, size_t i, uint64_t& dropped) noexcept {
  const size_t size = batch.marks[i].end - batch.begin_of(i);
  if (waiting_count_ > 0) {
    Block* last = waiting_[(first_ + waiting_count_ - 1) % waiting_.size()];
    if (last->has_room(size)) return last;
  }
  if (free_.empty() && when_full_ == WhenFull::DropOldest && waiting_count_ > 0) {
    Block* oldest = take_front();
    dropped += oldest->events();
    account(-static_cast<int64_t>(oldest->events()), -static_cast<int64_t>(oldest->bytes()));
    oldest->clear();
    free_.push_back(oldest);
  }
  if (free_.empty()) return nullptr;
  Block* block = free_.back();
  free_.pop_back();
  waiting_[(first_ + waiting_count_++) % waiting_.size()] = block;
  return block;
}

void BlockQueue::account(int64_t events, int64_t bytes) noexcept {
  events_.fetch_add(static_cast<uint64_t>(events), std::memory_order_relaxed);
  bytes_.fetch_add(static_cast<uint64_t>(bytes), std::memory_order_relaxed);
}

void BlockQueue::wake() noexcept {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(ready_.get(), &one, sizeof one);
}

void BlockQueue::close() noexcept {
  closed_.store(true, std::memory_order_release);
  wake();
}

Block* BlockQueue::pop() noexcept {
  const std::lock_guard lock(lock_);
  if (waiting_count_ == 0) {
    // After close() the descriptor stays readable: the end is news, too.
    if (!closed()) {
      uint64_t count;
      [[maybe_unused]] const auto got = ::read(ready_.get(), &count, sizeof count);
    }
    return nullptr;
  }
  return take_front();
}

void BlockQueue::give_back(Block* block) noexcept {
  const std::lock_guard lock(lock_);
  account(-static_cast<int64_t>(block->events()), -static_cast<int64_t>(block->bytes()));
  block->clear();
  free_.push_back(block);
  room_.notify_one();
}

bool BlockQueue::full() const noexcept {
  const std::lock_guard lock(lock_);
  return free_.empty();
}

}  // namespace tracee
