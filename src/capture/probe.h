// SPDX-License-Identifier: Apache-2.0
// What this kernel and these privileges allow, and which hooks will tell the owners
// of sockets. The packet hooks, socket creation and the address hooks are required;
// all else makes owners more exact and is left out where it does not load.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/kernel_types.h"

namespace tracee {

// Something optional. `missing` says why it is not there.
struct Feature {
  bool present = false;
  std::string missing;
  explicit operator bool() const noexcept { return present; }
};

struct KernelFeatures {
  Feature socket_tracepoints;   // sock_send_length and sock_recv_length, Linux 6.3
  Feature functions;            // programs at entry and exit of kernel functions (fentry, fexit)
  Feature accept_calls;         // tracepoints at the exit of accept(2) and accept4(2)
  bool mptcp_accepts = false;   // mptcp_stream_accept() is there, for `functions`
  bool processes = false;       // fork, exec, exit and the tasks that are there
  bool open_files = false;      // iter/task_file: sockets older than the tracer
  bool probe_read = false;      // not under confidentiality lockdown
  bool call_registers = false;  // bpf_task_pt_regs() in cgroup programs
  bool mptcp = false;           // MPTCP sockets, and their connections can be found
  bool casts = false;           // bpf_rdonly_cast(), Linux 6.2
  bool late_owners = false;     // inet_sock_set_state: owners of what TIME_WAIT answers
};

// Whether this process may trace. The error says with which command it might.
Result<> check_rights();

// Fails with Exit::Missing when something required is not there, rights first; the
// error names all of it at once.
Result<KernelFeatures> probe_kernel();
// The same without the rights, which are there.
KernelFeatures probe_kernel(const KernelTypes& types);

// What sees that a task uses a socket, best first.
enum class BackEnd : uint8_t { Tracepoint, Fentry, Cgroup };
// "tracepoint", "fentry", "cgroup"
std::string_view back_end_name(BackEnd back_end) noexcept;
std::optional<BackEnd> back_end_of(std::string_view name) noexcept;

// What sees accept(2): the end of inet_accept(); the exit of the system call, which
// costs every other call of the host a little; the question for the peer's address.
enum class AcceptHook : uint8_t { Function, Call, Address };

struct OwnerPlan {
  BackEnd back_end = BackEnd::Cgroup;
  AcceptHook accept = AcceptHook::Address;
};

// The best the features allow, or what is forced: then nothing of another back end
// is used. Forcing what is not there fails with Exit::Missing and the reason.
Result<OwnerPlan> plan_owners(const KernelFeatures& features, std::optional<BackEnd> forced);

// Leaves out what this optional program is for. False: it is for nothing that can be
// left out, or that was left out already.
bool give_up(KernelFeatures& features, std::string_view program, const std::string& why);

// Our process id as the host has it, which a pid namespace hides. 0: not known.
uint32_t own_host_pid();

}  // namespace tracee
