// SPDX-License-Identifier: Apache-2.0
// The decode room: bytes of a packet in, typed events out. Owns the walk over
// IP and transport headers and the protocols' parsers. Promises: no allocation,
// no lock, no log line, no exception per packet; memory and time bounded by the
// packet's length; input that makes no sense costs an event, never the process.
//
// A Decoder belongs to one thread. Several can share what they know of streams.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/arena.h"
#include "base/bytes.h"
#include "decode/counters.h"
#include "decode/packet.h"
#include "decode/protocol.h"
#include "event/event.h"
#include "wire/wire.h"

namespace tracee {

class Fragments;
class RepeatedHeads;
class Streams;

// Which of a packet's events to make.
enum class Part : uint8_t {
  Whole,
  Alone,    // those that the packet tells by itself, in any order of packets
  Ordered,  // those that need the packets before it; they come behind the others
};

class Decoder {
 public:
  // `enabled`: the events somebody wants; only what they need is parsed.
  // `streams_of` (null: nobody) has the same options and events, and its streams are this
  // one's too. Then only one of the two may be in decode() with Whole or Ordered at a
  // time, and the packets come to them in one order.
  Decoder(const DecodeOptions& options, EventMask enabled, const Decoder* streams_of = nullptr);
  ~Decoder();

  // Other events are wanted from now on. What is known of streams stays.
  void enable(EventMask enabled);

  // `bytes` starts at the IP header; `length` is what the packet had on the
  // wire. Events reference `bytes` and `context` and die with the call. `wants`: the
  // WIRE_WANT_* classes the packet was kept for; it makes no other events, so what
  // comes out for one class does not depend on what is asked of another.
  void decode(Bytes bytes, uint32_t length, const Context& context, EventHandler& out,
              uint32_t wants = WIRE_WANT_ALL, Part part = Part::Whole) noexcept;

  // False: no enabled event is Ordered.
  bool has_order() const noexcept { return fragments_ != nullptr; }

  const DecodeCounters& counters() const noexcept { return counters_; }
  // Counts as its own what `other` has counted, which begins anew.
  void take_counts(Decoder& other) noexcept {
    counters_ += other.counters_;
    other.counters_ = {};
  }

 private:
  static Parse walk_transport(Packet& packet) noexcept;
  void decode_ordered(const Packet& packet, Scope& scope, uint32_t wants) noexcept;
  void decode_segment(const Packet& packet, Scope& scope, uint32_t wants) noexcept;
  void decode_datagram(const Packet& packet, Scope& scope, uint32_t wants) noexcept;

  struct Rows {
    std::array<const Protocol*, kMaxPacketEvents> row{};
    size_t count = 0;
    std::span<const Protocol* const> all() const noexcept { return {row.data(), count}; }
  };
  // Rows that have an enabled event, by layer.
  Rows network_, transport_, datagram_, stream_;
  bool above_network_ = false;  // somebody wants more than the IP header

  DecodeOptions options_;
  EventMask enabled_;
  Arena arena_;
  std::unique_ptr<RepeatedHeads> heads_;
  // Null: no enabled event needs them.
  std::shared_ptr<Fragments> fragments_;
  std::shared_ptr<Streams> streams_;
  DecodeCounters counters_;
};

// WIRE_WANT_* classes of packets that an event is made of; 0: of none.
uint32_t wire_wants(const EventSpec& spec);

// The specs of all packet events, in catalogue order.
std::span<const EventSpec* const> packet_events();

}  // namespace tracee
