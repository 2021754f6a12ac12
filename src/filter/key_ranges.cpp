// SPDX-License-Identifier: Apache-2.0
#include "filter/key_ranges.h"

#include <algorithm>

namespace tracee {

void KeyRanges::normalise() {
  std::ranges::sort(ranges_, {}, &KeyRange::low);
  std::vector<KeyRange> out;
  for (const KeyRange& range : ranges_) {
    const bool touches =
        !out.empty() && (out.back().high == ~Key{0} || range.low <= out.back().high + 1);
    if (touches) {
      out.back().high = std::max(out.back().high, range.high);
    } else {
      out.push_back(range);
    }
  }
  ranges_ = std::move(out);
}

KeyRanges KeyRanges::united(const KeyRanges& other) const {
  std::vector<KeyRange> all = ranges_;
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  return KeyRanges(std::move(all));
}

KeyRanges KeyRanges::intersected(const KeyRanges& other) const {
  std::vector<KeyRange> out;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const KeyRange both{std::max(a->low, b->low), std::min(a->high, b->high)};
    if (both.low <= both.high) out.push_back(both);
    if (a->high < b->high) {
      ++a;
    } else {
      ++b;
    }
  }
  return KeyRanges(std::move(out));
}

KeyRanges KeyRanges::complement(Key most) const {
  std::vector<KeyRange> out;
  Key next = 0;
  for (const KeyRange& range : ranges_) {
    if (range.low > next) out.push_back({next, range.low - 1});
    if (range.high >= most) return KeyRanges(std::move(out));
    next = range.high + 1;
  }
  out.push_back({next, most});
  return KeyRanges(std::move(out));
}

bool KeyRanges::contains(Key key) const noexcept {
  const auto after = std::ranges::upper_bound(ranges_, key, {}, &KeyRange::low);
  return after != ranges_.begin() && key <= std::prev(after)->high;
}

}  // namespace tracee
