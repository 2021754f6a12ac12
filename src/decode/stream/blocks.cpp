// SPDX-License-Identifier: Apache-2.0
#include "decode/stream/blocks.h"

#include <algorithm>

namespace tracee {

BlockPool::BlockPool(size_t bytes)
    // for_overwrite: a block that nobody needs is never touched.
    : blocks_(std::make_unique_for_overwrite<Block[]>(bytes / sizeof(Block))),
      count_(static_cast<uint32_t>(bytes / sizeof(Block))) {}

uint32_t BlockPool::take() noexcept {
  ++used_;
  if (free_ == kNone) return touched_++;
  const uint32_t block = free_;
  free_ = blocks_[block].next;
  return block;
}

bool BlockPool::append(Chain& chain, Bytes bytes) noexcept {
  const uint32_t filled = chain.size % kBlockBytes;
  const uint32_t tail = filled == 0 ? 0 : kBlockBytes - filled;
  const size_t rest = bytes.size() - std::min<size_t>(bytes.size(), tail);
  if (rest > size_t{count_ - used_} * kBlockBytes) return false;
  uint32_t at = filled;
  while (!bytes.empty()) {
    if (at == 0 || at == kBlockBytes) {
      const uint32_t block = take();
      blocks_[block].next = kNone;
      (chain.first == kNone ? chain.first : blocks_[chain.last].next) = block;
      chain.last = block;
      at = 0;
    }
    const size_t part = std::min<size_t>(bytes.size(), kBlockBytes - at);
    std::copy_n(bytes.data(), part, blocks_[chain.last].bytes + at);
    bytes = bytes.subspan(part);
    at += static_cast<uint32_t>(part);
    chain.size += static_cast<uint32_t>(part);
  }
  return true;
}

void BlockPool::release(Chain& chain) noexcept {
  if (chain.first != kNone) {
    blocks_[chain.last].next = free_;
    free_ = chain.first;
    used_ -= (chain.size + kBlockBytes - 1) / kBlockBytes;
  }
  chain = {};
}

void BlockPool::copy(const Chain& chain, uint8_t* to) const noexcept {
  each(chain, 0, [&](Bytes part) { to = std::copy(part.begin(), part.end(), to); });
}

}  // namespace tracee
