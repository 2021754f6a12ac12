// SPDX-License-Identifier: Apache-2.0
#include "detect/yaml_state.h"

#include <algorithm>

namespace tracee {

bool ThresholdState::add(const YamlThreshold& asked, const std::string& key, uint64_t now,
                         std::string* value, bool in_share) {
  std::deque<Seen>& seen = counts_.of(key);
  while (!seen.empty() && seen.front().time + asked.within_ns < now) seen.pop_front();
  Seen made{now, in_share, {}};
  if (value != nullptr) {
    // Seen again, it counts from now.
    const auto known = std::ranges::find(seen, *value, &Seen::value);
    if (known != seen.end()) seen.erase(known);
    made.value = std::move(*value);
  }
  seen.push_back(std::move(made));
  if (seen.size() < asked.count) return false;
  if (!holds(asked, seen)) {
    // Many, but not like that: the next ones may be, with the latest of these.
    seen.pop_front();
    return false;
  }
  counts_.forget(key);
  return true;
}

bool ThresholdState::holds(const YamlThreshold& asked, const std::deque<Seen>& seen) {
  if (asked.share_of) {
    const auto like_this = static_cast<uint64_t>(std::ranges::count(seen, true, &Seen::in_share));
    if (like_this * 100 < uint64_t{asked.share_percent} * seen.size()) return false;
  }
  if (asked.regular_percent == 0) return true;
  std::vector<uint64_t> intervals;
  for (size_t i = 1; i < seen.size(); ++i) {
    intervals.push_back(seen[i].time - std::min(seen[i].time, seen[i - 1].time));
  }
  std::ranges::sort(intervals);
  const uint64_t middle = intervals[intervals.size() / 2];
  const uint64_t apart = std::max(middle - intervals.front(), intervals.back() - middle);
  return middle >= asked.regular_least_ns && middle > 0 &&
         apart <= middle / 100 * asked.regular_percent;
}

void SequenceState::begin(const YamlSequence& asked, const std::string& key, uint64_t now) {
  Progress& progress = keys_.of(key);
  const bool waits_for_last = asked.repeats && progress.next + 1 == asked.then.size();
  if (progress.next == 0 || progress.until_ns < now) {
    progress = {0, now + asked.within_ns};
  } else if (waits_for_last) {
    progress.until_ns = now + asked.within_ns;
  }
}

SequenceState::Outcome SequenceState::step(const YamlSequence& asked, const std::string& key,
                                           size_t number, uint64_t now) {
  Progress* progress = keys_.find(key);
  if (progress == nullptr || progress->next != number) return Outcome::NotNext;
  if (progress->until_ns < now) {
    keys_.forget(key);
    return Outcome::NotNext;
  }
  if (number + 1 < asked.then.size()) {
    ++progress->next;
    return Outcome::Next;
  }
  if (!asked.repeats) keys_.forget(key);
  return Outcome::Complete;
}

bool NewValueState::is_new(const YamlNewValue& asked, const std::string& key,
                           const std::string& value, uint64_t now) {
  Known& known = keys_.of(key);
  if (!known.values) {
    known.since = now;
    known.values.emplace(asked.most);
  }
  if (known.values->find(value) != nullptr) return false;
  const uint64_t before = known.values->evicted();
  known.values->of(value) = true;
  forgotten_ += known.values->evicted() - before;
  return now >= known.since + asked.learn_ns;
}

void UnlessState::came(const YamlUnless& asked, const std::string& key, uint64_t now) {
  if (asked.before) {
    seen_.of(key) = now;
    return;
  }
  const Current* current = by_key_.find(key);
  if (current != nullptr && current->until_ns >= now) by_key_.forget(key);
}

bool UnlessState::came_lately(const YamlUnless& asked, const std::string& key, uint64_t now) {
  const uint64_t* time = seen_.find(key);
  return time != nullptr && *time + asked.within_ns >= now;
}

void UnlessState::wait(Waiting waiting) {
  while (!waiting_.empty() && !is_current(waiting_.front())) waiting_.pop_front();
  if (waiting_.size() == most_) {
    by_key_.forget(waiting_.front().key);
    waiting_.pop_front();
    ++evicted_;
  }
  waiting.number = ++next_number_;
  by_key_.of(waiting.key) = {waiting.number, waiting.until_ns};
  waiting_.push_back(std::move(waiting));
}

Waiting* UnlessState::over(uint64_t now) {
  while (!waiting_.empty()) {
    const bool current = is_current(waiting_.front());
    if (current && waiting_.front().until_ns >= now) return nullptr;
    if (current) {
      by_key_.forget(waiting_.front().key);
      last_.emplace(std::move(waiting_.front()));
    }
    waiting_.pop_front();
    if (current) return &*last_;
  }
  return nullptr;
}

void UnlessState::clear() {
  waiting_.clear();
  by_key_.clear();
  seen_.clear();
}

}  // namespace tracee
