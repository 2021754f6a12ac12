// SPDX-License-Identifier: Apache-2.0
// What the kernel has counted of a BPF program (kernel.bpf_stats_enabled).
#pragma once

#include <bpf/bpf.h>

#include <cstdint>

namespace tracee::bench {

struct Runs {
  uint64_t count = 0, ns = 0;
};

inline Runs runs_of(int program) {
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(program, &info, &size) != 0) return {};
  return {info.run_cnt, info.run_time_ns};
}

// Of one run between the two looks, in ns; 0: there was none.
inline double mean(Runs before, Runs after) {
  const uint64_t count = after.count - before.count;
  return count == 0 ? 0 : static_cast<double>(after.ns - before.ns) / static_cast<double>(count);
}

}  // namespace tracee::bench
