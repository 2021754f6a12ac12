// SPDX-License-Identifier: Apache-2.0
// What a detector remembers, by key: at most so many, the longest unused goes first. Keys
// come from packets, so the hash has a secret.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "base/sip_hash.h"

namespace tracee {

template <class State>
class Keyed {
 public:
  explicit Keyed(size_t most) : most_(most) {}

  // The state of a key, made when there is none.
  State& of(const std::string& key) {
    if (State* known = find(key)) return *known;
    if (entries_.size() == most_) {
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
      ++evicted_;
    }
    entries_.push_front({key, State()});
    by_key_.emplace(key, entries_.begin());
    return entries_.front().state;
  }
  // Null: there is none.
  State* find(const std::string& key) {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, known->second);
    return &entries_.front().state;
  }
  void forget(const std::string& key) {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return;
    entries_.erase(known->second);
    by_key_.erase(known);
  }
  void clear() {
    entries_.clear();
    by_key_.clear();
  }

  size_t size() const { return entries_.size(); }
  uint64_t evicted() const { return evicted_; }

 private:
  struct Entry {
    std::string key;
    State state;
  };
  size_t most_;
  uint64_t evicted_ = 0;
  std::list<Entry> entries_;  // the last used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator, SecretHash> by_key_;
};

}  // namespace tracee
