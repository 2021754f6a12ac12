// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/ip/fragments.h"

#include <algorithm>

#include "decode/protocols/ip/ip.h"
#include "event/context.h"

namespace tracee {

Fragments::Fragments(const FragmentLimits& limits)
    : limits_{std::max(limits.datagrams, 1u), limits.wait_ns},
      datagrams_(std::make_unique_for_overwrite<Datagram[]>(limits_.datagrams)),
      bytes_(
          std::make_unique_for_overwrite<uint8_t[]>(size_t{limits_.datagrams} * kUnits * kUnit)) {}

void Fragments::open(Datagram& datagram, const Key& key, uint64_t now) noexcept {
  datagram.key = key;
  datagram.since = now;
  datagram.order = arrivals_++;
  datagram.total = datagram.highest = datagram.units = 0;
  datagram.next = 0;
  datagram.used = true;
  datagram.dead = false;
  datagram.there.fill(0);
}

// The slot of the datagram, new if need be. A few hundred keys are looked through
// one by one: fragments are rare, and nobody can make this slower than it is.
uint32_t Fragments::slot_of(const Key& key, uint64_t now, FragmentCounters& counters) noexcept {
  uint32_t unused = opened_, oldest = 0;
  for (uint32_t i = 0; i < opened_; ++i) {
    Datagram& datagram = datagrams_[i];
    if (datagram.used && now > datagram.since && now - datagram.since > limits_.wait_ns) {
      counters.given_up += !datagram.dead;
      datagram.used = false;
    }
    if (!datagram.used) {
      unused = std::min(unused, i);
    } else if (datagram.key == key) {
      return i;
    } else if (!datagrams_[oldest].used || datagram.order < datagrams_[oldest].order) {
      oldest = i;
    }
  }
  if (unused == limits_.datagrams) {
    counters.given_up += !datagrams_[oldest].dead;
    unused = oldest;
  }
  if (unused == opened_) ++opened_;
  open(datagrams_[unused], key, now);
  return unused;
}

// False: the fragment contradicts what came before.
bool Fragments::place(Datagram& datagram, uint8_t* bytes, const Fragment& piece) noexcept {
  const bool first_wins = datagram.key.version == 4;
  const auto size = static_cast<uint32_t>(piece.data.size());
  const uint32_t end = piece.offset + size;
  if (piece.more && size % kUnit != 0) return first_wins;  // RFC 8200, 4.5: not a fragment
  if (end > kMaxBytes) return false;
  if (!piece.more) {
    const bool other_end = datagram.total != 0 && datagram.total != end;
    if (other_end || datagram.highest > end) return first_wins;
    datagram.total = end;
  } else if (datagram.total != 0 && end > datagram.total) {
    return first_wins;
  }
  const uint32_t from = piece.offset / kUnit, to = (end + kUnit - 1) / kUnit;
  const auto is_there = [&](uint32_t unit) {
    return ((datagram.there[unit / 64] >> (unit % 64)) & 1) != 0;
  };
  uint32_t known = 0;
  for (uint32_t unit = from; unit < to; ++unit) known += is_there(unit);
  if (known > 0 && !first_wins) {
    // The very same fragment again is no overlap (RFC 8200, 4.5).
    return known == to - from &&
           std::equal(piece.data.begin(), piece.data.end(), bytes + piece.offset);
  }
  for (uint32_t unit = from; unit < to; ++unit) {
    if (is_there(unit)) continue;
    const uint32_t at = unit * kUnit;
    std::copy_n(piece.data.data() + (at - piece.offset), std::min(kUnit, end - at), bytes + at);
    datagram.there[unit / 64] |= uint64_t{1} << (unit % 64);
    ++datagram.units;
  }
  datagram.highest = std::max(datagram.highest, end);
  if (piece.offset == 0) datagram.next = piece.next;
  return true;
}

bool Fragments::add(const Packet& packet, const Context& context, FragmentCounters& counters,
                    Packet& whole) noexcept {
  const Fragment& piece = packet.piece;
  if (packet.cut || piece.data.empty()) return false;  // it will never be whole
  Key key{packet.src, packet.dst, piece.id, context.net_ns, packet.version, 0};
  if (packet.version == 4) key.protocol = piece.next;  // RFC 791: part of the identity
  const uint32_t slot = slot_of(key, context.time_ns, counters);
  Datagram& datagram = datagrams_[slot];
  if (datagram.dead) return false;
  if (!place(datagram, bytes_of(slot), piece)) {
    datagram.dead = true;
    ++counters.given_up;
    return false;
  }
  if (datagram.total == 0 || datagram.units < (datagram.total + kUnit - 1) / kUnit) return false;
  datagram.used = false;
  ++counters.datagrams;
  whole = packet;
  whole.fragment = false;
  whole.has_ports = false;
  whole.payload = {};
  walk_upper(datagram.next, Bytes{bytes_of(slot), datagram.total}, whole);
  return true;
}

}  // namespace tracee
