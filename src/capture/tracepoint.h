// SPDX-License-Identifier: Apache-2.0
// Static tracepoints, by the kernel's tracing file system. Where that is not
// mounted it is mounted for the look-up alone, invisible to everybody else.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tracee {

// That it is there. Opening one would tell more, but the kernel takes 40 ms to close it.
Result<> find_tracepoint(const std::string& name);

// A perf event of a tracepoint, as in "syscalls/sys_exit_accept", to which a BPF
// program can be attached. The error says what is missing.
Result<Fd> open_tracepoint(const std::string& name);

}  // namespace tracee
