// SPDX-License-Identifier: Apache-2.0
// The limit of what looks at packets from the cgroup hooks: a program that lets everything
// through and does nothing else.
#pragma once

#include <bpf/bpf.h>

#include <iterator>

#include "base/fd.h"

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

}  // namespace tracee::bench
