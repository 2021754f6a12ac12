// SPDX-License-Identifier: Apache-2.0
#include "app/check.h"

#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "capture/cgroup.h"
#include "capture/probe.h"

namespace tracee {
namespace {

enum class State { Good, Less, Bad };

// Colour only where a person reads (https://no-color.org).
void line(State state, std::string_view what, std::string_view text) {
  const char* no_color = getenv("NO_COLOR");
  const bool color = isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
  const int code = state == State::Good ? 32 : state == State::Less ? 33 : 31;
  const std::string_view word = state == State::Good ? "yes" : state == State::Less ? "less" : "no";
  const std::string shown =
      color ? fmt::format("\033[{}m{:<5}\033[0m", code, word) : fmt::format("{:<5}", word);
  fmt::print("{}{:<22}{}\n", shown, what, text);
}

void feature(bool present, std::string_view what, std::string_view with, std::string_view without) {
  line(present ? State::Good : State::Less, what, present ? with : without);
}

}  // namespace

Result<> check_host() {
  utsname host;
  if (uname(&host) == 0) fmt::print("Linux {} on {}\n\n", host.release, host.machine);
  auto features = probe_kernel();
  if (!features) {
    line(State::Bad, "privilege and BTF", features.error().what);
    return forward(features);
  }
  line(State::Good, "privilege and BTF", "capabilities are there, the kernel describes its types");
  auto root = open_cgroup_root();
  if (!root) {
    line(State::Bad, "cgroup v2", root.error().what);
    return forward(root);
  }
  line(State::Good, "cgroup v2", "packets are seen at the root of the hierarchy");
  feature(features->socket_tracepoints, "send and receive",
          "sock_send_length and sock_recv_length tell each socket's last user",
          "no such tracepoints (Linux 6.3): connect and datagram hooks tell the user");
  feature(features->open_files, "older sockets", "sockets opened before the start have owners",
          "no task_file iterator: sockets opened before the start have none until used");
  feature(features->probe_read, "kernel memory", "process ids inside containers are told",
          "locked down: process ids inside containers are those of the host");
  feature(features->call_registers, "system calls",
          "the first packet on an inherited socket has its sender",
          "no bpf_task_pt_regs here: it may carry the socket's previous owner");
  feature(features->mptcp, "MPTCP", "subflows have the owner of their connection",
          "subflows have no owner");
  fmt::print("\ntracee can trace this host.\n");
  return {};
}

}  // namespace tracee
