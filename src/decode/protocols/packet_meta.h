// SPDX-License-Identifier: Apache-2.0
// The `metadata` argument of the request and response events.
#pragma once

#include "decode/packet.h"
#include "event/field.h"

namespace tracee {

struct PacketMeta {
  Address src, dst;
  uint16_t src_port, dst_port;
  uint8_t protocol;
  uint32_t length;  // IPv4: total length. IPv6: payload length, as the reference has it
  std::string_view interface;
};

inline PacketMeta packet_meta(const Packet& packet) noexcept {
  return PacketMeta{
      packet.src,          packet.dst, packet.src_port, packet.dst_port, packet.protocol,
      packet.length_field, "any"};
}

inline constexpr Field kPacketMetaFields[] = {
    from(Origin::Source, field<&PacketMeta::src, "src_ip">("Source address.")),
    from(Origin::Destination, field<&PacketMeta::dst, "dst_ip">("Destination address.")),
    from(Origin::SourcePort, field<&PacketMeta::src_port, "src_port">("Source port.")),
    from(Origin::DestinationPort, field<&PacketMeta::dst_port, "dst_port">("Destination port.")),
    field<&PacketMeta::protocol, "protocol">("IP protocol number."),
    field<&PacketMeta::length, "packet_len">("IPv4 total length or IPv6 payload length."),
    field<&PacketMeta::interface, "iface">("Always `any`."),
};
inline constexpr RecordSpec kPacketMeta{"PktMeta", kPacketMetaFields};

}  // namespace tracee
