// SPDX-License-Identifier: Apache-2.0
// TCP payloads in order: the one stream table that all protocols over TCP share.
// Owns the flows, the bytes of unfinished messages, and the segments that came
// too early. Promises: no allocation after construction; a segment that finds its
// stream idle is read where it lies, without a copy; flows, bytes, waiting time
// and work per segment are bounded; what is lost of a stream is counted, and the
// stream is picked up where the next message can be recognised.
//
// A protocol sees one direction at a time: Protocol::read() gets bytes in order,
// says how many it has used, and may keep() a message's beginning, skip() a body
// that nobody needs, or lose() its place.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "decode/packet.h"
#include "decode/protocol.h"
#include "decode/stream/blocks.h"
#include "decode/stream/flow_table.h"
#include "decode/stream/pieces.h"

namespace tracee {

class Streams;

// One direction of a connection, during one read().
class StreamSide {
 public:
  // To the end of the stream.
  static constexpr uint64_t kToEnd = UINT64_MAX;

  template <class State>
  State& state() noexcept {
    return half_.state.as<State>();
  }
  template <class State>
  State& peer_state() noexcept {
    return peer_.state.as<State>();
  }

  // Bytes of an unfinished message, kept from earlier reads.
  uint32_t kept() const noexcept { return half_.kept.size; }
  // False: no room; the message is lost, and so is the place.
  bool keep(Bytes more) noexcept;
  // What is kept, with `tail` behind it, in one piece; empty when the arena is full.
  Bytes join(Bytes tail, Arena& arena) const noexcept;
  void drop_kept() noexcept;

  // Nobody needs the `count` bytes behind those that this read() uses.
  void skip(uint64_t count) noexcept { half_.skip = count; }
  // Where the next message begins is not known: look for one at each segment.
  void lose() noexcept;
  // The same by agreement: what follows in both directions is something else's.
  void leave() noexcept;

  bool peer_skips_to_end() const noexcept { return peer_.skip == kToEnd; }
  // The peer's endless message has ended nevertheless.
  void end_peer() noexcept;

 private:
  friend class Streams;
  StreamSide(Streams& streams, Scope& scope, Flow& flow, int side) noexcept
      : streams_(streams),
        scope_(scope),
        flow_(flow),
        half_(flow.half[side]),
        peer_(flow.half[1 - side]) {}

  Streams& streams_;
  Scope& scope_;
  Flow& flow_;
  Half& half_;
  Half& peer_;
};

class Streams {
 public:
  explicit Streams(const StreamLimits& limits);

  // One TCP segment. `rows`: the protocols to look for, in order of precedence.
  void segment(const Packet& packet, Scope& scope, std::span<const Protocol* const> rows) noexcept;

  // For tests: what is in use now.
  uint32_t flows() const noexcept { return table_.size(); }
  uint32_t used_blocks() const noexcept { return blocks_.used_blocks(); }

 private:
  friend class StreamSide;

  // One segment on its way: what deliver() and its callees need.
  struct Work {
    const Packet& packet;
    Scope& scope;
    std::span<const Protocol* const> rows;
    Flow& flow;
    int side;
    uint64_t now;
    bool retried = false;  // a wrong guess was taken back once in this segment
    Half& half() const noexcept { return flow.half[side]; }
  };

  Flow* flow_of(const Packet& packet, Scope& scope, bool opens, int& side) noexcept;
  void on_syn(Scope& scope, Flow& flow, int side, uint32_t seq, bool is_answer) noexcept;
  void receive(Work& work, uint32_t seq, Bytes bytes, uint32_t length) noexcept;
  bool hold(Work& work, uint32_t seq, Bytes bytes) noexcept;
  void give_up_hole(Work& work) noexcept;
  void drain(Work& work) noexcept;
  void deliver(Work& work, Bytes bytes, bool at_start) noexcept;
  void pass(Work& work, uint32_t missing) noexcept;
  bool find_start(Work& work, Bytes bytes, Start start) noexcept;
  void lose(Scope& scope, Half& half) noexcept;
  void drop_kept(Scope& scope, Half& half) noexcept;
  void close(Scope& scope, Half& half) noexcept;
  void release(Flow& flow) noexcept;
  bool append(Scope& scope, const Flow& flow, Chain& chain, Bytes bytes) noexcept;
  bool make_room(Scope& scope, const Flow& flow) noexcept;

  StreamLimits limits_;
  BlockPool blocks_;
  Pieces pieces_;
  FlowTable table_;
};

}  // namespace tracee
