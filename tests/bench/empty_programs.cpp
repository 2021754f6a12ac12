// SPDX-License-Identifier: Apache-2.0
// Attaches an empty program to both packet hooks of all control groups, says so on standard
// error and waits for SIGINT: beside it one sees what the hooks themselves cost a load.
#include <csignal>
#include <cstdio>

#include "empty_program.h"

int main() {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGINT);
  sigprocmask(SIG_BLOCK, &end, nullptr);
  tracee::bench::EmptyPrograms programs;
  if (!programs.attach()) {
    std::fputs("empty_programs: the kernel refused the programs (needs root)\n", stderr);
    return 1;
  }
  std::fputs("attached\n", stderr);
  int signal = 0;
  sigwait(&end, &signal);
}
