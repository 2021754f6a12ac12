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

namespace tracee {
namespace {

std::atomic<bool> g_stop = false;
int g_fd = -1;
std::atomic<bool> g_reload = false;
int g_reload_fd = -1;

// The handlers are async-signal-safe: write(2) and _exit(2) only.
void notify(int fd) {
  const int saved = errno;
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(fd, &one, sizeof one);
  errno = saved;
}

void on_signal(int signal) {
  if (g_stop.exchange(true)) _exit(128 + signal);
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

void on_reload(int) {
  g_reload = true;
  notify(g_reload_fd);
}

}  // namespace

Result<> watch_signals() {
  g_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (g_fd < 0) return fail(Exit::RunTime, "cannot make an eventfd", "raise the open-file limit");
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
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

void watch_reload() {
  g_reload_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = on_reload;
  // A reading replay goes on; the loops look between two packets.
  action.sa_flags = SA_RESTART;
  if (g_reload_fd >= 0) sigaction(SIGHUP, &action, nullptr);
}

bool take_reload_request() noexcept {
  // Read far more often than written: no exchange unless there is something.
  if (!g_reload.load(std::memory_order_relaxed)) return false;
  uint64_t count;
  [[maybe_unused]] const auto got = read(g_reload_fd, &count, sizeof count);
  return g_reload.exchange(false);
}

int reload_fd() noexcept { return g_reload_fd; }

}  // namespace tracee
