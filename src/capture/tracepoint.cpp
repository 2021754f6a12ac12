// SPDX-License-Identifier: Apache-2.0
#include "capture/tracepoint.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

namespace tracee {
namespace {

Fd open_read(int at, const std::string& path) {
  return Fd(::openat(at, path.c_str(), O_RDONLY | O_CLOEXEC));
}

Fd mount_privately() {
  const Fd context(::fsopen("tracefs", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return Fd();
  return Fd(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
}

Fd open_id(const std::string& name) {
  const std::string path = "events/" + name + "/id";
  for (const char* root : {"/sys/kernel/tracing/", "/sys/kernel/debug/tracing/"}) {
    if (Fd fd = open_read(AT_FDCWD, root + path)) return fd;
  }
  const Fd mount = mount_privately();
  return mount ? open_read(mount.get(), path) : Fd();
}

std::optional<uint64_t> read_number(int fd) {
  char text[24];
  const ssize_t size = ::read(fd, text, sizeof text);
  uint64_t number = 0;
  if (size <= 0 || std::from_chars(text, text + size, number).ec != std::errc())
    return std::nullopt;
  return number;
}

Result<uint64_t> id_of(const std::string& name) {
  const Fd file = open_id(name);
  const int error = errno;
  const auto id = file ? read_number(file.get()) : std::nullopt;
  if (!id)
    return fail(Exit::Missing, "no tracepoint " + name + " (" + std::strerror(error) + ")",
                "the kernel needs CONFIG_FTRACE_SYSCALLS=y");
  return *id;
}

}  // namespace

Result<> find_tracepoint(const std::string& name) {
  if (auto id = id_of(name); !id) return forward(id);
  return {};
}

Result<Fd> open_tracepoint(const std::string& name) {
  auto id = id_of(name);
  if (!id) return forward(id);
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.size = sizeof attributes;
  attributes.config = *id;
  attributes.sample_period = 1;
  // One processor is enough: a program on it sees the tracepoint on all of them.
  Fd event(static_cast<int>(
      ::syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event)
    return fail(Exit::Missing,
                "tracepoint " + name + " cannot be opened (" + std::strerror(errno) + ")",
                "grant CAP_PERFMON, or lower kernel.perf_event_paranoid");
  return event;
}

}  // namespace tracee
