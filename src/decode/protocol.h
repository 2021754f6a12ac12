// SPDX-License-Identifier: Apache-2.0
// What a protocol is to the decoder: one row of the list in protocols.cpp, and
// the scope a parser works in.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "decode/counters.h"
#include "decode/packet.h"
#include "event/event.h"

namespace tracee {

// Packet events have ids from here on; 64 of them fit the enabled mask.
constexpr uint32_t kFirstPacketEvent = 2000;
constexpr uint32_t kMaxPacketEvents = 64;

using EventMask = uint64_t;

constexpr EventMask event_bit(const EventSpec& spec) {
  return EventMask{1} << (spec.id - kFirstPacketEvent);
}

// What the stream table may use.
struct StreamLimits {
  uint32_t flows = 65'536;
  size_t kept_bytes = size_t{16} << 20;              // of unfinished messages and early segments:
                                                     // each flow can keep a short beginning
  uint32_t held_bytes = 256 * 1024;                  // of early segments, for one direction
  uint64_t held_ns = 2'000'000'000;                  // how long they wait for what is missing
  uint64_t idle_ns = uint64_t{600} * 1'000'000'000;  // then a connection is forgotten
  uint64_t hash_seed = 0;                            // keep it secret where packets are hostile
};

// What the reassembly of IP datagrams may use.
struct FragmentLimits {
  uint32_t datagrams = 256;
  uint64_t wait_ns = uint64_t{30} * 1'000'000'000;
};

struct DecodeOptions {
  static constexpr size_t kMaxPorts = 16;
  uint16_t dns_ports[kMaxPorts] = {53};
  size_t dns_port_count = 1;
  bool extended = false;  // decode what only extended output shows
  StreamLimits streams;
  FragmentLimits fragments;

  bool is_dns_port(uint16_t port) const noexcept {
    for (size_t i = 0; i < dns_port_count; ++i) {
      if (dns_ports[i] == port) return true;
    }
    return false;
  }
};

class RepeatedHeads;

// A parser's view of the world for one packet: memory, options, and the way
// out for events. Events go out in the order they are emitted.
class Scope {
 public:
  Scope(Arena& arena, RepeatedHeads& heads, const DecodeOptions& options, DecodeCounters& counters,
        EventMask enabled, const Context& context, EventHandler& out) noexcept
      : arena(arena),
        heads(heads),
        options(options),
        counters(counters),
        enabled_(enabled),
        context_(context),
        out_(out) {}

  bool wants(const EventSpec& spec) const noexcept { return (enabled_ & event_bit(spec)) != 0; }
  void emit(const EventSpec& spec, const void* data) noexcept {
    out_.on_event(Event{&spec, &context_, data});
  }

  const Context& context() const noexcept { return context_; }
  // Counts what became of a header or message.
  void note(Parse result) noexcept { counters.note(result); }

  Arena& arena;
  RepeatedHeads& heads;
  const DecodeOptions& options;
  DecodeCounters& counters;

 private:
  EventMask enabled_;
  const Context& context_;
  EventHandler& out_;
};

// The layer a protocol sits on, and so what it is offered.
enum class Over : uint8_t {
  Network,    // every IP packet
  Transport,  // packets whose upper-layer protocol is `number`
  Datagram,   // UDP payloads it accepts
  Stream,     // TCP streams whose beginning it recognises
};

// How the beginning of a stream's message is known.
enum class Start : uint8_t {
  Sure,   // the stream begins here
  Guess,  // picked up in the middle: only bytes that look like a beginning count
};

class StreamSide;
struct Redaction;

struct Protocol {
  // An event of this protocol without what must not be shown: `data` itself, or a copy
  // in the arena. redact.h
  using Redact = const void* (*)(const EventSpec&, const void* data, const Redaction&,
                                 Arena&) noexcept;
  std::string_view name;
  Over over;
  uint8_t number;      // IP protocol (Transport only)
  uint32_t wire_want;  // WIRE_WANT_* the kernel side must deliver for its events
  std::span<const EventSpec* const> events;
  // Cheap recognition of a Datagram. Stream: of segments whose connection may carry
  // it; null: any may.
  bool (*accepts)(const Packet&, const DecodeOptions&) noexcept;
  // Parses and emits what Scope::wants. Never allocates, logs or throws. Not for Stream.
  Parse (*decode)(const Packet&, Scope&) noexcept;
  // Stream: may a message begin with these bytes of a segment? Cheap.
  bool (*starts)(Bytes, Start, const Packet&, const DecodeOptions&) noexcept = nullptr;
  // Stream: reads bytes that follow those of the call before, emits what they
  // complete, and returns how many it has used. 0: it has lost its place.
  size_t (*read)(StreamSide&, Bytes, const Packet&, Scope&) noexcept = nullptr;
  // Null: its events have nothing that could be asked to be hidden.
  Redact redact = nullptr;
};

// The list of protocols, in the order their events leave. See protocols.cpp.
std::span<const Protocol> protocols();

}  // namespace tracee
