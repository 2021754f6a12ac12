// SPDX-License-Identifier: Apache-2.0
// A pcapng file, or standard output as one. A write that fails is undone where that
// is possible: what stands in a file can be read. Afterwards packets are dropped.
#pragma once

#include <memory>

#include "base/fd.h"
#include "base/result.h"
#include "capture/packet_sink.h"
#include "capture/pcapng_writer.h"

namespace tracee {

class PacketFile final : public PacketSink {
 public:
  // `path` is made, or emptied; "" and "-" are standard output. `option` is what the
  // user wrote, for messages. Errors: a directory, a terminal, what open(2) says.
  static Result<std::unique_ptr<PacketFile>> open(const std::string& path,
                                                  const std::string& option);

  // A section behind what `file` holds. `what`: a comment for the section.
  PacketFile(Fd file, std::string name, std::string_view what);

  void write(const Context& context, Bytes packet, uint32_t length) noexcept override;
  void flush() noexcept override;
  bool waiting() const noexcept override { return !writer_.bytes().empty(); }
  void finish(uint64_t lost) noexcept override;
  bool is_stdout() const noexcept override { return file_.get() == STDOUT_FILENO; }

 private:
  void fail_from(int error) noexcept;

  Fd file_;
  PcapngWriter writer_;
  uint64_t waiting_packets_ = 0;
  bool regular_ = false;
  bool finished_ = false;
  int64_t end_ = 0;  // of what was written whole, in a regular file
};

}  // namespace tracee
