// SPDX-License-Identifier: Apache-2.0
// The packets that are kept as packets (--write, --output pcapng, --capture): which
// of them, how much of each, and where they go.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "capture/packet_sink.h"
#include "capture/source.h"
#include "filter/selection.h"

namespace tracee {

struct Capture {
  std::unique_ptr<PacketSink> sink;
  bool selected_only = false;             // packets of which an event was kept
  std::optional<uint32_t> payload_bytes;  // behind the headers; nothing: all
};

class Captures {
 public:
  Captures() = default;

  // Takes the pcapng outputs out of `outputs`. Without any wish for events (--events,
  // --policy, --filter) a file gets every packet of the scopes, with one those whose
  // events are kept. Errors: what cannot be opened, and mistakes in --capture.
  static Result<Captures> open(const Options& options, std::vector<std::string>& outputs,
                               const Catalog& catalog);

  bool empty() const noexcept { return captures_.empty(); }
  const std::vector<Capture>& all() const noexcept { return captures_; }

  // What the kernel side has to deliver: WIRE_WANT_* bits, and bytes behind the headers.
  uint32_t wire_wants() const noexcept;
  uint32_t payload_bytes() const noexcept;
  // An event has to be made of each packet to know whether it is kept.
  bool needs_events() const noexcept;

  // `selected`: an event of the packet was kept. Says whether any capture took it.
  bool take(const Context& context, Bytes packet, uint32_t length, bool selected) noexcept;

  void flush() noexcept;
  void reopen() noexcept;  // SIGUSR1
  bool waiting() const noexcept;
  bool broken() const noexcept;  // all are
  void finish(uint64_t lost) noexcept;
  uint64_t dropped() const noexcept;

 private:
  bool in_scope(const Context& context, Bytes packet) const noexcept;

  std::vector<Capture> captures_;
  std::vector<uint16_t> dns_ports_;
  // The scopes alone, as a selection of these two events; nothing: all packets.
  std::optional<Selection> scope_;
  const EventSpec* ipv4_ = nullptr;
  const EventSpec* ipv6_ = nullptr;
};

}  // namespace tracee
