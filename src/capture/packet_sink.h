// SPDX-License-Identifier: Apache-2.0
// Where packets go as packets. Law: matched == written + dropped.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "event/context.h"

namespace tracee {

struct PacketCounters {
  uint64_t matched = 0;  // given to write()
  uint64_t written = 0;  // the file took them
  uint64_t dropped = 0;  // the file did not
};

class PacketSink {
 public:
  explicit PacketSink(std::string name) : name_(std::move(name)) {}
  virtual ~PacketSink() = default;
  PacketSink(const PacketSink&) = delete;
  PacketSink& operator=(const PacketSink&) = delete;

  // `packet`: what is to be kept of a packet of `length` bytes, from its IP header.
  virtual void write(const Context& context, Bytes packet, uint32_t length) noexcept = 0;
  // Writes what waits. Called each 100 ms and at the end.
  virtual void flush() noexcept = 0;
  virtual bool waiting() const noexcept = 0;
  // Ends the files; nothing is written afterwards. `lost`: packets that were lost
  // before they came here.
  virtual void finish(uint64_t lost) noexcept = 0;

  const std::string& name() const noexcept { return name_; }
  const PacketCounters& counters() const noexcept { return counters_; }
  // The first failure, for the user; empty: none. `broken`: there is no point in
  // going on.
  const std::string& problem() const noexcept { return problem_; }
  bool broken() const noexcept { return broken_; }
  virtual bool is_stdout() const noexcept { return false; }
  // Somebody has moved the file away: makes it anew.
  virtual void reopen() noexcept {}

 protected:
  PacketCounters counters_;
  std::string problem_;
  bool broken_ = false;

 private:
  std::string name_;
};

}  // namespace tracee
