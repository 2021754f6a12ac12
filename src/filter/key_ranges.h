// SPDX-License-Identifier: Apache-2.0
// A set of keys, as ranges: what the kernel side can be asked of one dimension.
#pragma once

#include <cstdint>
#include <vector>

namespace tracee {

// The bytes of a key, the first one the most significant.
using Key = unsigned __int128;

constexpr Key key_max(unsigned bytes) {
  return bytes >= 16 ? ~Key{0} : (Key{1} << (8 * bytes)) - 1;
}

struct KeyRange {
  Key low, high;
  bool operator==(const KeyRange&) const = default;
};

// Sorted; no two touch.
class KeyRanges {
 public:
  KeyRanges() = default;
  explicit KeyRanges(std::vector<KeyRange> ranges) : ranges_(std::move(ranges)) { normalise(); }

  void add(Key low, Key high) {
    ranges_.push_back({low, high});
    normalise();
  }
  KeyRanges united(const KeyRanges& other) const;
  KeyRanges intersected(const KeyRanges& other) const;
  // The keys up to `most` that are not in it.
  KeyRanges complement(Key most) const;

  bool empty() const noexcept { return ranges_.empty(); }
  bool is_all(Key most) const noexcept {
    return ranges_.size() == 1 && ranges_[0].low == 0 && ranges_[0].high >= most;
  }
  bool contains(Key key) const noexcept;
  const std::vector<KeyRange>& ranges() const noexcept { return ranges_; }
  bool operator==(const KeyRanges&) const = default;

 private:
  void normalise();
  std::vector<KeyRange> ranges_;
};

}  // namespace tracee
