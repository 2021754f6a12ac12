// SPDX-License-Identifier: Apache-2.0
// IPv4 (RFC 791) and IPv6 (RFC 8200) headers.
#pragma once

#include <cstdint>
#include <string_view>

#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

struct Ipv4Header {
  uint8_t version, ihl, tos;
  uint16_t length, id;
  uint8_t flags;             // top three bits: 4 reserved, 2 DF, 1 MF
  uint16_t fragment_offset;  // 8-byte units
  uint8_t ttl;
  std::string_view protocol;
  uint16_t checksum;
  Address src, dst;
};

struct Ipv6Header {
  uint8_t version, traffic_class;
  uint32_t flow_label;
  uint16_t length;  // payload
  std::string_view next_header;
  uint8_t hop_limit;
  Address src, dst;
};

// Fills everything of `packet` up to `transport`. IPv6 extension headers are
// walked by an allow-list; an unknown one ends the walk as the upper layer.
Parse walk_ip(Bytes bytes, uint32_t length, Packet& packet) noexcept;

// Sets the upper layer of `packet` from what stands behind its fragment header:
// `bytes`, of protocol `next`. Extension headers are walked.
void walk_upper(uint8_t next, Bytes bytes, Packet& packet) noexcept;

// The name of an IP protocol number; "UnknownIPProtocol" where none is known.
std::string_view ip_protocol_name(uint8_t number) noexcept;

Parse decode_ipv4(const Packet& packet, Scope& scope) noexcept;
Parse decode_ipv6(const Packet& packet, Scope& scope) noexcept;

}  // namespace tracee
