// SPDX-License-Identifier: Apache-2.0
// A frame of a capture file, and what the readers of the two file formats have
// in common. They know files, not link layers; link_layer.h knows those.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "capture/source.h"

namespace tracee {

// Views: valid until the reader's next call.
struct Frame {
  uint64_t time_ns = 0;    // since the epoch; 0: the file has no time for it
  Bytes bytes;             // captured bytes, from the link-layer header on
  uint32_t length = 0;     // bytes the frame had, never less than bytes.size()
  uint32_t ifindex = 0;    // 0: not known
  uint32_t link_type = 0;  // LINKTYPE_* number of the tcpdump.org registry
  Direction direction = Direction::Unknown;
  const Context* stored = nullptr;  // of a packet that tracee wrote; null: none
};

enum class Read : uint8_t {
  Frame,
  End,      // the file ends where a record ends
  Cut,      // the file ends inside a record
  Damaged,  // what follows cannot be told apart any more
};

// Why reading stopped at Cut or Damaged. `reason` is a literal that goes on
// after "the file is damaged here:"; null for a cut.
struct Fault {
  uint64_t offset = 0;  // where the record begins that could not be read
  const char* reason = nullptr;
};

// After anything but Frame, next() must not be called again.
class FrameReader {
 public:
  virtual ~FrameReader() = default;
  virtual Read next(Frame& out) noexcept = 0;
  const Fault& fault() const noexcept { return fault_; }

 protected:
  Read cut(uint64_t offset) noexcept {
    fault_ = {offset, nullptr};
    return Read::Cut;
  }
  Read damaged(uint64_t offset, const char* reason) noexcept {
    fault_ = {offset, reason};
    return Read::Damaged;
  }

 private:
  Fault fault_;
};

// Integers of a file that may be written in the other byte order.
class FileOrder {
 public:
  FileOrder() = default;
  explicit FileOrder(bool swapped) noexcept : swapped_(swapped) {}

  uint16_t u16(const uint8_t* p) const noexcept {
    uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap16(v) : v;
  }
  uint32_t u32(const uint8_t* p) const noexcept {
    uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap32(v) : v;
  }
  uint64_t u64(const uint8_t* p) const noexcept {
    uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap64(v) : v;
  }

 private:
  bool swapped_ = false;
};

}  // namespace tracee
