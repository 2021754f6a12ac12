// SPDX-License-Identifier: Apache-2.0
// Threads beside the main one: they leave the process's signals to it, and have no
// privileges beyond what files need (capabilities.h).
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
