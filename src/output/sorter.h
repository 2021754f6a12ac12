// SPDX-License-Identifier: Apache-2.0
// Events of one output in the order of their times (option:sort-events). Processors
// give their packets to one ring, so a packet may overtake another by microseconds.
// What is formatted waits for kDelayNs, bounded; what is later than that comes out of
// order rather than not at all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "output/batch.h"
#include "output/buffer.h"

namespace tracee {

class Sorter {
 public:
  static constexpr uint64_t kDelayNs = 100'000'000;

  // The most that can wait: `events`, and half of `bytes`, what a buffer can hold.
  Sorter(size_t events, size_t bytes);

  // Of the event that was put last behind those that wait.
  void add(uint64_t time_ns);
  bool full(const Buffer& waiting) const noexcept;

  // Takes the events of [0, until_ns] out of `waiting` and `marks`, in order; or half of
  // them when there is no room for more. The batch lives until the next call.
  Batch take(Buffer& waiting, std::vector<Mark>& marks, uint64_t until_ns) noexcept;
  // What nobody can overtake any more: the newest time that was seen, or that of the
  // clock, without the delay.
  uint64_t settled(uint64_t clock_ns) const noexcept;

 private:
  std::vector<uint64_t> times_;  // of what waits; none of these vectors grows
  std::vector<uint32_t> order_;
  Buffer sorted_;
  std::vector<Mark> sorted_marks_;
  size_t most_events_, most_bytes_;
  uint64_t newest_ns_ = 0;
};

}  // namespace tracee
