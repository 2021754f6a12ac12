// SPDX-License-Identifier: Apache-2.0
// What the decode room counts.
#pragma once

#include <cstdint>

#include "decode/packet.h"

namespace tracee {

struct StreamCounters {
  uint64_t evicted = 0;   // flows, or their bytes, that gave way to others
  uint64_t gaps = 0;      // holes in a stream that were given up
  uint64_t overlaps = 0;  // segments with bytes that were there already
  uint64_t resyncs = 0;   // streams that lost their place between messages
};

struct FragmentCounters {
  uint64_t datagrams = 0;  // put together
  uint64_t given_up = 0;   // too late, too many, or contradictory
};

struct DecodeCounters {
  uint64_t packets = 0;
  uint64_t malformed = 0;   // a header or message contradicts its protocol
  uint64_t truncated = 0;   // bytes end before the header or message does
  uint64_t arena_full = 0;  // an event went out shortened for lack of memory
  StreamCounters streams;
  FragmentCounters fragments;

  DecodeCounters& operator+=(const DecodeCounters& more) noexcept;

  void note(Parse result) noexcept {
    switch (result) {
      case Parse::Ok:
      case Parse::NotMine:
        break;
      case Parse::Truncated:
        ++truncated;
        break;
      case Parse::Malformed:
        ++malformed;
        break;
      case Parse::NoRoom:
        ++arena_full;
        break;
    }
  }
};

inline DecodeCounters& DecodeCounters::operator+=(const DecodeCounters& more) noexcept {
  packets += more.packets;
  malformed += more.malformed;
  truncated += more.truncated;
  arena_full += more.arena_full;
  streams.evicted += more.streams.evicted;
  streams.gaps += more.streams.gaps;
  streams.overlaps += more.streams.overlaps;
  streams.resyncs += more.streams.resyncs;
  fragments.datagrams += more.fragments.datagrams;
  fragments.given_up += more.fragments.given_up;
  return *this;
}
// A counter that is not added above would be lost where several threads decode.
static_assert(sizeof(DecodeCounters) == 10 * sizeof(uint64_t));

}  // namespace tracee
