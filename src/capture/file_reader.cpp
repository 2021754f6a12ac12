// SPDX-License-Identifier: Apache-2.0
#include "capture/file_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tracee {
namespace {

// Fits the second-level cache together with what decoding needs.
constexpr size_t kReadBytes = 256u << 10;
// Less of what a chunk does not need is read again.
constexpr size_t kBlockBytes = 16u << 10;

// How often a reader that waits says so.
constexpr int kNoticeMs = 100;

bool is_regular(int fd) {
  struct stat about = {};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

}  // namespace

FileReader::FileReader(Fd file, int stop_fd)
    : file_(std::move(file)),
      stop_fd_(stop_fd),
      may_block_(!is_regular(file_.get())),
      // for_overwrite: what no record needs is never touched, so it costs nothing.
      own_(make_block()),
      buffer_(own_.get()) {
  if (!may_block_) ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

void FileReader::fill(size_t count) noexcept {
  count = std::min(count, kMaxPeek);
  size_t room = std::max(count, keeps_ ? kBlockBytes : kReadBytes);
  keeps_ = keeps_ && begin_ <= kMaxKept;
  if (keeps_) {
    room += begin_;
  } else if (begin_ != 0) {
    std::memmove(own_.get(), buffer_ + begin_, end_ - begin_);
    buffer_ = own_.get();
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < count && read_some(room - end_) != 0) {
  }
}

void FileReader::read_into(uint8_t* block) noexcept {
  buffer_ = block;
  keeps_ = true;
  // A read that failed, or the end, stays what it was.
  if (!ended_ || begin_ < end_) {
    read_ = offset();
    ended_ = ::lseek(file_.get(), static_cast<off_t>(read_), SEEK_SET) < 0;
  }
  begin_ = end_ = 0;
}

size_t FileReader::read_some(size_t room) noexcept {
  while (!ended_) {
    if (may_block_ && stop_fd_ >= 0) {
      pollfd ready[] = {{file_.get(), POLLIN, 0}, {stop_fd_, POLLIN, 0}};
      int answers = ::poll(ready, 2, when_waiting_ ? 0 : -1);
      while (answers == 0) {
        when_waiting_();
        answers = ::poll(ready, 2, kNoticeMs);
      }
      // Any answer but "interrupted" leads to a read, which reports what is wrong.
      if (answers < 0 && errno == EINTR) continue;
      if (ready[1].revents != 0) {
        stopped_ = ended_ = true;
        break;
      }
    }
    const ssize_t got = ::read(file_.get(), buffer_ + end_, room);
    if (got > 0) {
      end_ += static_cast<size_t>(got);
      read_ += static_cast<uint64_t>(got);
      return static_cast<size_t>(got);
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      pollfd ready = {file_.get(), POLLIN, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (got < 0) error_ = errno;
    ended_ = true;
  }
  return 0;
}

bool FileReader::skip(uint64_t count) noexcept {
  for (;;) {
    const uint64_t here = std::min<uint64_t>(count, end_ - begin_);
    begin_ += static_cast<size_t>(here);
    count -= here;
    if (count == 0) return true;
    if (peek(1).empty()) return false;
  }
}

}  // namespace tracee
