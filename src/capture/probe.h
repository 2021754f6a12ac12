// SPDX-License-Identifier: Apache-2.0
// What this kernel and these privileges allow. The packet hooks, socket creation
// and the address hooks are required; all else makes owners more exact and is
// left out where it does not load.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace tracee {

struct KernelFeatures {
  bool socket_tracepoints = false;  // sock_send_length and sock_recv_length, Linux 6.3
  bool open_files = false;          // iter/task_file: sockets older than the tracer
  bool probe_read = false;          // not under confidentiality lockdown
  bool call_registers = false;      // bpf_task_pt_regs() in cgroup programs
  bool mptcp = false;               // bpf_skc_to_mptcp_sock()
};

// Fails with Exit::Missing when something required is not there; the error names
// all of it at once.
Result<KernelFeatures> probe_kernel();

// Our process id as the host has it, which a pid namespace hides. 0: not known.
uint32_t own_host_pid();

}  // namespace tracee
