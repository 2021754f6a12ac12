// SPDX-License-Identifier: Apache-2.0
// The last line of a terminal on which events scroll by: how many come, and what
// was lost. Goes to standard error, and only where both streams are one terminal,
// so nothing of it enters a file or a pipe.
#pragma once

#include <sys/ioctl.h>

#include <cstdint>
#include <optional>

#include "app/run.h"

namespace tracee {

class Footer final : public Companion {
 public:
  // None: the streams are not a terminal that takes it.
  static std::optional<Footer> make(const Pipeline& pipeline);

  int fd() const noexcept override { return -1; }
  int64_t due_ms() const noexcept override { return due_ms_; }
  void begin(const Pipeline::Apply& apply) override;
  bool tend(int64_t now_ms, uint64_t lost) override;
  void end() override;

 private:
  explicit Footer(const Pipeline& pipeline) : pipeline_(pipeline) {}

  void leave_a_line();
  void draw(double seconds, uint64_t lost);

  const Pipeline& pipeline_;
  winsize size_{};
  int64_t due_ms_ = 0, drawn_ms_ = 0;
  uint64_t packets_ = 0, events_ = 0;
};

// "1,234,567".
std::string grouped(uint64_t number);

}  // namespace tracee
