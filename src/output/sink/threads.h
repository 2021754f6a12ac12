// SPDX-License-Identifier: Apache-2.0
// Threads of this room leave the process's signals to the main thread, and have no
// privileges beyond what their files need.
#pragma once

#include <signal.h>

#include <thread>
#include <utility>

#include "base/capabilities.h"

namespace tracee {

template <class Work>
std::thread start_thread(Work work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([work = std::move(work)]() mutable {
    drop_capabilities();
    work();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace tracee
