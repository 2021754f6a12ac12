// SPDX-License-Identifier: Apache-2.0
// Sixteen octets at once, for loops over text that are hot: the compiler makes
// SSE2, NEON or plain code of them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tracee {

// Signed: an octet from 0x80 on is below all of ASCII.
using Octets = int8_t __attribute__((vector_size(16)));

constexpr Octets each(int c) noexcept {
  const auto v = static_cast<int8_t>(c);
  return Octets{v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v};
}

// Two parts of a short text; of four octets each they are there twice. In registers: a
// vector that is read where its parts were just written waits for them.
inline Octets both(uint64_t first, uint64_t last) noexcept {
  using Halves = uint64_t __attribute__((vector_size(16)));
  return reinterpret_cast<Octets>(Halves{first, last});
}
inline Octets both(uint32_t first, uint32_t last) noexcept {
  const uint64_t half = first | uint64_t{last} << 32;
  return both(half, half);
}

// Bit i: octet i of a comparison's result is set.
inline uint32_t marks(Octets flags) noexcept {
#ifdef __SSE2__
  return static_cast<uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(flags)));
#else
  uint64_t halves[2];
  std::memcpy(halves, &flags, sizeof halves);
  // One bit of each octet, added up in the highest one.
  const auto bits = [](uint64_t half) {
    return static_cast<uint32_t>((half & 0x8040201008040201) * 0x0101010101010101 >> 56);
  };
  return bits(halves[0]) | bits(halves[1]) << 8;
#endif
}

// No octet of a comparison's result is set.
inline bool none(Octets flags) noexcept { return marks(flags) == 0; }

// Where `odd`, which marks octets in sixteen, first marks one at `from` or behind it,
// or the text's size. `from` is at most that.
template <class Odd>
size_t find_octet(std::string_view text, size_t from, Odd odd) noexcept {
  constexpr size_t kBlock = sizeof(Octets);
  Octets block;
  for (; text.size() - from >= kBlock; from += kBlock) {
    std::memcpy(&block, text.data() + from, kBlock);
    const uint32_t found = marks(odd(block));
    if (found != 0) return from + static_cast<size_t>(std::countr_zero(found));
  }
  if (text.size() >= kBlock) {  // the last sixteen, of which some were looked at
    const size_t start = text.size() - kBlock;
    std::memcpy(&block, text.data() + start, kBlock);
    const uint32_t found = marks(odd(block)) >> (from - start);
    return found != 0 ? from + static_cast<size_t>(std::countr_zero(found)) : text.size();
  }
  while (from < text.size() && none(odd(each(text[from])))) ++from;
  return from;
}

namespace octets_detail {

// A text of `size` octets, at least sizeof(Part) and at most twice as many, as two
// overlapping parts: copied, and whether it has no odd octet.
template <class Part, class Odd>
bool copy_whole(const uint8_t* p, size_t size, char* at, Odd odd) noexcept {
  Part first = 0, last = 0;
  std::memcpy(&first, p, sizeof first);
  std::memcpy(&last, p + size - sizeof last, sizeof last);
  std::memcpy(at, &first, sizeof first);
  std::memcpy(at + size - sizeof last, &last, sizeof last);
  return none(odd(both(first, last)));
}

}  // namespace octets_detail

// Copies the octets before the first odd one and returns how many. May write all
// `size` octets at `at`. `odd` marks them in sixteen, `is_odd` tells of one.
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
  if (size >= sizeof(Octets) && rest < sizeof(Octets)) {  // the last sixteen, some of them again
    const size_t last = size - sizeof(Octets);
    Octets block;
    std::memcpy(&block, p + last, sizeof block);
    if (none(odd(block))) {
      std::memcpy(at + last, &block, sizeof block);
      return size;
    }
  } else if (rest >= 8 && rest < 16) {
    if (copy_whole<uint64_t>(p + done, rest, at + done, odd)) return size;
  } else if (rest >= 4 && rest < 8) {
    if (copy_whole<uint32_t>(p + done, rest, at + done, odd)) return size;
  }
  for (; done < size && !is_odd(p[done]); ++done) at[done] = static_cast<char>(p[done]);
  return done;
}

}  // namespace tracee
