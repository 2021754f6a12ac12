// SPDX-License-Identifier: Apache-2.0
#include "app/signals.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "base/clock.h"

namespace tracee {
namespace {

std::atomic<bool> g_stop = false;
int g_fd = -1;
std::atomic<bool> g_reload = false, g_reopen = false, g_detectors = false, g_any = false;
int g_request_fd = -1;

// The handlers are async-signal-safe: write(2), clock_gettime(2) and _exit(2) only.
void notify(int fd) {
  const int saved = errno;
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(fd, &one, sizeof one);
  errno = saved;
}

// timeout(1) sends its signal to the process and to its group, and a terminal's may come
// together with a script's: what follows so soon is the same request.
constexpr int64_t kSameRequestMs = 500;
std::atomic<int64_t> g_asked_ms = 0;

void on_signal(int signal) {
  const int64_t now = clock_ms(CLOCK_MONOTONIC);
  int64_t asked = 0;
  if (!g_asked_ms.compare_exchange_strong(asked, now)) {
    if (now - asked >= kSameRequestMs) _exit(128 + signal);
    return;
  }
  g_stop = true;
  notify(g_fd);
}

int g_receiver = -1;

void on_passed(int signal, siginfo_t* info, void*) {
  if (info->si_code == SI_KERNEL) return;
  const int saved = errno;
  (void)syscall(SYS_pidfd_send_signal, g_receiver, signal, nullptr, 0);
  errno = saved;
}

void on_alarm(int) {
  g_stop = true;
  notify(g_fd);
}

void on_request(int signal) {
  (signal == SIGUSR1 ? g_reopen : g_reload) = true;
  g_any = true;
  notify(g_request_fd);
}

// A reading replay goes on (SA_RESTART); the loops look between two packets.
void watch_request(int signal) {
  struct sigaction action {};
  action.sa_handler = on_request;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

bool take(std::atomic<bool>& request) noexcept {
  // Read far more often than written: no exchange unless there is something.
  if (!request.load(std::memory_order_relaxed)) return false;
  uint64_t count;
  [[maybe_unused]] const auto got = read(g_request_fd, &count, sizeof count);
  return request.exchange(false);
}

}  // namespace

Result<> watch_signals() {
  g_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_request_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (g_fd < 0 || g_request_fd < 0)
    return fail(Exit::RunTime, "cannot make an eventfd", "raise the open-file limit");
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  watch_request(SIGUSR1);
  return {};
}

void pass_signals_to(int pid_fd) noexcept {
  g_receiver = pid_fd;
  struct sigaction action {};
  action.sa_sigaction = on_passed;
  action.sa_flags = SA_SIGINFO;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
    sigaction(number, &action, nullptr);
}

bool stop_requested() noexcept { return g_stop; }

void stop_after(std::chrono::milliseconds time) noexcept {
  struct sigaction action {};
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, nullptr);
  itimerval timer{};
  timer.it_value.tv_sec = time.count() / 1000;
  timer.it_value.tv_usec = time.count() % 1000 * 1000;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

int stop_fd() noexcept { return g_fd; }

void watch_reload() { watch_request(SIGHUP); }
bool take_reload_request() noexcept { return take(g_reload); }
bool take_reopen_request() noexcept { return take(g_reopen); }
void request_detectors() noexcept {
  g_detectors = true;
  g_any = true;
  notify(g_request_fd);
}
bool take_any_request() noexcept {
  return g_any.load(std::memory_order_relaxed) && g_any.exchange(false);
}
bool take_detectors_request() noexcept { return take(g_detectors); }
int request_fd() noexcept { return g_request_fd; }

}  // namespace tracee
