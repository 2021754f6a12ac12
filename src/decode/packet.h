// SPDX-License-Identifier: Apache-2.0
// A packet whose IP and transport headers have been walked. Views into the
// record; dies with it.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "event/value.h"

namespace tracee {

namespace ip_protocol {
constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;
constexpr uint8_t kNone = 255;  // reserved by IANA: here, the packet shows no upper layer
}  // namespace ip_protocol

// A part of a datagram, as its header places it.
struct Fragment {
  Bytes data;
  uint32_t id = 0;
  uint32_t offset = 0;  // in bytes
  uint8_t next = 0;     // protocol of the data, if its offset is 0
  bool more = false;
};

struct Packet {
  Bytes network;    // from the IP header, without link-layer trailer
  Bytes transport;  // from the upper-layer header; empty for later fragments
  Bytes payload;    // above TCP or UDP
  Fragment piece;   // when `fragment`
  Address src{}, dst{};
  uint32_t length = 0;        // bytes of the packet on the wire
  uint32_t length_field = 0;  // IPv4 total length, IPv6 payload length
  // What `transport` and a TCP `payload` had on the wire, cut or not.
  uint32_t transport_length = 0, payload_length = 0;
  uint16_t src_port = 0, dst_port = 0;
  uint8_t version = 0;                    // 4 or 6
  uint8_t protocol = ip_protocol::kNone;  // of the upper layer, behind extension headers
  bool has_ports = false;                 // the TCP or UDP header is whole and makes sense
  bool fragment = false;                  // any fragment of a datagram, the first included
  bool cut = false;                       // fewer bytes captured than the packet had
};

// What became of one parser's work on one packet.
enum class Parse : uint8_t {
  Ok,
  NotMine,    // another protocol; says nothing
  Truncated,  // the bytes end too early
  Malformed,  // the bytes contradict the protocol
  NoRoom,     // the arena is full
};

}  // namespace tracee
