// SPDX-License-Identifier: Apache-2.0
// A pcapng file, or standard output as one. A write that fails is undone where that
// is possible: what stands in a file can be read. Afterwards packets are dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "capture/packet_sink.h"
#include "capture/pcapng_writer.h"

namespace tracee {

// When a file is set aside and a new one of its name begun; each of them is a whole
// capture. What was lost before is told in the last one.
struct PacketRotation {
  uint64_t bytes = 0;                 // 0: not by size
  std::chrono::milliseconds time{0};  // 0: not by time
  // Moves the file away; says whether it could.
  std::function<bool()> set_aside;
};

class PacketFile final : public PacketSink {
 public:
  // `path` is made, or emptied; "" and "-" are standard output. `option` is what the
  // user wrote, for messages. Errors: a directory, a terminal, what open(2) says.
  static Result<std::unique_ptr<PacketFile>> open(const std::string& path,
                                                  const std::string& option,
                                                  PacketRotation rotation = {});

  // A section behind what `file` holds. `what`: a comment for the section.
  PacketFile(Fd file, std::string name, std::string_view what);

  void write(const Context& context, Bytes packet, uint32_t length) noexcept override;
  void flush() noexcept override;
  bool waiting() const noexcept override { return !writer_.bytes().empty(); }
  void finish(uint64_t lost) noexcept override;
  bool is_stdout() const noexcept override { return file_.get() == STDOUT_FILENO; }
  void reopen() noexcept override;

 private:
  using Clock = std::chrono::steady_clock;

  void write_out() noexcept;
  void fail_from(int error) noexcept;
  bool rotation_due() const noexcept;
  void begin_anew(bool append) noexcept;

  Fd file_;
  PcapngWriter writer_;
  uint64_t waiting_packets_ = 0;
  bool regular_ = false;
  bool finished_ = false;
  int64_t end_ = 0;    // of what was written whole, in a regular file
  int64_t since_ = 0;  // from here on the size of the file counts
  PacketRotation rotation_;
  uint64_t file_packets_ = 0;
  Clock::time_point begun_ = Clock::now();
};

}  // namespace tracee
