// SPDX-License-Identifier: Apache-2.0
#include "capture/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/capabilities.h"
#include "base/fd.h"
#include "capture/tracepoint.h"

namespace tracee {
namespace {

// The command line of this process, as one types it.
std::string own_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string command;
  for (std::string word; std::getline(file, word, '\0');) {
    if (!command.empty()) command += ' ';
    const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-_./,:=+@%").find(c) != std::string_view::npos;
    });
    if (plain) {
      command += word;
      continue;
    }
    command += '\'';
    for (const char c : word) command += c == '\'' ? std::string("'\\''") : std::string(1, c);
    command += '\'';
  }
  return command;
}

std::string missing_capabilities() {
  const uint64_t have = effective_capabilities();
  const auto has = [have](int number) { return (have >> number & 1) != 0; };
  std::string missing;
  const auto need = [&](int number, const char* name) {
    if (has(number) || (has(CAP_SYS_ADMIN) && number != CAP_NET_ADMIN)) return;
    if (!missing.empty()) missing += ", ";
    missing += name;
  };
  need(CAP_BPF, "CAP_BPF");
  need(CAP_PERFMON, "CAP_PERFMON");
  need(CAP_NET_ADMIN, "CAP_NET_ADMIN");
  return missing;
}

// libbpf's own probe reads the verifier's wording, which changed; a program that
// calls the helper correctly either loads or does not.
bool loads(std::span<const bpf_insn> program) {
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
  return static_cast<bool>(Fd(bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, nullptr, "Dual BSD/GPL",
                                            program.data(), program.size(), &options)));
}

constexpr bpf_insn make(int code, unsigned to, unsigned from, int value) {
  bpf_insn made{};
  made.code = static_cast<uint8_t>(code);
  made.dst_reg = to & 15;
  made.src_reg = from & 15;
  made.imm = value;
  return made;
}
constexpr bpf_insn call(int helper) { return make(BPF_JMP | BPF_CALL, 0, 0, helper); }
constexpr bpf_insn set(unsigned to, int value) {
  return make(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, value);
}
constexpr bpf_insn copy(unsigned to, unsigned from) {
  return make(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0);
}
constexpr bpf_insn add(unsigned to, int value) {
  // NOLINTNEXTLINE(misc-redundant-expression): two of the names happen to be 0
  return make(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, value);
}
constexpr bpf_insn shift_right(unsigned to, int value) {
  return make(BPF_ALU64 | BPF_RSH | BPF_K, to, 0, value);
}
constexpr bpf_insn kExit = make(BPF_JMP | BPF_EXIT, 0, 0, 0);

bool can_probe_read() {
  const bpf_insn program[] = {copy(BPF_REG_1, BPF_REG_10),
                              add(BPF_REG_1, -8),
                              set(BPF_REG_2, 8),
                              set(BPF_REG_3, 0),
                              call(BPF_FUNC_probe_read_kernel),
                              set(BPF_REG_0, 1),
                              kExit};
  return loads(program);
}

bool can_read_call_registers() {
  const bpf_insn program[] = {call(BPF_FUNC_get_current_task_btf), copy(BPF_REG_1, BPF_REG_0),
                              call(BPF_FUNC_task_pt_regs), set(BPF_REG_0, 1), kExit};
  return loads(program);
}

Feature find_socket_tracepoints(const KernelTypes& types) {
  for (const char* name : {"sock_send_length", "sock_recv_length"}) {
    if (!types.has(("btf_trace_" + std::string(name)).c_str(), BTF_KIND_TYPEDEF))
      return {false, std::string("no tracepoint ") + name + " (Linux 6.3)"};
  }
  return {true, {}};
}

// Whether such a program loads says little; kernels refuse to attach it.
Feature try_function_program(const KernelTypes& types) {
  for (const char* name : {"inet_accept", "security_socket_sendmsg", "security_socket_recvmsg"}) {
    if (!types.has(name, BTF_KIND_FUNC))
      return {false, std::string("no kernel function ") + name + "()"};
  }
  const bpf_insn program[] = {set(BPF_REG_0, 0), kExit};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT,
              .attach_btf_id = types.find("inet_accept", BTF_KIND_FUNC));
  const Fd loaded(bpf_prog_load(BPF_PROG_TYPE_TRACING, nullptr, "Dual BSD/GPL", program,
                                std::size(program), &options));
  if (!loaded)
    return {false, std::string("the kernel refuses to load a program for one (") +
                       std::strerror(errno) + ")"};
  const Fd link(bpf_raw_tracepoint_open(nullptr, loaded.get()));
  constexpr int kNotSupported = 524;  // ENOTSUPP, which user space has no name for
  if (!link && errno == kNotSupported) errno = EOPNOTSUPP;
  if (!link)
    return {false, std::string("the kernel refuses to attach a program to one (") +
                       std::strerror(errno) + ")"};
  return {true, {}};
}

Feature find_accept_calls() {
  for (const char* name : {"syscalls/sys_exit_accept", "syscalls/sys_exit_accept4"}) {
    if (auto found = find_tracepoint(name); !found) return {false, found.error().what};
  }
  return {true, {}};
}

}  // namespace

std::string_view back_end_name(BackEnd back_end) noexcept {
  switch (back_end) {
    case BackEnd::Tracepoint:
      return "tracepoint";
    case BackEnd::Fentry:
      return "fentry";
    case BackEnd::Cgroup:
      break;
  }
  return "cgroup";
}

std::optional<BackEnd> back_end_of(std::string_view name) noexcept {
  for (const BackEnd known : {BackEnd::Tracepoint, BackEnd::Fentry, BackEnd::Cgroup}) {
    if (name == back_end_name(known)) return known;
  }
  return std::nullopt;
}

Result<OwnerPlan> plan_owners(const KernelFeatures& features, std::optional<BackEnd> forced) {
  const auto refuse = [](const char* name, const Feature& feature) {
    return fail(Exit::Missing,
                std::string("--attribution ") + name + " is not possible here: " + feature.missing,
                "see tracee check; without the option the best that works is used");
  };
  if (forced == BackEnd::Tracepoint && !features.socket_tracepoints)
    return refuse("tracepoint", features.socket_tracepoints);
  if (forced == BackEnd::Fentry && !features.functions) return refuse("fentry", features.functions);
  OwnerPlan plan;
  plan.back_end = forced                        ? *forced
                  : features.socket_tracepoints ? BackEnd::Tracepoint
                  : features.functions          ? BackEnd::Fentry
                                                : BackEnd::Cgroup;
  if (forced == BackEnd::Cgroup) return plan;
  if (features.functions && forced != BackEnd::Tracepoint)
    plan.accept = AcceptHook::Function;
  else if (features.accept_calls)
    plan.accept = AcceptHook::Call;
  return plan;
}

Result<> check_rights() {
  const std::string missing = missing_capabilities();
  if (missing.empty()) return {};
  return fail(Exit::Missing, "live tracing is not permitted: missing " + missing,
              geteuid() == 0
                  ? "this root has had them taken: give the container or service these capabilities"
                  : "run as root: sudo " + own_command() +
                        "\n        reading a capture (--input FILE) needs no privilege");
}

Result<KernelFeatures> probe_kernel() {
  if (auto rights = check_rights(); !rights) return forward(rights);
  const auto types = KernelTypes::read();
  if (!types) return tl::unexpected(types.error());
  return probe_kernel(*types);
}

KernelFeatures probe_kernel(const KernelTypes& types) {
  KernelFeatures features;
  features.socket_tracepoints = find_socket_tracepoints(types);
  features.functions = try_function_program(types);
  features.mptcp_accepts = types.has("mptcp_stream_accept", BTF_KIND_FUNC);
  const auto traced = [&](const char* name) { return types.has(name, BTF_KIND_TYPEDEF); };
  features.processes = traced("btf_trace_sched_process_fork") &&
                       traced("btf_trace_sched_process_exec") &&
                       traced("btf_trace_sched_process_exit") && traced("btf_trace_cgroup_mkdir") &&
                       types.has("bpf_iter_task", BTF_KIND_FUNC);
  features.open_files = types.has("bpf_iter_task_file", BTF_KIND_FUNC);
  features.probe_read = can_probe_read();
  features.call_registers = features.probe_read && can_read_call_registers();
  features.accept_calls = find_accept_calls();
  if (features.accept_calls && !features.probe_read)
    features.accept_calls = {false, "kernel memory may not be read (lockdown)"};
  features.mptcp = features.probe_read && types.has("mptcp_subflow_context", BTF_KIND_STRUCT);
  features.casts = types.has("bpf_rdonly_cast", BTF_KIND_FUNC);
  features.late_owners = types.has("btf_trace_inet_sock_set_state", BTF_KIND_TYPEDEF);
  return features;
}

bool give_up(KernelFeatures& features, std::string_view program, const std::string& why) {
  const auto is_one_of = [program](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, program) != names.end();
  };
  const auto drop = [&](Feature& feature) {
    const bool was_there = feature.present;
    feature = {false, why};
    return was_there;
  };
  if (is_one_of({"on_send", "on_receive"})) return drop(features.socket_tracepoints);
  if (is_one_of({"on_send_call", "on_receive_call", "on_accepted", "on_mptcp_accepted"}))
    return drop(features.functions);
  if (is_one_of({"on_accept", "on_accept4", "on_release"})) return drop(features.accept_calls);
  if (is_one_of({"on_fork", "on_exec", "on_exit", "on_cgroup", "on_task"}))
    return std::exchange(features.processes, false);
  if (program == "on_open_file") return std::exchange(features.open_files, false);
  if (program == "on_state") return std::exchange(features.late_owners, false);
  return false;
}

uint32_t own_host_pid() {
  // A test run of this type of program happens in the caller's own context.
  const bpf_insn program[] = {call(BPF_FUNC_get_current_pid_tgid), shift_right(BPF_REG_0, 32),
                              kExit};
  const Fd fd(bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, nullptr, "Dual BSD/GPL", program,
                            std::size(program), nullptr));
  LIBBPF_OPTS(bpf_test_run_opts, options);
  return fd && bpf_prog_test_run_opts(fd.get(), &options) == 0 ? options.retval : 0;
}

}  // namespace tracee
