// SPDX-License-Identifier: Apache-2.0
#include "capture/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>

#include "base/fd.h"

namespace tracee {
namespace {

struct CloseBtf {
  void operator()(btf* types) const noexcept { btf__free(types); }
};

bool has_type(const btf* types, const char* name, uint32_t kind) {
  return btf__find_by_name_kind(types, name, kind) > 0;
}

uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return 0;
  return uint64_t{data[1].effective} << 32 | data[0].effective;
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
constexpr bpf_insn load_word(unsigned to, unsigned from, int16_t offset) {
  bpf_insn made = make(BPF_LDX | BPF_MEM | BPF_DW, to, from, 0);
  made.off = offset;
  return made;
}
constexpr bpf_insn skip_if_not_zero(unsigned what, int16_t count) {
  bpf_insn made = make(BPF_JMP | BPF_JNE | BPF_K, what, 0, 0);
  made.off = count;
  return made;
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

bool can_find_mptcp() {
  const bpf_insn program[] = {load_word(BPF_REG_1, BPF_REG_1, offsetof(__sk_buff, sk)),
                              skip_if_not_zero(BPF_REG_1, 2),
                              set(BPF_REG_0, 1),
                              kExit,
                              call(BPF_FUNC_skc_to_mptcp_sock),
                              set(BPF_REG_0, 1),
                              kExit};
  return loads(program);
}

bool can_read_call_registers() {
  const bpf_insn program[] = {call(BPF_FUNC_get_current_task_btf), copy(BPF_REG_1, BPF_REG_0),
                              call(BPF_FUNC_task_pt_regs), set(BPF_REG_0, 1), kExit};
  return loads(program);
}

}  // namespace

Result<KernelFeatures> probe_kernel() {
  if (const std::string missing = missing_capabilities(); !missing.empty())
    return fail(Exit::Missing, "live tracing is not permitted: missing " + missing,
                "run as root, or grant them: setcap cap_bpf,cap_perfmon,cap_net_admin+ep TRACEE; "
                "reading capture files (--input) needs no privilege");
  const std::unique_ptr<btf, CloseBtf> types(btf__load_vmlinux_btf());
  if (!types)
    return fail(Exit::Missing,
                "this kernel does not describe its types: no /sys/kernel/btf/vmlinux",
                "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (all current distributions do)");
  KernelFeatures features;
  features.socket_tracepoints =
      has_type(types.get(), "btf_trace_sock_send_length", BTF_KIND_TYPEDEF) &&
      has_type(types.get(), "btf_trace_sock_recv_length", BTF_KIND_TYPEDEF);
  features.open_files = has_type(types.get(), "bpf_iter_task_file", BTF_KIND_FUNC);
  features.probe_read = can_probe_read();
  features.call_registers = features.probe_read && can_read_call_registers();
  features.mptcp = can_find_mptcp();
  return features;
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
