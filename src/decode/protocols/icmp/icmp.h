// SPDX-License-Identifier: Apache-2.0
// ICMP (RFC 792 and successors) and ICMPv6 (RFC 4443, 4861): type, code, checksum.
#pragma once

#include <cstdint>
#include <string_view>

#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

struct IcmpHeader {
  std::string_view type_code;
  uint16_t checksum, id, seq;  // id and seq: bytes 4 to 7, whatever the type is
};

struct Icmpv6Header {
  std::string_view type_code;
  uint16_t checksum;
};

Parse decode_icmp(const Packet& packet, Scope& scope) noexcept;
Parse decode_icmpv6(const Packet& packet, Scope& scope) noexcept;

}  // namespace tracee
