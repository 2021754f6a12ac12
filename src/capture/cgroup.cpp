// SPDX-License-Identifier: Apache-2.0
#include "capture/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace tracee {
namespace {

// Blank, tab, newline and backslash stand as \040 and so on, see getmntent(3).
std::string unescape(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view take_until(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view word = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return word;
}

// A path may be hidden under a later mount, so the file system has the last word.
bool is_cgroup2(const Fd& fd) {
  struct statfs fs;
  return fd && ::fstatfs(fd.get(), &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

Fd open_directory(int at, const char* path) {
  return Fd(::openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Fd mount_privately() {
  const Fd context(::fsopen("cgroup2", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return Fd();
  const Fd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  return mount ? open_directory(mount.get(), ".") : Fd();
}

}  // namespace

std::vector<std::string> cgroup2_mounts(std::string_view mounts) {
  std::vector<std::string> found;
  while (!mounts.empty()) {
    std::string_view line = take_until(mounts, '\n');
    take_until(line, ' ');  // device
    const std::string_view point = take_until(line, ' ');
    if (take_until(line, ' ') == "cgroup2") found.push_back(unescape(point));
  }
  return found;
}

Result<Fd> open_cgroup_root() {
  std::ifstream file("/proc/self/mounts");
  const std::string mounts{std::istreambuf_iterator<char>(file), {}};
  for (const std::string& point : cgroup2_mounts(mounts)) {
    Fd fd = open_directory(AT_FDCWD, point.c_str());
    if (is_cgroup2(fd)) return fd;
  }
  Fd fd = mount_privately();
  if (fd) return fd;
  return fail(Exit::Missing,
              std::string("no cgroup v2 hierarchy is mounted and mounting one failed: ") +
                  std::strerror(errno),
              "mount it with: mount -t cgroup2 none /sys/fs/cgroup/unified");
}

}  // namespace tracee
