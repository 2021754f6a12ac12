// SPDX-License-Identifier: Apache-2.0
#include "enrich/users.h"

#include <pwd.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>

namespace tracee {
namespace {

// More users than this do not come from a file.
constexpr size_t kMaxUsers = 16384;

struct Close {
  void operator()(FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace

Users::Users(std::string path) : path_(std::move(path)) { read(); }

std::string_view Users::name(uint32_t uid) noexcept {
  const auto found = names_.find(uid);
  if (found != names_.end()) return found->second;
  missed_ = true;
  return {};
}

void Users::refresh() {
  if (!missed_ || time(nullptr) == looked_at_) return;
  missed_ = false;
  looked_at_ = time(nullptr);
  struct stat file;
  if (stat(path_.c_str(), &file) != 0) return;
  if (file.st_mtim.tv_sec != changed_.tv_sec || file.st_mtim.tv_nsec != changed_.tv_nsec) read();
}

void Users::read() {
  const std::unique_ptr<FILE, Close> file(std::fopen(path_.c_str(), "re"));
  struct stat info;
  if (!file || fstat(fileno(file.get()), &info) != 0) return;
  changed_ = info.st_mtim;
  names_.clear();
  passwd entry;
  passwd* found = nullptr;
  char buffer[4096];
  while (names_.size() < kMaxUsers &&
         fgetpwent_r(file.get(), &entry, buffer, sizeof buffer, &found) == 0) {
    names_.try_emplace(entry.pw_uid, entry.pw_name);  // the first of two names
  }
}

}  // namespace tracee
