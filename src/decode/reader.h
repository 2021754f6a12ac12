// SPDX-License-Identifier: Apache-2.0
// Bounds-checked cursor over network-order bytes. A read past the end returns
// zero and makes the reader false for good, so a parser tests once per
// structure:
//
//   const uint16_t id = in.u16();
//   const uint16_t flags = in.u16();
//   if (!in) return Parse::Truncated;
#pragma once

#include "base/bytes.h"

namespace tracee {

class Reader {
 public:
  explicit Reader(Bytes bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}

  explicit operator bool() const noexcept { return ok_; }
  size_t left() const noexcept { return static_cast<size_t>(end_ - at_); }
  const uint8_t* position() const noexcept { return at_; }

  uint8_t u8() noexcept { return has(1) ? *at_++ : uint8_t{0}; }
  uint16_t u16() noexcept {
    if (!has(2)) return 0;
    at_ += 2;
    return load_be16(at_ - 2);
  }
  uint32_t u32() noexcept {
    if (!has(4)) return 0;
    at_ += 4;
    return load_be32(at_ - 4);
  }
  Bytes take(size_t count) noexcept {
    if (!has(count)) return {};
    at_ += count;
    return {at_ - count, count};
  }
  void skip(size_t count) noexcept { take(count); }
  void fail() noexcept {
    ok_ = false;
    at_ = end_;
  }

 private:
  bool has(size_t count) noexcept {
    if (left() >= count) return true;
    fail();
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace tracee
