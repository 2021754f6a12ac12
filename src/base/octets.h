// SPDX-License-Identifier: Apache-2.0
// Sixteen octets at once, for loops over text that are hot: the compiler makes
// SSE2, NEON or plain code of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tracee {

// Signed: an octet from 0x80 on is below all of ASCII.
using Octets = int8_t __attribute__((vector_size(16)));

constexpr Octets each(int c) noexcept {
  const auto v = static_cast<int8_t>(c);
  return Octets{v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v};
}

// No octet of a comparison's result is set.
inline bool none(Octets flags) noexcept {
  uint64_t halves[2];
  std::memcpy(halves, &flags, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

namespace octets_detail {

// A text of `size` octets, at least sizeof(Part) and at most twice as many, as two
// overlapping parts: copied, and whether it has no odd octet. `filler` is not odd.
template <class Part, class Odd>
bool copy_whole(const uint8_t* p, size_t size, char* at, Octets filler, Odd odd) noexcept {
  Part parts[2];
  std::memcpy(&parts[0], p, sizeof(Part));
  std::memcpy(&parts[1], p + size - sizeof(Part), sizeof(Part));
  std::memcpy(at, &parts[0], sizeof(Part));
  std::memcpy(at + size - sizeof(Part), &parts[1], sizeof(Part));
  Octets block = filler;
  std::memcpy(&block, parts, sizeof parts);
  return none(odd(block));
}

}  // namespace octets_detail

// Copies the octets before the first odd one and returns how many. May write all
// `size` octets at `at`. `odd` marks them in sixteen, `is_odd` tells of one; a blank
// is not odd.
template <class Odd, class IsOdd>
size_t copy_until(const uint8_t* p, size_t size, char* at, Odd odd, IsOdd is_odd) noexcept {
  size_t done = 0;
  for (; size - done >= sizeof(Octets); done += sizeof(Octets)) {
    Octets block;
    std::memcpy(&block, p + done, sizeof block);
    if (!none(odd(block))) break;
    std::memcpy(at + done, &block, sizeof block);
  }
  using octets_detail::copy_whole;
  const size_t rest = size - done;
  if (rest >= 8 && rest < 16) {
    if (copy_whole<uint64_t>(p + done, rest, at + done, each(' '), odd)) return size;
  } else if (rest >= 4 && rest < 8) {
    if (copy_whole<uint32_t>(p + done, rest, at + done, each(' '), odd)) return size;
  }
  for (; done < size && !is_odd(p[done]); ++done) at[done] = static_cast<char>(p[done]);
  return done;
}

}  // namespace tracee
