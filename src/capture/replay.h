// SPDX-License-Identifier: Apache-2.0
// Packets of a capture file, as Records. Reads classic pcap and pcapng from a
// file or a pipe, in one pass and one fixed buffer; nothing is allocated per
// packet. libpcap is not used: it refuses pcapng files that mix link types, does
// not tell a cut file from a damaged one, and drops the blocks' options.
//
//   auto source = ReplaySource::open("-");
//   if (!source) return forward(source);
//   Record record;
//   while ((*source)->next(record) == ReplaySource::Next::Packet) use(record);
//   if (auto problem = (*source)->problem(); !problem.empty()) warn(problem);
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "capture/file_reader.h"
#include "capture/frame.h"
#include "capture/source.h"

namespace tracee {

// Law: read == packets given out + no_ip.
struct ReplayCounts {
  uint64_t read = 0;   // packets in what was read of the file
  uint64_t no_ip = 0;  // of these: no IP inside, or a link type that is not known
  uint64_t bytes = 0;  // captured bytes of all of them, link headers included
};

class ReplaySource {
 public:
  // `path`: a file, or "-" for standard input. `stop_fd` (-1: none, not owned)
  // ends the reading of a pipe that has nothing to give, as if its end had come,
  // once it is readable; a file never waits, so there the caller decides.
  // Errors: Exit::RunTime with a hint.
  static Result<std::unique_ptr<ReplaySource>> open(const std::string& path, int stop_fd = -1);

  // The same for a file that is open already; `name` is for messages.
  static Result<std::unique_ptr<ReplaySource>> from(Fd file, std::string name, int stop_fd = -1);

  ReplaySource(const ReplaySource&) = delete;
  ReplaySource& operator=(const ReplaySource&) = delete;

  enum class Next : uint8_t {
    Packet,
    End,  // the file was read whole, or stop_fd said so between two packets
    Cut,  // it ends inside a packet or is damaged from here on; see problem()
  };

  // Called each time before reading has to wait for a pipe. May not throw.
  void when_waiting(std::function<void()> notice) { file_.when_waiting(std::move(notice)); }

  // The next packet that carries IP. Views in `out` are valid until the next
  // call. After End or Cut the answer stays the same.
  Next next(Record& out) noexcept;

  // See FileReader: views of records stay valid while keeps().
  void read_into(uint8_t* block) noexcept { file_.read_into(block); }
  bool keeps() const noexcept { return file_.keeps(); }

  // After Cut: what is wrong and where, in words for the user. Else empty.
  std::string problem() const;

  ReplayCounts counts() const noexcept { return counts_; }

 private:
  ReplaySource(Fd file, std::string name, int stop_fd);
  Next finish(Read read) noexcept;

  FileReader file_;
  std::unique_ptr<FrameReader> reader_;
  std::string name_;
  ReplayCounts counts_;
  Next last_ = Next::Packet;
  bool damaged_ = false;
};

}  // namespace tracee
