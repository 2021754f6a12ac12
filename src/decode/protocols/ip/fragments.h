// SPDX-License-Identifier: Apache-2.0
// Puts IP datagrams together again (RFC 791, RFC 8200 section 4.5). Owns the bytes
// of datagrams that are not whole yet. Promises: their number, bytes and waiting
// time are bounded, the longest waiting gives way; no allocation after
// construction, and a slot's pages are touched only as far as it was filled.
// Overlapping fragments are an attack: over IPv6 they end the datagram (RFC 5722),
// over IPv4, where they are legal, the byte that came first stays.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "decode/counters.h"
#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

class Fragments {
 public:
  explicit Fragments(const FragmentLimits& limits);

  // Takes one fragment. True: its datagram is whole, and `whole` is the packet as
  // if it had come in one piece; its views last until the next call.
  bool add(const Packet& packet, const Context& context, FragmentCounters& counters,
           Packet& whole) noexcept;

 private:
  static constexpr uint32_t kMaxBytes = 65'535;
  static constexpr uint32_t kUnit = 8;  // offsets count in these
  static constexpr uint32_t kUnits = (kMaxBytes + kUnit) / kUnit;

  struct Key {
    Address src{}, dst{};
    uint32_t id = 0;
    uint32_t net_ns = 0;
    uint8_t version = 0;
    uint8_t protocol = 0;  // IPv4 only
    bool operator==(const Key&) const = default;
  };
  struct Datagram {
    Key key;
    uint64_t since = 0;    // event time of the first fragment
    uint64_t order = 0;    // of arrival; times can be equal
    uint32_t total = 0;    // bytes; 0: the last fragment has not come
    uint32_t highest = 0;  // end of the bytes that came
    uint32_t units = 0;    // how many are there
    uint8_t next = 0;      // protocol of the data
    bool used = false;
    bool dead = false;  // contradictory: what still comes is dropped with it
    std::array<uint64_t, kUnits / 64 + 1> there;  // a bit a unit
  };

  uint32_t slot_of(const Key& key, uint64_t now, FragmentCounters& counters) noexcept;
  uint8_t* bytes_of(uint32_t slot) noexcept { return bytes_.get() + size_t{slot} * kUnits * kUnit; }
  void open(Datagram& datagram, const Key& key, uint64_t now) noexcept;
  bool place(Datagram& datagram, uint8_t* bytes, const Fragment& piece) noexcept;

  FragmentLimits limits_;
  std::unique_ptr<Datagram[]> datagrams_;
  std::unique_ptr<uint8_t[]> bytes_;
  uint64_t arrivals_ = 0;
  uint32_t opened_ = 0;  // slots from here on have never been used
};

}  // namespace tracee
