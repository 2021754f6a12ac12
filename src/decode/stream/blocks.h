// SPDX-License-Identifier: Apache-2.0
// Bytes that outlive their packet: chains of blocks from one fixed pool. Owns
// the pool. Promises: memory is reserved once and touched only when used; every
// operation costs no more than the bytes it moves; a full pool says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace tracee {

// Index of nothing, in every pool of this folder.
constexpr uint32_t kNone = UINT32_MAX;

// A run of bytes in blocks. Its owner gives it back to the pool.
struct Chain {
  uint32_t first = kNone, last = kNone;
  uint32_t size = 0;
};

class BlockPool {
 public:
  explicit BlockPool(size_t bytes);

  // All of `bytes` goes behind `chain`, or nothing and false.
  bool append(Chain& chain, Bytes bytes) noexcept;
  void release(Chain& chain) noexcept;
  // Writes chain.size bytes.
  void copy(const Chain& chain, uint8_t* to) const noexcept;

  // Calls visit(Bytes) for each part, in order, without the first `offset` bytes.
  template <class Visit>
  void each(const Chain& chain, uint32_t offset, Visit&& visit) const noexcept {
    uint32_t left = chain.size;
    for (uint32_t at = chain.first; left > 0; at = blocks_[at].next) {
      const uint32_t size = left < kBlockBytes ? left : kBlockBytes;
      if (offset < size) visit(Bytes{blocks_[at].bytes + offset, size - offset});
      offset -= offset < size ? offset : size;
      left -= size;
    }
  }

  uint32_t used_blocks() const noexcept { return used_; }

 private:
  // Small, because most messages that wait for their end are a short beginning.
  static constexpr uint32_t kBlockBytes = 252;
  struct Block {
    uint32_t next;
    uint8_t bytes[kBlockBytes];
  };
  static_assert(sizeof(Block) == 256);

  uint32_t take() noexcept;

  std::unique_ptr<Block[]> blocks_;
  uint32_t count_;
  uint32_t touched_ = 0;  // blocks from here on have never been used
  uint32_t free_ = kNone;
  uint32_t used_ = 0;
};

}  // namespace tracee
