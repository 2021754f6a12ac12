// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3 (Aumasson and Bernstein): a hash with a key, fast on short input. Whoever does
// not know the key cannot choose what collides.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tracee {

using SipKey = std::array<uint64_t, 2>;

class SipHash {
 public:
  explicit SipHash(const SipKey& key) noexcept
      : v_{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
           key[1] ^ 0x7465646279746573} {}
  void add(uint64_t word) noexcept {
    v_[3] ^= word;
    round();
    v_[0] ^= word;
  }
  uint64_t finish() noexcept {
    v_[2] ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  void round() noexcept {
    v_[0] += v_[1];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0];
    v_[0] = std::rotl(v_[0], 32);
    v_[2] += v_[3];
    v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] += v_[3];
    v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[2] += v_[1];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2];
    v_[2] = std::rotl(v_[2], 32);
  }
  uint64_t v_[4];
};

inline uint64_t sip_hash(const SipKey& key, std::string_view text) noexcept {
  SipHash hash(key);
  uint64_t last = uint64_t{text.size()} << 56;
  while (text.size() >= sizeof last) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    hash.add(word);
    text.remove_prefix(sizeof word);
  }
  for (size_t i = 0; i < text.size(); ++i) {
    last |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  }
  hash.add(last);
  return hash.finish();
}

// One of this process, chosen by chance. sip_hash.cpp
const SipKey& secret_key();

// For unordered containers whose keys come from packets. Not noexcept, so that the library
// keeps each key's hash beside it.
struct SecretHash {
  SipKey key = secret_key();
  size_t operator()(std::string_view text) const { return sip_hash(key, text); }
};

}  // namespace tracee
