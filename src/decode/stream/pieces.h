// SPDX-License-Identifier: Apache-2.0
// Segments that came too early. Owns the descriptors of held pieces; their bytes
// are chains of the block pool. Promises: the pieces of one direction are sorted
// and do not overlap, and bytes that came first stay (RFC 9293 leaves the choice
// open; a later copy of a byte must not change what an earlier one said).
#pragma once

#include <memory>

#include "decode/stream/blocks.h"
#include "decode/stream/flow_table.h"

namespace tracee {

// How far `a` is ahead of `b`; sequence numbers wrap.
inline int32_t ahead(uint32_t a, uint32_t b) noexcept { return static_cast<int32_t>(a - b); }

struct Piece {
  uint32_t seq;
  uint32_t next;  // the piece behind
  Chain bytes;
  uint32_t end() const noexcept { return seq + bytes.size; }
};

class Pieces {
 public:
  static constexpr uint16_t kMaxPerHalf = 256;

  Pieces(uint32_t count, BlockPool& blocks);

  enum class Hold : uint8_t { Done, NoRoom };
  // Adds what `bytes`, at sequence number `seq`, has that is not held yet;
  // `overlap` becomes true when some of it is.
  Hold hold(Half& half, uint32_t seq, Bytes bytes, bool& overlap) noexcept;

  const Piece& first(const Half& half) const noexcept { return pieces_[half.held]; }
  // Takes the first piece out; its bytes are the caller's.
  Piece take_first(Half& half) noexcept;
  void release(Half& half) noexcept;
  uint32_t used() const noexcept { return used_; }

 private:
  bool insert(Half& half, uint32_t before, uint32_t seq, Bytes bytes) noexcept;

  BlockPool& blocks_;
  std::unique_ptr<Piece[]> pieces_;
  uint32_t count_;
  uint32_t touched_ = 0;
  uint32_t used_ = 0;
  uint32_t free_ = kNone;
};

}  // namespace tracee
