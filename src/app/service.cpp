// SPDX-License-Identifier: Apache-2.0
#include "app/service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "base/fd.h"

namespace tracee {
namespace {

int64_t number_of(const char* name) noexcept {
  const char* text = std::getenv(name);
  int64_t number = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  return number;
}

}  // namespace

void tell_service_manager(std::string_view state) noexcept {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (*path == '@') address.sun_path[0] = '\0';  // abstract
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  [[maybe_unused]] const auto sent =
      ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), size);
}

void tell_reloading() noexcept {
  tell_service_manager("RELOADING=1\nMONOTONIC_USEC=" +
                       std::to_string(clock_ns(CLOCK_MONOTONIC) / 1000));
}

Watchdog::Watchdog(int64_t now_ms) noexcept : told_ms_(now_ms) {
  const int64_t pid = number_of("WATCHDOG_PID");
  if (pid != 0 && pid != getpid()) return;
  const int64_t usec = number_of("WATCHDOG_USEC");
  if (usec > 0) every_ms_ = std::max<int64_t>(usec / 2000, 1);
}

int64_t Watchdog::due_ms(int64_t now_ms) const noexcept {
  constexpr int64_t kLong = 3'600'000;
  return every_ms_ == 0 ? kLong : std::max<int64_t>(told_ms_ + every_ms_ - now_ms, 0);
}

void Watchdog::tend(int64_t now_ms) noexcept {
  if (every_ms_ == 0 || now_ms - told_ms_ < every_ms_) return;
  tell_service_manager("WATCHDOG=1");
  told_ms_ = now_ms;
}

}  // namespace tracee
