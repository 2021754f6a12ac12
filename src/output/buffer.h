// SPDX-License-Identifier: Apache-2.0
// The output room: events in, bytes out, and where the bytes go. Formats know
// how an event looks, sinks know where it goes; neither keeps an Event.
//
// This header: the bytes of formatted events on their way to a sink. The block
// is reserved once and big enough for any event a packet can make, so formatting
// never allocates; only pages that were used cost memory. If an event does not
// fit, the buffer says so and the event is taken back whole.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/digits.h"

namespace tracee {

class Buffer {
 public:
  explicit Buffer(size_t capacity)
      : block_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  std::string_view text() const noexcept { return {block_.get(), used_}; }
  size_t size() const noexcept { return used_; }
  void clear() noexcept {
    used_ = 0;
    overflowed_ = false;
  }

  // Takes back what was put since size() was `size`.
  void rewind(size_t size) noexcept {
    used_ = size;
    overflowed_ = false;
  }
  bool overflowed() const noexcept { return overflowed_; }

  // All that is left, for a writer that minds the end itself: it commit()s what it
  // has used, or says that there was an overflow.
  std::span<char> rest() noexcept { return {block_.get() + used_, capacity_ - used_}; }
  void overflow() noexcept { overflowed_ = true; }

  // At least `count` writable bytes, or null. commit() says how many were used.
  char* room(size_t count) noexcept {
    if (capacity_ - used_ < count) {
      overflowed_ = true;
      return nullptr;
    }
    return block_.get() + used_;
  }
  void commit(size_t count) noexcept { used_ += count; }

  void put(std::string_view text) noexcept {
    if (char* at = room(text.size())) {
      std::memcpy(at, text.data(), text.size());
      commit(text.size());
    }
  }
  void put(char c) noexcept {
    if (char* at = room(1)) {
      *at = c;
      commit(1);
    }
  }
  void put_number(std::unsigned_integral auto number) noexcept {
    if (char* at = room(kMaxDigits)) commit(static_cast<size_t>(put_digits(at, number) - at));
  }
  void put_number(std::signed_integral auto number) noexcept {
    if (char* at = room(kMaxDigits)) {
      commit(static_cast<size_t>(put_signed_digits(at, number) - at));
    }
  }
  // Copies bytes that were put before to an earlier place.
  void move(size_t from, size_t to, size_t size) noexcept {
    std::memmove(block_.get() + to, block_.get() + from, size);
  }
  // Overwrites one byte that was put before.
  void set(size_t position, char c) noexcept {
    if (position < used_) block_[position] = c;
  }

 private:
  std::unique_ptr<char[]> block_;
  size_t capacity_;
  size_t used_ = 0;
  bool overflowed_ = false;
};

}  // namespace tracee
