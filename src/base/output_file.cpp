// SPDX-License-Identifier: Apache-2.0
#include "base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tracee {
namespace {

// Somebody else may put a link, or a file of his, where we are told to write.
bool is_shared_folder(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  struct stat info;
  if (stat(parent.empty() ? "." : parent.c_str(), &info) != 0) return false;
  return (info.st_mode & S_IWOTH) != 0 || ((info.st_mode & S_IWGRP) != 0 && info.st_gid != 0);
}

}  // namespace

Result<Fd> open_for_writing(const std::string& label, const std::string& path, bool append) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return fail(Exit::Usage, label + ": " + path + " is a directory", "name a file in it");
  }
  // O_APPEND: who truncates the file under us (logrotate's copytruncate) gets no hole.
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (append ? 0 : O_TRUNC);
  const bool shared = is_shared_folder(path);
  if (shared) flags |= O_NOFOLLOW;
  Fd fd(::open(path.c_str(), flags, 0640));
  if (!fd && errno == ELOOP && shared) {
    return fail(Exit::RunTime, label + ": " + path + " is a symbolic link in a shared folder",
                "name the file itself, or a folder that only you may write to");
  }
  if (!fd) {
    return fail(Exit::RunTime, label + ": cannot open " + path + ": " + std::strerror(errno),
                "check that its folder exists and may be written to");
  }
  return fd;
}

}  // namespace tracee
