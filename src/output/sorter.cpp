// SPDX-License-Identifier: Apache-2.0
#include "output/sorter.h"

#include <algorithm>
#include <numeric>

namespace tracee {

Sorter::Sorter(size_t events, size_t bytes)
    : sorted_(bytes), most_events_(events), most_bytes_(bytes / 2) {
  times_.reserve(events);
  order_.reserve(events);
  sorted_marks_.reserve(events);
}

void Sorter::add(uint64_t time_ns) {
  times_.push_back(time_ns);
  newest_ns_ = std::max(newest_ns_, time_ns);
}

bool Sorter::full(const Buffer& waiting) const noexcept {
  return times_.size() >= most_events_ || waiting.size() >= most_bytes_;
}

uint64_t Sorter::settled(uint64_t clock_ns) const noexcept {
  const uint64_t now = std::max(newest_ns_, clock_ns);
  return now - std::min(now, kDelayNs);
}

Batch Sorter::take(Buffer& waiting, std::vector<Mark>& marks, uint64_t until_ns) noexcept {
  order_.resize(times_.size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::ranges::sort(order_, [this](uint32_t a, uint32_t b) {
    return times_[a] != times_[b] ? times_[a] < times_[b] : a < b;
  });
  const auto settled =
      std::ranges::find_if(order_, [&](uint32_t i) { return times_[i] > until_ns; });
  auto count = static_cast<size_t>(settled - order_.begin());
  if (count == 0 && full(waiting)) count = (order_.size() + 1) / 2;

  sorted_.clear();
  sorted_marks_.clear();
  const Batch all{waiting.text(), marks};
  for (size_t i = 0; i < count; ++i) {
    const uint32_t at = order_[i];
    const auto begin = static_cast<uint32_t>(sorted_.size());
    const auto header = static_cast<uint32_t>(all.header(at).size());
    sorted_.put(all.header(at));
    sorted_.put(all.body(at));
    sorted_marks_.push_back({begin + header, static_cast<uint32_t>(sorted_.size())});
  }

  // What stays moves to the front, as it came.
  std::sort(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(count));
  size_t taken = 0, kept = 0;
  uint32_t begin = 0, kept_bytes = 0;
  for (uint32_t i = 0; i < times_.size(); ++i) {
    const Mark mark = marks[i];
    if (taken < count && order_[taken] == i) {
      ++taken;
    } else {
      const uint32_t shift = begin - kept_bytes;
      waiting.move(begin, kept_bytes, mark.end - begin);
      marks[kept] = {mark.body - shift, mark.end - shift};
      times_[kept++] = times_[i];
      kept_bytes += mark.end - begin;
    }
    begin = mark.end;
  }
  marks.resize(kept);
  times_.resize(kept);
  waiting.rewind(kept_bytes);
  return {sorted_.text(), sorted_marks_};
}

}  // namespace tracee
