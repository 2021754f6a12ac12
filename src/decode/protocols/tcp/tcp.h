// SPDX-License-Identifier: Apache-2.0
// TCP header (RFC 9293, section 3.1).
#pragma once

#include <cstdint>

#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

struct TcpHeader {
  uint16_t src_port, dst_port;
  uint32_t seq, ack;
  uint8_t data_offset;  // 32-bit words
  Flag fin, syn, rst, psh, ack_flag, urg, ece, cwr, ns;
  uint16_t window, checksum, urgent;
};

// Fills ports and payload. A data offset that makes no sense leaves the payload
// empty and is Malformed; the header is still there to be reported.
Parse walk_tcp(Packet& packet) noexcept;

Parse decode_tcp(const Packet& packet, Scope& scope) noexcept;

}  // namespace tracee
