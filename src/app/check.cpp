// SPDX-License-Identifier: Apache-2.0
#include "app/check.h"

#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "capture/cgroup.h"
#include "capture/live.h"
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

void feature(const Feature& found, std::string_view what, std::string_view with) {
  line(found ? State::Good : State::Less, what, found ? with : found.missing);
}

std::string_view how_used(BackEnd back_end) {
  switch (back_end) {
    case BackEnd::Tracepoint:
      return "tracepoint: each send and receive tells the socket's user";
    case BackEnd::Fentry:
      return "fentry: each send and receive tells the socket's user";
    case BackEnd::Cgroup:
      break;
  }
  return "cgroup: connect, datagrams with addresses and setsockopt tell the socket's user";
}

std::string_view how_accepted(AcceptHook hook) {
  switch (hook) {
    case AcceptHook::Function:
      return "the end of inet_accept() tells who takes a connection";
    case AcceptHook::Call:
      return "the exit of accept(2) tells who takes a connection; every system call pays a little";
    case AcceptHook::Address:
      break;
  }
  return "an accept(2) that asks for the peer's address tells who takes a connection";
}

// What works is seen by doing it: all is loaded and attached for a moment.
Result<> try_tracing(std::optional<BackEnd> forced) {
  LiveOptions options;
  options.attribution = forced;
  options.ring_bytes = size_t{256} << 10;
  auto source = LiveSource::open(options);
  if (!source) {
    line(State::Bad, "attribution", source.error().what);
    return forward(source);
  }
  if (const std::string& setback = (*source)->setback(); !setback.empty())
    line(State::Less, "all of that together", setback);
  const OwnerPlan& plan = (*source)->plan();
  line(plan.back_end == BackEnd::Cgroup ? State::Less : State::Good, "attribution",
       how_used(plan.back_end));
  line(plan.accept == AcceptHook::Address ? State::Less : State::Good, "accepted connections",
       how_accepted(plan.accept));
  return {};
}

}  // namespace

Result<> check_host(std::optional<BackEnd> forced) {
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
          "tracepoints sock_send_length and sock_recv_length");
  feature(features->functions, "kernel functions", "programs at their entry and exit are allowed");
  feature(features->accept_calls, "accept calls",
          "tracepoints sys_exit_accept and sys_exit_accept4");
  feature(features->processes, "processes",
          "forks, programs and exits are told: executables, trees, containers",
          "no such tracepoints: executables, trees and containers are not known");
  feature(features->open_files, "older sockets", "sockets opened before the start have owners",
          "no task_file iterator: sockets opened before the start have none until used");
  feature(features->probe_read, "kernel memory", "process ids inside containers are told",
          "locked down: process ids inside containers are those of the host");
  feature(features->call_registers, "system calls",
          "the first packet on an inherited socket has its sender",
          "no bpf_task_pt_regs here: it may carry the socket's previous owner");
  feature(features->late_owners, "closed connections", "answers from TIME_WAIT have the last owner",
          "no tracepoint inet_sock_set_state: answers from TIME_WAIT have no owner");
  feature(features->mptcp, "MPTCP", "subflows have the owner of their connection",
          "subflows have no owner");
  if (auto tried = try_tracing(forced); !tried) return tried;
  fmt::print("\ntracee can trace this host.\n");
  return {};
}

}  // namespace tracee
