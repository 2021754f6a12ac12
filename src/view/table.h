// SPDX-License-Identifier: Apache-2.0
// A bounded map of what was seen, by key. When it is full the quarter that was
// silent longest goes; what went is counted. Memory for a key is allocated when
// the key is seen first and at no other time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace tracee {

// Item has a member `meter` (meter.h).
template <class Key, class Item, class Hash>
class SeenTable {
 public:
  explicit SeenTable(size_t most) : most_(most) {}

  // The item of a key; made when it is new.
  Item& at(const Key& key) {
    const auto found = items_.find(key);
    if (found != items_.end()) return found->second;
    if (items_.size() >= most_) forget();
    return items_[key];
  }

  const std::unordered_map<Key, Item, Hash>& items() const noexcept { return items_; }
  uint64_t forgotten() const noexcept { return forgotten_; }
  void clear() {
    items_.clear();
    forgotten_ = 0;
  }

 private:
  void forget() {
    std::vector<uint64_t> ages;
    ages.reserve(items_.size());
    for (const auto& [key, item] : items_) ages.push_back(item.meter.last());
    const auto quarter = ages.begin() + static_cast<ptrdiff_t>(ages.size() / 4);
    std::ranges::nth_element(ages, quarter);
    const uint64_t limit = *quarter;
    size_t left = most_ / 4 + 1;
    for (auto it = items_.begin(); it != items_.end() && left > 0;) {
      if (it->second.meter.last() <= limit) {
        it = items_.erase(it);
        ++forgotten_;
        --left;
      } else {
        ++it;
      }
    }
  }

  size_t most_;
  uint64_t forgotten_ = 0;
  std::unordered_map<Key, Item, Hash> items_;
};

}  // namespace tracee
