// SPDX-License-Identifier: Apache-2.0
#include "event/address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <string>

#include "base/bytes.h"

namespace tracee {
namespace {

// An octet with the dot behind it, so that each is one copy of four bytes.
struct Octet {
  char text[4];
  uint8_t size;
};
constexpr auto kOctets = [] {
  std::array<Octet, 256> octets{};
  for (unsigned v = 0; v < octets.size(); ++v) {
    Octet& out = octets[v];
    if (v >= 100) out.text[out.size++] = static_cast<char>('0' + v / 100);
    if (v >= 10) out.text[out.size++] = static_cast<char>('0' + v / 10 % 10);
    out.text[out.size++] = static_cast<char>('0' + v % 10);
    out.text[out.size++] = '.';
  }
  return octets;
}();

char* put_quad(char* at, const uint8_t* p) noexcept {
  for (int i = 0; i < 4; ++i) {
    const Octet& octet = kOctets[p[i]];
    std::memcpy(at, octet.text, sizeof octet.text);
    at += octet.size;
  }
  return at - 1;
}

char* put_group(char* at, unsigned v) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  if (v >= 0x1000) *at++ = kHex[v >> 12];
  if (v >= 0x100) *at++ = kHex[(v >> 8) & 15];
  if (v >= 0x10) *at++ = kHex[(v >> 4) & 15];
  *at++ = kHex[v & 15];
  return at;
}

char* put_v6(char* at, const uint8_t* p) noexcept {
  unsigned group[8];
  for (size_t i = 0; i < 8; ++i) group[i] = load_be16(p + 2 * i);
  // The longest run of zero groups, the first of equals, becomes "::" (section 4.2).
  int best = -1, best_length = 1;
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && group[end] == 0) ++end;
    if (end - i > best_length) {
      best = i;
      best_length = end - i;
    }
    i = end + 1;
  }
  for (int i = 0; i < 8;) {
    if (i == best) {
      *at++ = ':';
      *at++ = ':';
      i += best_length;
      continue;
    }
    const bool after_gap = best >= 0 && i == best + best_length;
    if (i > 0 && !after_gap) *at++ = ':';
    at = put_group(at, group[i++]);
  }
  return at;
}

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

size_t format_address(char* out, const Address& address) noexcept {
  char* end = out;
  if (address.family == 4) {
    end = put_quad(out, address.bytes);
  } else if (address.family == 6) {
    const bool mapped = std::memcmp(address.bytes, kMappedPrefix, sizeof kMappedPrefix) == 0;
    end = mapped ? put_quad(out, address.bytes + 12) : put_v6(out, address.bytes);
  }
  return static_cast<size_t>(end - out);
}

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  uint8_t bytes[16];
  if (inet_pton(AF_INET, copy.c_str(), bytes) == 1) return Address::v4(bytes);
  if (inet_pton(AF_INET6, copy.c_str(), bytes) == 1) return Address::v6(bytes);
  return std::nullopt;
}

}  // namespace tracee
