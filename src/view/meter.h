// SPDX-License-Identifier: Apache-2.0
// How much passed: in all, and a second at present. Time is the events' own, so
// a replay shows what a live view would have shown.
#pragma once

#include <array>
#include <cstdint>

namespace tracee {

struct Amount {
  uint64_t packets = 0, bytes_in = 0, bytes_out = 0;

  uint64_t bytes() const noexcept { return bytes_in + bytes_out; }
  Amount& operator+=(const Amount& other) noexcept {
    packets += other.packets;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    return *this;
  }
};

class Meter {
 public:
  // Rates are means over this time.
  static constexpr uint64_t kWindowSeconds = 3;

  void add(uint64_t second, const Amount& amount) noexcept {
    Slot& slot = slots_[second % kSlots];
    if (slot.second != second) slot = {second, {}};
    slot.amount += amount;
    total_ += amount;
    last_ = second > last_ ? second : last_;
  }

  const Amount& total() const noexcept { return total_; }
  // The second it was added to last.
  uint64_t last() const noexcept { return last_; }

  // A second's worth at `now`, a point in the second `now`.
  Amount rate(uint64_t now) const noexcept {
    Amount sum;
    for (const Slot& slot : slots_) {
      if (slot.second + kWindowSeconds > now && slot.second <= now) sum += slot.amount;
    }
    return {sum.packets / kWindowSeconds, sum.bytes_in / kWindowSeconds,
            sum.bytes_out / kWindowSeconds};
  }

 private:
  static constexpr size_t kSlots = 4;
  struct Slot {
    uint64_t second = 0;
    Amount amount;
  };
  std::array<Slot, kSlots> slots_{};
  Amount total_;
  uint64_t last_ = 0;
};

}  // namespace tracee
