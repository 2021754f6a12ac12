// SPDX-License-Identifier: Apache-2.0
#include "enrich/entity.h"

#include <bit>
#include <cstring>

namespace tracee {
namespace {

constexpr uint32_t kSeed = 0x18273645;
constexpr uint64_t kTickNs = 10'000'000;

uint32_t scrambled(uint32_t block) noexcept {
  return std::rotl(block * 0xcc9e2d51u, 15) * 0x1b873593u;
}

}  // namespace

uint32_t murmur3_32(Bytes bytes, uint32_t seed) noexcept {
  uint32_t hash = seed;
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    uint32_t block;
    std::memcpy(&block, &bytes[at], sizeof block);
    hash = std::rotl(hash ^ scrambled(block), 13) * 5 + 0xe6546b64u;
  }
  uint32_t tail = 0;
  for (size_t i = bytes.size(); i-- > at;) tail = (tail << 8) | bytes[i];
  if (at < bytes.size()) hash ^= scrambled(tail);

  hash ^= static_cast<uint32_t>(bytes.size());
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
  return hash ^ (hash >> 16);
}

uint32_t entity_id(uint32_t host_tid, uint64_t start_boot_ns) noexcept {
  if (host_tid == 0) return 0;
  const uint32_t tid = __builtin_bswap32(host_tid);
  const uint64_t start = __builtin_bswap64(start_boot_ns / kTickNs * kTickNs);
  uint8_t key[12];
  std::memcpy(key, &tid, sizeof tid);
  std::memcpy(key + sizeof tid, &start, sizeof start);
  return murmur3_32(key, kSeed);
}

}  // namespace tracee
