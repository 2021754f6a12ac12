// SPDX-License-Identifier: Apache-2.0
// Bytes of a file or pipe, front to back, through one fixed buffer. It never
// seeks, so a pipe is as good as a file, and it never waits for more bytes than
// were asked for, so a live pipe is not held up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/fd.h"

namespace tracee {

class FileReader {
 public:
  // The most that peek() can give at once. Jumbograms of a loopback with large
  // segment offload reach half a MiB; a longer record is not a packet.
  static constexpr size_t kMaxPeek = 2u << 20;

  // `stop_fd`: reading ends as if the file did once this descriptor is readable;
  // it is looked at before each read that could block. -1: none; not owned.
  explicit FileReader(Fd file, int stop_fd = -1);

  // Called each time before a read has to wait, and each 100 ms while it waits. May
  // not throw.
  void when_waiting(std::function<void()> notice) { when_waiting_ = std::move(notice); }

  // The next `count` (<= kMaxPeek) bytes in one piece, without consuming them.
  // Fewer: the file ends there. The view is valid until the next call of a
  // non-const member.
  Bytes peek(size_t count) noexcept {
    if (end_ - begin_ < count) [[unlikely]]
      fill(count);
    return {buffer_ + begin_, end_ - begin_ < count ? end_ - begin_ : count};
  }

  // Steps over bytes that peek() gave; does not touch what views point at.
  void consume(size_t count) noexcept { begin_ += count; }

  // What a chunk of a file can be read into.
  using Block = std::unique_ptr<uint8_t[]>;
  static Block make_block() { return std::make_unique_for_overwrite<uint8_t[]>(kCapacity); }

  // From now on bytes are read into `block`, from its start; what was not consumed is
  // read again. While keeps(), views into it stay valid until it is used again. `block`
  // must outlive its use. Regular files only, which are read from their beginning.
  void read_into(uint8_t* block) noexcept;
  // False once more was consumed than a block has room for: then views are as ever.
  bool keeps() const noexcept { return keeps_; }

  // Steps over any number of bytes; false: the file ends before.
  bool skip(uint64_t count) noexcept;

  uint64_t offset() const noexcept { return read_ - (end_ - begin_); }  // of the next byte
  int error() const noexcept { return error_; }  // errno of a read that failed, or 0
  bool stopped() const noexcept { return stopped_; }

 private:
  static constexpr size_t kMaxKept = 256u << 10;  // consumed, in one block
  static constexpr size_t kCapacity = kMaxPeek + kMaxKept;

  void fill(size_t count) noexcept;
  size_t read_some(size_t room) noexcept;

  Fd file_;
  int stop_fd_;
  std::function<void()> when_waiting_;
  bool may_block_;
  bool stopped_ = false;
  bool ended_ = false;
  int error_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t read_ = 0;
  Block own_;
  uint8_t* buffer_;
  bool keeps_ = false;  // views of what was consumed
};

}  // namespace tracee
