// SPDX-License-Identifier: Apache-2.0
// Sets of values as ranges of the keys that the kernel side knows.
#include <algorithm>
#include <cstring>

#include "filter/values.h"

namespace tracee {
namespace {

constexpr Key kMappedLow = Key{0xffff} << 32;
constexpr Key kMappedHigh = kMappedLow | 0xffffffff;

Key key_of(const uint8_t* p, size_t size) {
  Key out = 0;
  for (size_t i = 0; i < size; ++i) out = out << 8 | p[i];
  return out;
}

// The keys of `bytes` bytes that begin with `text`.
KeyRange beginning(std::string_view text, unsigned bytes) {
  Key low = 0;
  for (const char c : text) low = low << 8 | static_cast<uint8_t>(c);
  const auto rest = static_cast<unsigned>(bytes - text.size());
  if (rest == bytes) return {0, key_max(bytes)};
  low <<= 8 * rest;
  return {low, low | key_max(rest)};
}

}  // namespace

std::optional<KeyRanges> ValueSet::text_keys(unsigned bytes) const {
  std::vector<KeyRange> out;
  for (const Text& term : texts_) {
    if (term.shape == Shape::Suffix || term.shape == Shape::Contains) return std::nullopt;
    // No such text fits: none is equal to it or begins with it.
    const bool fits = term.text.size() < bytes && term.text.find('\0') == term.text.npos;
    if (!fits) continue;
    const bool to_its_end = term.shape == Shape::Exact && term.text.size() < cut_;
    out.push_back(beginning(to_its_end ? term.text + '\0' : term.text, bytes));
  }
  return KeyRanges(std::move(out));
}

std::optional<KeyRanges> ValueSet::address_keys() const {
  if (!texts_.empty()) return std::nullopt;
  KeyRanges four, six;
  for (const Network& network : networks_) {
    uint8_t bytes[16], mask[16];
    std::memcpy(bytes, network.bytes, sizeof bytes);
    std::memcpy(mask, network.mask, sizeof mask);
    const bool is_four = network.family == 4;
    const size_t size = is_four ? 4 : 16;
    const Key ones = key_max(static_cast<unsigned>(size));
    const Key ends = key_of(mask, size);
    const Key low = key_of(bytes, size) & ends;
    const Key base = is_four ? kMappedLow : Key{0};
    (is_four ? four : six).add(base | low, base | low | (ones & ~ends));
  }
  // What is mapped is IPv4, and in no network of IPv6.
  KeyRanges mapped;
  mapped.add(kMappedLow, kMappedHigh);
  return six.intersected(mapped.complement(key_max(16))).united(four);
}

std::optional<KeyRanges> ValueSet::keys(unsigned bytes) const {
  switch (kind_) {
    case Kind::Unsigned: {
      std::vector<KeyRange> out;
      for (const Range& range : ranges_) {
        if (range.low > key_max(bytes)) continue;
        out.push_back({range.low, std::min<Key>(range.high, key_max(bytes))});
      }
      return KeyRanges(std::move(out));
    }
    case Kind::Text:
      return text_keys(bytes);
    case Kind::Address:
      return address_keys();
    default:
      return std::nullopt;
  }
}

}  // namespace tracee
