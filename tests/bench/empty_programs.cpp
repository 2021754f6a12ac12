// SPDX-License-Identifier: Apache-2.0
// Attaches an empty program to both packet hooks of all control groups, says so on standard
// error and waits for SIGINT: beside it one sees what the hooks themselves cost a load.
#include <csignal>
#include <cstdio>

#include "capture/cgroup.h"
#include "empty_program.h"

int main() {
  using tracee::Fd;
  using tracee::bench::empty_program;

  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGINT);
  sigprocmask(SIG_BLOCK, &end, nullptr);
  auto root = tracee::open_cgroup_root();
  const Fd in = empty_program(BPF_CGROUP_INET_INGRESS), out = empty_program(BPF_CGROUP_INET_EGRESS);
  if (!root || !in || !out) {
    std::fputs("empty_programs: the kernel refused to load programs (needs root)\n", stderr);
    return 1;
  }
  const Fd in_link(bpf_link_create(in.get(), root->get(), BPF_CGROUP_INET_INGRESS, nullptr));
  const Fd out_link(bpf_link_create(out.get(), root->get(), BPF_CGROUP_INET_EGRESS, nullptr));
  if (!in_link || !out_link) {
    std::fputs("empty_programs: the kernel refused to attach a program\n", stderr);
    return 1;
  }
  std::fputs("attached\n", stderr);
  int signal = 0;
  sigwait(&end, &signal);
}
