// SPDX-License-Identifier: Apache-2.0
#include "decode/stream/pieces.h"

#include <algorithm>

namespace tracee {

Pieces::Pieces(uint32_t count, BlockPool& blocks)
    : blocks_(blocks), pieces_(std::make_unique_for_overwrite<Piece[]>(count)), count_(count) {}

// `before`: the piece that the bytes go behind; kNone: they become the first.
bool Pieces::insert(Half& half, uint32_t before, uint32_t seq, Bytes bytes) noexcept {
  if (before != kNone && pieces_[before].end() == seq) {
    if (!blocks_.append(pieces_[before].bytes, bytes)) return false;
    half.held_bytes += static_cast<uint32_t>(bytes.size());
    return true;
  }
  if (half.held_pieces == kMaxPerHalf || (free_ == kNone && touched_ == count_)) return false;
  Chain chain;
  if (!blocks_.append(chain, bytes)) return false;
  uint32_t i = free_;
  if (i == kNone) {
    i = touched_++;
  } else {
    free_ = pieces_[i].next;
  }
  uint32_t& link = before == kNone ? half.held : pieces_[before].next;
  pieces_[i] = {seq, link, chain};
  link = i;
  ++used_;
  ++half.held_pieces;
  half.held_bytes += static_cast<uint32_t>(bytes.size());
  return true;
}

Pieces::Hold Pieces::hold(Half& half, uint32_t seq, Bytes bytes, bool& overlap) noexcept {
  uint32_t before = kNone, at = half.held;
  while (!bytes.empty()) {
    while (at != kNone && ahead(pieces_[at].end(), seq) <= 0) {
      before = at;
      at = pieces_[at].next;
    }
    size_t part = bytes.size();
    if (at != kNone) {
      const int32_t free = ahead(pieces_[at].seq, seq);
      if (free <= 0) {
        overlap = true;
        part = std::min<size_t>(part, static_cast<uint32_t>(ahead(pieces_[at].end(), seq)));
        bytes = bytes.subspan(part);
        seq += static_cast<uint32_t>(part);
        continue;
      }
      part = std::min<size_t>(part, static_cast<uint32_t>(free));
    }
    if (!insert(half, before, seq, bytes.first(part))) return Hold::NoRoom;
    // What was inserted is now the piece behind `before`, or its tail.
    at = half.held;
    before = kNone;
    bytes = bytes.subspan(part);
    seq += static_cast<uint32_t>(part);
  }
  return Hold::Done;
}

Piece Pieces::take_first(Half& half) noexcept {
  const uint32_t i = half.held;
  const Piece piece = pieces_[i];
  half.held = piece.next;
  half.held_bytes -= piece.bytes.size;
  --used_;
  --half.held_pieces;
  pieces_[i].next = free_;
  free_ = i;
  return piece;
}

void Pieces::release(Half& half) noexcept {
  while (half.held != kNone) {
    Piece piece = take_first(half);
    blocks_.release(piece.bytes);
  }
}

}  // namespace tracee
