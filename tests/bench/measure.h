// SPDX-License-Identifier: Apache-2.0
// Time of small work. The clock is the thread's processor time, so that other
// programs on the machine cost less than they do by the wall clock.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>

namespace tracee::bench {

inline double thread_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

constexpr size_t kRounds = 15;

inline double median(std::array<double, kRounds> values) {
  std::ranges::nth_element(values, values.begin() + kRounds / 2);
  return values[kRounds / 2];
}

// The time of one piece of `work`, which does `pieces` of them, in ns: the median
// of kRounds rounds of at least 4 ms.
template <class Work>
double time_of(size_t pieces, Work&& work) {
  constexpr double kRoundNs = 4e6;
  size_t times = 1;
  for (;; times *= 2) {  // also warms up
    const double start = thread_ns();
    for (size_t i = 0; i < times; ++i) work();
    if (thread_ns() - start >= kRoundNs) break;
  }
  std::array<double, kRounds> rounds{};
  for (double& round : rounds) {
    const double start = thread_ns();
    for (size_t i = 0; i < times; ++i) work();
    round = (thread_ns() - start) / static_cast<double>(times * pieces);
  }
  return median(rounds);
}

}  // namespace tracee::bench
