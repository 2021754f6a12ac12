// SPDX-License-Identifier: Apache-2.0
// UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>

namespace tracee {

// Bytes of the multi-byte sequence at `p`, of which `left` bytes are there; 0 when
// it is none: a stray continuation, overlong, a surrogate, cut, or above U+10FFFF.
// A byte below 0x80 is not for this function.
inline size_t utf8_sequence(const uint8_t* p, size_t left) noexcept {
  const auto continues = [&](size_t i) { return (p[i] & 0xc0) == 0x80; };
  if (p[0] >= 0xc2 && p[0] <= 0xdf) return left >= 2 && continues(1) ? 2 : 0;
  if ((p[0] & 0xf0) == 0xe0) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0;  // overlong
    if (p[0] == 0xed && p[1] > 0x9f) return 0;  // surrogate
    return 3;
  }
  if (p[0] >= 0xf0 && p[0] <= 0xf4) {
    if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
    return 4;
  }
  return 0;
}

}  // namespace tracee
