// SPDX-License-Identifier: Apache-2.0
// `-- COMMAND`: a program that waits until tracing is on, whose process and
// descendants are all that is traced, and whose end is ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace tracee {

class Command {
 public:
  // Finds the program and makes its process, which waits for start(). With
  // `keep_stdout` its standard output is our standard error, as ours is for events.
  // Errors: no such program (127), one that cannot be executed (126).
  static Result<Command> prepare(const std::vector<std::string>& words, bool keep_stdout);

  Command(Command&&) = default;
  Command& operator=(Command&&) = delete;
  // One that runs is asked to end (SIGTERM); one that has not started never does.
  ~Command();

  // The first instruction of the program comes after this.
  Result<> start();

  uint32_t host_pid() const noexcept { return host_pid_; }
  // Readable when it has ended; for signals too (pidfd_send_signal).
  int pid_fd() const noexcept { return process_.get(); }

  // As a shell would tell it: 128 and the number for a signal. Nothing: it runs.
  std::optional<int> status();

 private:
  Command() = default;

  std::string name_;
  Fd process_, go_, trouble_;
  uint32_t host_pid_ = 0;
  std::optional<int> status_;
};

}  // namespace tracee
