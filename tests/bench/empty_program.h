// SPDX-License-Identifier: Apache-2.0
// The limit of what looks at packets from the cgroup hooks: a program that lets everything
// through and does nothing else.
#pragma once

#include <bpf/bpf.h>

#include <iterator>

#include "base/fd.h"
#include "capture/cgroup.h"

namespace tracee::bench {

// -1: the kernel refused it.
inline Fd empty_program(bpf_attach_type type) {
  const bpf_insn instructions[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
  return Fd(bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "empty", "GPL", instructions,
                          std::size(instructions), &options));
}

// One on each packet hook of all control groups, as long as this lives.
struct EmptyPrograms {
  // False: the kernel refused something.
  bool attach() {
    auto root = open_cgroup_root();
    if (!root || !in || !out) return false;
    in_link = Fd(bpf_link_create(in.get(), root->get(), BPF_CGROUP_INET_INGRESS, nullptr));
    out_link = Fd(bpf_link_create(out.get(), root->get(), BPF_CGROUP_INET_EGRESS, nullptr));
    return in_link && out_link;
  }

  Fd in = empty_program(BPF_CGROUP_INET_INGRESS);
  Fd out = empty_program(BPF_CGROUP_INET_EGRESS);
  Fd in_link, out_link;
};

}  // namespace tracee::bench
