// SPDX-License-Identifier: Apache-2.0
// Ending on request: the first SIGINT or SIGTERM asks the loops to drain, the
// second, half a second or more behind it, ends the process at once, even when a write
// blocks.
#pragma once

#include <chrono>

#include "base/result.h"

namespace tracee {

// Installs the handlers, and ignores SIGPIPE (a closed pipe is a write error).
Result<> watch_signals();

bool stop_requested() noexcept;

// From now on signals that would end us (and SIGUSR1, SIGUSR2) go on to that
// process instead. Those of a terminal it has got itself.
void pass_signals_to(int pid_fd) noexcept;

// Requests a stop once that time has passed (--duration).
void stop_after(std::chrono::milliseconds time) noexcept;

// SIGHUP asks to read the policies again, once this was called; else it ends the
// process as ever.
void watch_reload();
// Whether anything of what follows was asked since the last call. Cheap; for each packet.
bool take_any_request() noexcept;
// Whether it was asked since the last call.
bool take_reload_request() noexcept;
// The same of SIGUSR1: files that were moved away are to be made anew.
bool take_reopen_request() noexcept;
// Detectors that have been read on another thread wait to be taken; may be called there.
void request_detectors() noexcept;
bool take_detectors_request() noexcept;
// Readable until all have been asked; for poll().
int request_fd() noexcept;

// Readable once a stop was requested; for poll().
int stop_fd() noexcept;

}  // namespace tracee
