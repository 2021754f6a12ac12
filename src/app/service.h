// SPDX-License-Identifier: Apache-2.0
// What a service manager is told: the protocol of sd_notify(3), one datagram a
// state to the socket that $NOTIFY_SOCKET names. Nobody listens: nothing happens.
#pragma once

#include <cstdint>
#include <string_view>

namespace tracee {

// "READY=1", "STOPPING=1", "WATCHDOG=1", or several lines. Never blocks.
void tell_service_manager(std::string_view state) noexcept;

// RELOADING=1, with the time that the protocol asks for; READY=1 ends it.
void tell_reloading() noexcept;

// Tells a manager that watches, twice in each span it allows, that the loop goes
// round; nothing when nobody does.
class Watchdog {
 public:
  explicit Watchdog(int64_t now_ms) noexcept;
  // How long the loop may wait.
  int64_t due_ms(int64_t now_ms) const noexcept;
  void tend(int64_t now_ms) noexcept;

 private:
  int64_t every_ms_ = 0;  // nobody watches
  int64_t told_ms_;
};

}  // namespace tracee
