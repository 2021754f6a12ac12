// SPDX-License-Identifier: Apache-2.0
// DNS over TCP: messages behind two length octets (RFC 1035, 4.2.2; RFC 7766).
#pragma once

#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

bool starts_dns_stream(Bytes bytes, Start start, const Packet& packet,
                       const DecodeOptions& options) noexcept;
size_t read_dns_stream(StreamSide& side, Bytes bytes, const Packet& packet, Scope& scope) noexcept;

}  // namespace tracee
