// SPDX-License-Identifier: Apache-2.0
#include "output/sink/keeper.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include "base/folder.h"
#include "base/thread.h"
#include "output/sink/compress.h"

namespace tracee {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCompressed = ".zst";
constexpr std::string_view kUnfinished = ".zst.tmp";
// As name_at() writes it; 0 stands for a digit.
constexpr std::string_view kTime = ".00000000T000000.000000Z";

// What follows the path in the name of a file that was set aside; "" if it is none.
bool is_set_aside(std::string_view rest) {
  if (rest.size() < kTime.size()) return false;
  for (size_t i = 0; i < kTime.size(); ++i) {
    const bool digit = rest[i] >= '0' && rest[i] <= '9';
    if (kTime[i] == '0' ? !digit : rest[i] != kTime[i]) return false;
  }
  rest.remove_prefix(kTime.size());
  return rest.empty() || rest == kCompressed || rest == kUnfinished;
}

void sync_folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  const Fd fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) fsync(fd.get());
}

}  // namespace

std::string FileKeeper::name_at(const std::string& path, uint64_t time_us) {
  const auto seconds = static_cast<time_t>(time_us / 1'000'000);
  tm utc;
  gmtime_r(&seconds, &utc);
  return fmt::format("{}.{:04}{:02}{:02}T{:02}{:02}{:02}.{:06}Z", path, utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     time_us % 1'000'000);
}

Result<> FileKeeper::set_aside() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  // Names sort by time, so two of one microsecond, or a clock set back, must not meet.
  last_us_ = std::max(static_cast<uint64_t>(now_us), last_us_ + 1);
  if (::rename(path_.c_str(), name_at(path_, last_us_).c_str()) != 0 && errno != ENOENT) {
    return fail(Exit::RunTime, "cannot rotate " + path_ + ": " + std::strerror(errno));
  }
  look();
  return {};
}

FileKeeper::FileKeeper(std::string path, Rules rules, std::function<void(std::string)> tell)
    : path_(std::move(path)), rules_(rules), tell_(std::move(tell)) {
  thread_ = start_thread([this] { run(); });
}

FileKeeper::~FileKeeper() {
  {
    const std::lock_guard lock(lock_);
    end_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void FileKeeper::look() noexcept {
  const std::lock_guard lock(lock_);
  look_ = true;
  wake_.notify_one();
}

void FileKeeper::sync(Fd file) noexcept {
  const std::lock_guard lock(lock_);
  sync_ = std::move(file);
  wake_.notify_one();
}

void FileKeeper::run() noexcept {
  std::unique_lock lock(lock_);
  for (;;) {
    wake_.wait(lock, [this] { return look_ || end_ || sync_; });
    const bool look = std::exchange(look_, false);
    const Fd file = std::move(sync_);
    const bool end = end_ && !look && !file;
    if (end) return;
    lock.unlock();
    if (file && fdatasync(file.get()) != 0 && errno != EINVAL && errno != EROFS) {
      tell_("cannot sync " + path_ + ": " + strerror(errno));
    }
    if (look) {
      try {
        tidy();
      } catch (const std::exception& error) {
        tell_("cannot look after old files of " + path_ + ": " + error.what());
      }
    }
    lock.lock();
  }
}

void FileKeeper::tidy() {
  if (!rules_.compress && rules_.keep == 0) {
    if (rules_.sync) sync_folder_of(path_);
    return;
  }
  const fs::path path(path_);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string prefix = path.filename().string();
  std::vector<std::string> files;
  const auto error = each_entry(folder.string(), [&](std::string_view name) {
    if (!name.starts_with(prefix) || !is_set_aside(name.substr(prefix.size()))) return;
    if (name.ends_with(kUnfinished)) {
      // An earlier run ended while it compressed; the original is still there.
      fs::remove(folder / name);
    } else {
      files.push_back((folder / name).string());
    }
  });
  if (error) throw fs::filesystem_error("cannot read", folder, error);
  // Names are times: the oldest first. What will go need not be compressed.
  std::ranges::sort(files);
  if (rules_.keep > 0 && files.size() > rules_.keep) {
    const auto many = static_cast<std::ptrdiff_t>(files.size() - rules_.keep);
    for (auto file = files.begin(); file != files.begin() + many; ++file) fs::remove(*file);
    files.erase(files.begin(), files.begin() + many);
  }
  for (const std::string& file : files) {
    if (!rules_.compress || file.ends_with(kCompressed)) continue;
    const std::string whole = fmt::format("{}{}", file, kCompressed);
    const std::string unfinished = fmt::format("{}{}", file, kUnfinished);
    const std::string problem = compress_file(file, unfinished, rules_.sync);
    if (!problem.empty()) {
      fs::remove(unfinished);
      tell_(fmt::format("cannot compress {}: {}; it stays as it is", file, problem));
      break;
    }
    fs::rename(unfinished, whole);
    fs::remove(file);
  }
  if (rules_.sync) sync_folder_of(path_);
}

}  // namespace tracee
