// SPDX-License-Identifier: Apache-2.0
// UDP header (RFC 768).
#pragma once

#include <cstdint>

#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

struct UdpHeader {
  uint16_t src_port, dst_port;
  uint16_t length;  // header included
  uint16_t checksum;
};

// Fills ports and payload. A length below 8 is Malformed, except 0, which
// jumbograms and segmentation offload leave; the payload is then the rest.
Parse walk_udp(Packet& packet) noexcept;

Parse decode_udp(const Packet& packet, Scope& scope) noexcept;

}  // namespace tracee
