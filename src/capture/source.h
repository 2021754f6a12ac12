// SPDX-License-Identifier: Apache-2.0
// The capture room: where packets come from. Owns the BPF object and its ring
// (live.h) and the capture files (replay.h). Both give the same Record; nobody
// behind this header can tell them apart. This room knows link layers, not
// protocols.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "event/context.h"
#include "wire/wire.h"

namespace tracee {

enum class Direction : uint8_t { Unknown = 0, Ingress = WIRE_INGRESS, Egress = WIRE_EGRESS };

// One packet from its IP header on. Views: valid until the handler returns.
struct Record {
  uint64_t time_ns = 0;        // since the epoch
  Bytes packet;                // captured bytes
  uint32_t packet_length = 0;  // bytes the packet had; packet.size() may be less
  uint32_t cpu = 0;
  uint32_t ifindex = 0;
  uint32_t net_ns = 0;
  uint16_t gso_segments = 0;
  Direction direction = Direction::Unknown;
  // Why the kernel kept it; a file gives no reason, so it may be for anything.
  uint32_t wants = WIRE_WANT_ALL;       // WIRE_WANT_* classes
  uint32_t generation = 0;              // of the rules
  uint64_t rules = UINT64_MAX;          // which of them
  const struct owner* owner = nullptr;  // null: the source has none (replay)
  uint64_t boot_epoch_ns = 0;           // for owner's times; see boot_epoch.h
  const Context* stored = nullptr;      // all of it, from a file that tracee wrote
};

// Called once per packet, on the source's thread. Must not block or throw.
class RecordHandler {
 public:
  virtual void on_record(const Record& record) noexcept = 0;
  // News of processes and control groups, in order with the packets: one of the
  // other records of wire.h, whole and aligned.
  virtual void on_news([[maybe_unused]] Bytes record) noexcept {}

 protected:
  ~RecordHandler() = default;
};

}  // namespace tracee
