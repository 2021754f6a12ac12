// SPDX-License-Identifier: Apache-2.0
// Threads of this room leave the process's signals to the main thread.
#pragma once

#include <signal.h>

#include <thread>
#include <utility>

namespace tracee {

template <class Work>
std::thread start_thread(Work work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace tracee
