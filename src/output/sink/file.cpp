// SPDX-License-Identifier: Apache-2.0
#include "output/sink/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/fd.h"
#include "base/output_file.h"
#include "output/sink/rotation.h"

namespace tracee {
namespace {

using Clock = std::chrono::steady_clock;

struct FileSettings {
  Rotation rotation;
  bool sync_at_rotation = false;
  std::chrono::milliseconds sync_time{0};  // 0: no
  bool append = false;
};

class FileSink final : public Sink {
 public:
  FileSink(std::string path, std::string prologue, FileSettings settings, Fd file)
      : path_(std::move(path)),
        prologue_(std::move(prologue)),
        settings_(settings),
        owned_(std::move(file)),
        fd_(owned_ ? owned_.get() : STDOUT_FILENO) {
    if (needs_keeper()) {
      keeper_ = std::make_unique<FileKeeper>(path_, settings_.rotation.rules,
                                             [this](std::string text) { notice(std::move(text)); });
    }
    begin_file();
  }

  void take(const Batch& batch) noexcept override {
    if (reader_gone_) return count_dropped(batch.size());
    if (prologue_due_ && !write_prologue()) return lose(batch.size());
    // Headers are for other sinks; files and pipes ask for none, so the bytes of
    // the batch are those of its events.
    const size_t taken = write_all(batch.bytes);
    size_t whole = batch.size();
    if (taken < batch.bytes.size()) {
      whole = 0;
      while (whole < batch.size() && batch.marks[whole].end <= taken) ++whole;
      cut_to(whole == 0 ? 0 : batch.marks[whole - 1].end, taken);
    }
    const size_t bytes = whole == 0 ? 0 : batch.marks[whole - 1].end;
    count_written(whole, bytes);
    file_bytes_ += bytes;
    if (whole < batch.size()) return lose(batch.size() - whole);
    if (!problem_.empty()) recover();
    unsynced_ = true;
    if (settings_.rotation.bytes > 0 && file_bytes_ >= settings_.rotation.bytes) rotate();
  }

  void tick() noexcept override {
    if (prologue_due_ && !reader_gone_ && problem_.empty() && !write_prologue()) lose(0);
    const auto now = Clock::now();
    if (settings_.rotation.time.count() > 0 && now - begun_ >= settings_.rotation.time) {
      if (file_bytes_ > 0) {
        rotate();
      } else {
        begun_ = now;
      }
    }
    if (settings_.sync_time.count() > 0 && unsynced_ && now - synced_ >= settings_.sync_time) {
      sync();
      synced_ = now;
    }
  }

  void reopen() noexcept override {
    if (path_.empty() || !regular_) return;
    if (settings_.sync_at_rotation) sync();
    open_new(true);
  }

  void close() noexcept override {
    if (prologue_due_ && !reader_gone_ && problem_.empty() && !write_prologue()) lose(0);
    if (settings_.sync_at_rotation || settings_.sync_time.count() > 0) sync();
  }
  void join() noexcept override { keeper_.reset(); }

  bool accepting() const noexcept override { return problem_.empty() && !reader_gone_; }
  bool reader_gone() const noexcept override { return reader_gone_; }
  std::string problem() const override { return problem_; }

 private:
  bool needs_keeper() const {
    return settings_.rotation.rotates() || settings_.sync_at_rotation ||
           settings_.sync_time.count() > 0;
  }

  void begin_file() noexcept {
    struct stat info;
    regular_ = fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
    file_bytes_ = regular_ && !path_.empty() ? static_cast<uint64_t>(info.st_size) : 0;
    prologue_due_ = file_bytes_ == 0;
    begun_ = synced_ = Clock::now();
  }

  bool write_prologue() noexcept {
    const size_t taken = write_all(prologue_);
    if (taken < prologue_.size()) cut_to(0, taken);
    prologue_due_ = taken < prologue_.size();
    return !prologue_due_;
  }

  // How many bytes were taken. Waits for a pipe; never gives up but for an error.
  size_t write_all(std::string_view rest) noexcept {
    const size_t all = rest.size();
    while (!rest.empty()) {
      const ssize_t taken = ::write(fd_, rest.data(), rest.size());
      if (taken >= 0) {
        rest.remove_prefix(static_cast<size_t>(taken));
      } else if (errno == EAGAIN) {
        // Somebody made the pipe non-blocking; we are not in a hurry.
        pollfd ready{fd_, POLLOUT, 0};
        poll(&ready, 1, -1);
      } else if (errno != EINTR) {
        error_ = errno;
        count_failure();
        break;
      }
    }
    return all - rest.size();
  }

  // Of `taken` bytes at the end of the file only the first `whole` are events.
  void cut_to(size_t whole, size_t taken) noexcept {
    if (!regular_ || taken == whole) return;
    const off_t end = lseek(fd_, 0, SEEK_END);
    const auto part = static_cast<off_t>(taken - whole);
    if (end >= part && ftruncate(fd_, end - part) == 0 && path_.empty()) {
      lseek(fd_, end - part, SEEK_SET);
    }
  }

  void lose(size_t events) noexcept {
    count_dropped(events);
    if (error_ == EPIPE) {
      reader_gone_ = true;
      return;
    }
    lost_ += events;
    if (!problem_.empty()) return;
    problem_ =
        "cannot write to " + (path_.empty() ? "standard output" : path_) + ": " + strerror(error_);
    notice(problem_ + "; events are dropped until it can be written again");
  }

  void recover() noexcept {
    notice((path_.empty() ? "standard output" : path_) + " can be written again; " +
           std::to_string(lost_) + " events were dropped");
    problem_.clear();
    lost_ = 0;
  }

  void rotate() noexcept {
    if (!regular_) return;
    if (settings_.sync_at_rotation) sync();
    if (const auto done = keeper_->set_aside(); !done) {
      notice(done.error().what);
      begun_ = Clock::now();
      file_bytes_ = 0;  // not again at once
      return;
    }
    open_new(false);
  }

  void open_new(bool append) noexcept {
    auto file = open_for_writing("--output", path_, append);
    if (!file) {
      // The old one is still open, wherever it is; better there than nowhere.
      notice(file.error().what + "; events go on into the old file");
      begun_ = Clock::now();
      file_bytes_ = 0;
      return;
    }
    owned_ = std::move(*file);
    fd_ = owned_.get();
    begin_file();
  }

  void sync() noexcept {
    unsynced_ = false;
    if (keeper_) keeper_->sync(Fd(fcntl(fd_, F_DUPFD_CLOEXEC, 3)));
  }

  const std::string path_, prologue_;
  const FileSettings settings_;
  Fd owned_;
  int fd_;
  std::unique_ptr<FileKeeper> keeper_;
  bool regular_ = false, prologue_due_ = true, unsynced_ = false, reader_gone_ = false;
  uint64_t file_bytes_ = 0, lost_ = 0;
  Clock::time_point begun_, synced_;
  int error_ = 0;
  std::string problem_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path, std::string prologue,
                                             Settings& settings) {
  FileSettings file;
  if (!path.empty()) {
    file.rotation = read_rotation(settings);
    file.append = settings.flag("append", file.rotation.rotates());
    const std::string sync = settings.text("fsync", "never");
    if (const auto time = parse_time(sync); sync != "never" && sync != "rotate") {
      if (!time || time->count() < 10) {
        settings.complain("fsync: '" + sync + "' is neither never, rotate nor a time",
                          "write fsync=1s to lose at most a second when the power fails");
      } else {
        file.sync_time = *time;
      }
    }
    file.sync_at_rotation = sync != "never";
    file.rotation.rules.sync = file.sync_at_rotation;
  }
  if (auto done = settings.finish(); !done) return forward(done);
  Fd fd;
  if (!path.empty()) {
    auto opened = open_for_writing("--output", path, file.append);
    if (!opened) return forward(opened);
    fd = std::move(*opened);
    struct stat info;
    if (file.rotation.rotates() && (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))) {
      return fail(Exit::Usage, "--output: " + path + " is no regular file, so it cannot be rotated",
                  "leave the rotate options out");
    }
  }
  return std::make_unique<FileSink>(path, std::move(prologue), file, std::move(fd));
}

}  // namespace tracee
