// SPDX-License-Identifier: Apache-2.0
// What a YAML detector remembers, each part by key and bounded: the keys longest
// without an event go first. Times are the events'.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "detect/kept_context.h"
#include "detect/keyed.h"
#include "detect/yaml_rule.h"

namespace tracee {

class ThresholdState {
 public:
  explicit ThresholdState(size_t most_keys) : counts_(most_keys) {}
  // True: with this one it is enough, and all that was asked of them holds; then the
  // key counts anew. `value`: the distinct one; null: all count.
  bool add(const YamlThreshold& asked, const std::string& key, uint64_t now, std::string* value,
           bool in_share);
  void clear() { counts_.clear(); }
  uint64_t evicted() const { return counts_.evicted(); }

 private:
  struct Seen {
    uint64_t time;
    bool in_share;
    std::string value;
  };
  static bool holds(const YamlThreshold& asked, const std::deque<Seen>& seen);

  Keyed<std::deque<Seen>> counts_;
};

class SequenceState {
 public:
  explicit SequenceState(size_t most_keys) : keys_(most_keys) {}
  void begin(const YamlSequence& asked, const std::string& key, uint64_t now);
  enum class Outcome : uint8_t { NotNext, Next, Complete };
  Outcome step(const YamlSequence& asked, const std::string& key, size_t number, uint64_t now);
  void clear() { keys_.clear(); }
  uint64_t evicted() const { return keys_.evicted(); }

 private:
  struct Progress {
    size_t next = 0;
    uint64_t until_ns = 0;
  };
  Keyed<Progress> keys_;
};

class PauseState {
 public:
  explicit PauseState(size_t most_keys) : until_(most_keys) {}
  bool paused(const YamlSuppress& asked, const std::string& key, uint64_t now) {
    uint64_t& until = until_.of(key);
    if (now < until) return true;
    until = now + asked.for_ns;
    return false;
  }
  void clear() { until_.clear(); }
  uint64_t evicted() const { return until_.evicted(); }

 private:
  Keyed<uint64_t> until_;
};

class NewValueState {
 public:
  explicit NewValueState(size_t most_keys) : keys_(most_keys) {}
  // True: the key has been watched long enough and never had this value.
  bool is_new(const YamlNewValue& asked, const std::string& key, const std::string& value,
              uint64_t now);
  void clear() { keys_.clear(); }
  uint64_t evicted() const { return keys_.evicted() + forgotten_; }

 private:
  struct Known {
    uint64_t since = 0;
    std::optional<Keyed<bool>> values;
  };
  Keyed<Known> keys_;
  uint64_t forgotten_ = 0;
};

// A finding that is made unless something happens in time.
struct Waiting {
  std::string key, pause_key;
  uint64_t until_ns;
  KeptContext context;
  const EventSpec* from;
  std::vector<Value> values;      // a field each
  std::deque<std::string> texts;  // that they are views of
  uint64_t number = 0;            // of all; UnlessState's
};

class UnlessState {
 public:
  explicit UnlessState(size_t most_keys) : most_(most_keys), by_key_(most_keys), seen_(most_keys) {}

  // The event that must not come came.
  void came(const YamlUnless& asked, const std::string& key, uint64_t now);
  // `before`: it came lately.
  bool came_lately(const YamlUnless& asked, const std::string& key, uint64_t now);
  // `within`: to be found later. One at a time for a key.
  bool waits(const std::string& key) { return by_key_.find(key) != nullptr; }
  void wait(Waiting waiting);
  // The next whose time is over; null: none. It lives until the next call.
  Waiting* over(uint64_t now);
  void clear();
  uint64_t evicted() const { return evicted_ + by_key_.evicted() + seen_.evicted(); }

 private:
  struct Current {
    uint64_t number, until_ns;
  };
  // One that is not its key's current one has been cancelled.
  bool is_current(const Waiting& waiting) {
    const Current* current = by_key_.find(waiting.key);
    return current != nullptr && current->number == waiting.number;
  }

  size_t most_;
  std::deque<Waiting> waiting_;  // by time
  std::optional<Waiting> last_;
  Keyed<Current> by_key_;
  uint64_t next_number_ = 0;
  Keyed<uint64_t> seen_;  // when it came last
  uint64_t evicted_ = 0;
};

}  // namespace tracee
