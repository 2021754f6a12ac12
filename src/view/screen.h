// SPDX-License-Identifier: Apache-2.0
// The terminal. The only file that knows ncurses is screen.cpp. The terminal is
// given back as it was found when the Screen dies. One at a time, one thread.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "view/top.h"

namespace tracee {

class Screen {
 public:
  // Error: standard input or output is no terminal, or one that cannot be drawn on.
  static Result<std::unique_ptr<Screen>> open();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Readable when a key waits; a signal for a new size makes poll(2) end too.
  static int key_fd() noexcept;
  // The next key that waits, as Top takes it; 0: none.
  static int next_key() noexcept;
  static size_t width() noexcept;
  static size_t height() noexcept;
  static void show(const std::vector<ScreenLine>& lines) noexcept;

 private:
  Screen() = default;
};

}  // namespace tracee
