// SPDX-License-Identifier: Apache-2.0
// A TCP connection whose every wait has a limit and can be given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace tracee {

class Connection {
 public:
  // Asked while something waits; true: stop waiting.
  using Stop = std::function<bool()>;

  explicit Connection(Stop stop) : stop_(std::move(stop)) {}

  // Each returns what went wrong; empty: nothing. After that it is closed.
  std::string open(const std::string& host, uint16_t port, std::chrono::milliseconds limit);
  std::string send(std::string_view bytes, std::chrono::milliseconds limit);
  // At least one byte; `got` says how many.
  std::string receive(char* into, size_t room, size_t& got, std::chrono::milliseconds limit);

  bool is_open() const noexcept { return static_cast<bool>(fd_); }
  // The peer has closed, which a connection that only sends would notice too late.
  bool peer_has_gone() const noexcept;
  void close() noexcept { fd_.reset(); }

 private:
  std::string wait(short events, std::chrono::steady_clock::time_point end);
  std::string failed(std::string what);

  Stop stop_;
  Fd fd_;
};

}  // namespace tracee
