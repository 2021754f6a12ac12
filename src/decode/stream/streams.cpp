// SPDX-License-Identifier: Apache-2.0
#include "decode/stream/streams.h"

#include <algorithm>
#include <utility>

#include "event/context.h"

namespace tracee {
namespace {

constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kAck = 0x10;

// Further from what is due than any window in use: another connection, or noise.
constexpr int32_t kFar = 1 << 26;
// A repeated or late SYN is so close to what its connection has sent; that of a
// new connection on the same ports is not, because its number is chosen anew
// (RFC 6528).
constexpr int32_t kLateSyn = 1 << 20;
constexpr uint32_t kPieces = 16 * 1024;

Seen seen_of(const Context& context) noexcept {
  if (context.direction == "egress") return Seen::Egress;
  return context.direction == "ingress" ? Seen::Ingress : Seen::Unknown;
}

}  // namespace

bool StreamSide::keep(Bytes more) noexcept {
  if (streams_.append(scope_, flow_, half_.kept, more)) return true;
  lose();
  return false;
}

Bytes StreamSide::join(Bytes tail, Arena& arena) const noexcept {
  const size_t size = half_.kept.size + tail.size();
  const auto room = arena.take<uint8_t>(size);
  if (room.size() != size) return {};
  streams_.blocks_.copy(half_.kept, room.data());
  std::ranges::copy(tail, room.begin() + half_.kept.size);
  return room;
}

void StreamSide::drop_kept() noexcept { streams_.blocks_.release(half_.kept); }

void StreamSide::lose() noexcept {
  drop_kept();
  streams_.lose(scope_, half_);
}

void StreamSide::leave() noexcept {
  for (Half* half : {&half_, &peer_}) {
    streams_.drop_kept(scope_, *half);
    half->state = {};
    half->skip = 0;
    half->lost = true;
  }
}

void StreamSide::end_peer() noexcept {
  peer_.skip = 0;
  peer_.state = {};
  peer_.lost = true;
}

Streams::Streams(const StreamLimits& limits)
    : limits_(limits),
      blocks_(limits.kept_bytes),
      pieces_(kPieces, blocks_),
      table_(limits.flows, limits.hash_seed) {}

Flow* Streams::flow_of(const Packet& packet, Scope& scope, bool opens, int& side) noexcept {
  const Context& context = scope.context();
  const FlowKey key = flow_key(packet, context.net_ns, seen_of(context), side);
  const uint64_t now = context.time_ns;
  const bool data = !packet.payload.empty();
  Flow* flow = table_.find(key);
  if (flow != nullptr && now > flow->time_ns && now - flow->time_ns > limits_.idle_ns) {
    release(*flow);
    for (Half& half : flow->half) half = {};
    flow->protocol = nullptr;
  }
  if (flow == nullptr) {
    if (!opens && !data) return nullptr;
    // What has been idle for long goes before something has to be evicted.
    for (Flow* old : {table_.oldest(), table_.oldest_unproven()}) {
      if (old == nullptr || now < old->time_ns || now - old->time_ns <= limits_.idle_ns) continue;
      release(*old);
      table_.remove(*old);
    }
    flow = &table_.insert(key, data, [&](Flow& victim) noexcept {
      release(victim);
      ++scope.counters.streams.evicted;
    });
  }
  flow->time_ns = std::max(flow->time_ns, now);
  table_.touch(*flow, data);
  return flow;
}

void Streams::segment(const Packet& packet, Scope& scope,
                      std::span<const Protocol* const> rows) noexcept {
  const uint8_t* tcp = packet.transport.data();
  const uint8_t flags = tcp[13];
  const uint32_t length = packet.payload_length;
  // Mere acknowledgements matter only where somebody waits for a missing segment.
  if (length == 0 && (flags & (kSyn | kFin | kRst)) == 0 && pieces_.used() == 0) return;
  int side = 0;
  const bool opens = (flags & (kSyn | kRst | kFin)) == kSyn;
  Flow* flow = flow_of(packet, scope, opens, side);
  if (flow == nullptr) return;

  Work work{packet, scope, rows, *flow, side, scope.context().time_ns};
  Half& half = work.half();
  Half& peer = flow->half[1 - side];
  uint32_t seq = load_be32(tcp + 4);
  if (opens) {
    ++seq;  // the SYN has a number of its own; data may ride on it (RFC 7413)
    on_syn(scope, *flow, side, seq, (flags & kAck) != 0);
  }
  if ((flags & kAck) != 0 && peer.held != kNone &&
      ahead(load_be32(tcp + 8), pieces_.first(peer).seq) > 0) {
    peer.overdue = true;  // it arrived there, but not here
  }
  if (length > 0) receive(work, seq, packet.payload, length);
  if (half.held != kNone && (half.overdue || (work.now > half.held_since &&
                                              work.now - half.held_since > limits_.held_ns))) {
    give_up_hole(work);
  }
  if ((flags & kRst) != 0) {
    close(scope, half);
    close(scope, peer);
  } else if ((flags & kFin) != 0 && half.known && half.next == seq + length) {
    ++half.next;
    close(scope, half);
  }
  table_.set_holds(*flow,
                   half.kept.size + peer.kept.size > 0 || half.held != kNone || peer.held != kNone);
}

void Streams::on_syn(Scope& scope, Flow& flow, int side, uint32_t seq, bool is_answer) noexcept {
  Half& half = flow.half[side];
  const int32_t sent = half.known ? ahead(half.next, seq) : -1;
  if (sent >= 0 && sent < kLateSyn && !half.closed) return;
  if (half.known) {
    // The ports are used again.
    close(scope, half);
    half = {};
    if (!is_answer) {
      close(scope, flow.half[1 - side]);
      flow.half[1 - side] = {};
      flow.protocol = nullptr;
    }
  }
  half.known = true;
  half.next = seq;
}

void Streams::receive(Work& work, uint32_t seq, Bytes bytes, uint32_t length) noexcept {
  Half& half = work.half();
  if (!half.known) {  // the beginning was before our time
    half.known = true;
    half.lost = true;
    half.next = seq;
  }
  const int32_t distance = ahead(seq, half.next);
  const bool at_start = distance >= 0 || distance <= -kFar;
  if (distance >= kFar || distance <= -kFar) {
    // Skipped bytes may be many; a body of gigabytes does not send them all at once.
    if (distance < 0 || static_cast<uint32_t>(distance) > half.skip) {
      if (!half.lost) ++work.scope.counters.streams.gaps;
      close(work.scope, half);
      half.closed = false;
    } else {
      half.skip -= half.skip == StreamSide::kToEnd ? 0 : static_cast<uint32_t>(distance);
    }
    half.next = seq;
  } else if (distance < 0) {
    ++work.scope.counters.streams.overlaps;
    const uint32_t old = static_cast<uint32_t>(-distance);
    if (old >= length) return;
    bytes = bytes.subspan(std::min<size_t>(old, bytes.size()));
    length -= old;
  } else if (distance > 0) {
    const uint32_t hole = static_cast<uint32_t>(distance);
    if (hole <= half.skip) {
      // The missing bytes are of a body. Should they come later, they are old.
      if (half.skip != StreamSide::kToEnd) half.skip -= hole;
      half.next = seq;
    } else if (half.lost) {
      half.next = seq;  // no place to be kept in order for
    } else if (hold(work, seq, bytes)) {
      return;
    } else {
      give_up_hole(work);
      // What was held is through; this segment may still be ahead of it.
      if (ahead(seq, half.next) < 0) return;
      if (seq != half.next) lose(work.scope, half);
      half.next = seq;
    }
  }
  if (half.held != kNone && ahead(half.next + length, pieces_.first(half).seq) > 0 &&
      hold(work, half.next, bytes)) {
    drain(work);  // what is held came first, so its copy of a byte counts
    return;
  }
  deliver(work, bytes, at_start);
  if (bytes.size() < length) pass(work, length - static_cast<uint32_t>(bytes.size()));
  if (half.held != kNone) drain(work);
}

bool Streams::hold(Work& work, uint32_t seq, Bytes bytes) noexcept {
  Half& half = work.half();
  if (bytes.empty()) return true;  // sent, but not captured
  if (half.held == kNone) {
    half.held_since = work.now;
    half.overdue = false;
  }
  bool overlap = false;
  if (half.held_bytes + bytes.size() > limits_.held_bytes) return false;
  while (pieces_.hold(half, seq, bytes, overlap) == Pieces::Hold::NoRoom) {
    if (half.held_pieces == Pieces::kMaxPerHalf || !make_room(work.scope, work.flow)) return false;
  }
  work.scope.counters.streams.overlaps += overlap;
  return true;
}

// What is missing before the first held piece will not come any more.
void Streams::give_up_hole(Work& work) noexcept {
  Half& half = work.half();
  ++work.scope.counters.streams.gaps;
  drop_kept(work.scope, half);
  lose(work.scope, half);
  if (half.held != kNone) {
    half.next = pieces_.first(half).seq;
    drain(work);
  }
}

void Streams::drain(Work& work) noexcept {
  Half& half = work.half();
  while (half.held != kNone) {
    const int32_t distance = ahead(pieces_.first(half).seq, half.next);
    if (distance > 0) {
      const uint32_t hole = static_cast<uint32_t>(distance);
      if (hole > half.skip && !half.lost) break;
      if (half.skip != StreamSide::kToEnd) half.skip -= std::min<uint64_t>(half.skip, hole);
      half.next += hole;
    }
    Piece piece = pieces_.take_first(half);
    const uint32_t old = distance < 0 ? static_cast<uint32_t>(-distance) : 0;
    if (old < piece.bytes.size) {
      bool at_start = old == 0;
      blocks_.each(piece.bytes, old,
                   [&](Bytes part) { deliver(work, part, std::exchange(at_start, false)); });
    }
    blocks_.release(piece.bytes);
  }
  half.held_since = work.now;
  half.overdue = false;
}

// Bytes in order, from half.next on. `at_start`: they begin a segment.
void Streams::deliver(Work& work, Bytes bytes, bool at_start) noexcept {
  Half& half = work.half();
  while (!bytes.empty()) {
    size_t used = 0;
    if (half.skip > 0) {
      used = std::min<uint64_t>(half.skip, bytes.size());
      if (half.skip != StreamSide::kToEnd) half.skip -= used;
    } else if (half.lost || work.flow.protocol == nullptr) {
      const Start start = half.lost ? Start::Guess : Start::Sure;
      if (at_start && find_start(work, bytes, start)) {
        half.lost = false;
        continue;
      }
      half.lost = true;
      used = bytes.size();
    } else {
      StreamSide side(*this, work.scope, work.flow, work.side);
      const size_t arena_used = work.scope.arena.used_bytes();
      used = work.flow.protocol->read(side, bytes, work.packet, work.scope);
      // Its events are out, and nobody looks at them any more.
      work.scope.arena.rewind(arena_used);
      if (used == 0) {
        if (!half.lost) lose(work.scope, half);
        // A beginning that was not one must not hide the one that comes now.
        if (!at_start) used = bytes.size();
        at_start = at_start && find_start(work, bytes, Start::Guess);
        if (at_start && !work.retried) {
          work.retried = true;
          half.lost = false;
        } else {
          used = bytes.size();
        }
      } else {
        half.talked |= half.kept.size == 0 && !half.lost;
      }
    }
    half.next += static_cast<uint32_t>(used);
    bytes = bytes.subspan(used);
    if (used > 0) at_start = false;
  }
}

// Bytes that were sent but not captured.
void Streams::pass(Work& work, uint32_t missing) noexcept {
  Half& half = work.half();
  const uint64_t skipped = std::min<uint64_t>(half.skip, missing);
  if (half.skip != StreamSide::kToEnd) half.skip -= skipped;
  if (skipped < missing && !half.lost) {
    ++work.scope.counters.streams.gaps;
    drop_kept(work.scope, half);
    lose(work.scope, half);
  }
  half.next += missing;
}

bool Streams::find_start(Work& work, Bytes bytes, Start start) noexcept {
  for (const Protocol* row : work.rows) {
    if (!row->starts(bytes, start, work.packet, work.scope.options)) continue;
    Flow& flow = work.flow;
    if (flow.protocol != row) {
      if (flow.protocol != nullptr) {
        Half& peer = flow.half[1 - work.side];
        drop_kept(work.scope, peer);
        peer.lost = true;
        peer.skip = 0;
      }
      for (Half& half : flow.half) half.state = {};
      flow.protocol = row;
    }
    return true;
  }
  return false;
}

void Streams::lose(Scope& scope, Half& half) noexcept {
  if (half.talked && !half.lost) ++scope.counters.streams.resyncs;
  half.lost = true;
  half.skip = 0;
  half.state = {};
}

void Streams::drop_kept(Scope& scope, Half& half) noexcept {
  if (half.kept.size > 0) scope.note(Parse::Truncated);
  blocks_.release(half.kept);
}

void Streams::close(Scope& scope, Half& half) noexcept {
  drop_kept(scope, half);
  pieces_.release(half);
  half.skip = 0;
  half.state = {};
  half.lost = true;
  half.closed = true;
}

void Streams::release(Flow& flow) noexcept {
  for (Half& half : flow.half) {
    blocks_.release(half.kept);
    pieces_.release(half);
  }
}

bool Streams::append(Scope& scope, const Flow& flow, Chain& chain, Bytes bytes) noexcept {
  while (!blocks_.append(chain, bytes)) {
    if (!make_room(scope, flow)) return false;
  }
  return true;
}

// Takes the bytes of the longest unused flow that has some; `flow` keeps its own.
bool Streams::make_room(Scope& scope, const Flow& flow) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the table's own flow
  table_.set_holds(const_cast<Flow&>(flow), false);
  Flow* victim = table_.oldest_holder();
  if (victim == nullptr) return false;
  ++scope.counters.streams.evicted;
  for (Half& half : victim->half) {
    if (half.kept.size > 0 || half.held != kNone) lose(scope, half);
  }
  release(*victim);
  table_.set_holds(*victim, false);
  return true;
}

}  // namespace tracee
