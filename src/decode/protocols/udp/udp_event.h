// SPDX-License-Identifier: Apache-2.0
// net_packet_udp.
#pragma once

#include "decode/protocols/sets.h"
#include "decode/protocols/udp/udp.h"
#include "event/event.h"

namespace tracee {

struct NetPacketUdp {
  Address src, dst;
  UdpHeader header;
};

inline uint16_t udp_src_port(const NetPacketUdp& e) noexcept { return e.header.src_port; }
inline uint16_t udp_dst_port(const NetPacketUdp& e) noexcept { return e.header.dst_port; }

inline constexpr Field kUdpHeaderFields[] = {
    from(Origin::SourcePort, field<&UdpHeader::src_port, "srcPort">("Source port.")),
    from(Origin::DestinationPort, field<&UdpHeader::dst_port, "dstPort">("Destination port.")),
    field<&UdpHeader::length, "length">("Length in bytes, header included."),
    field<&UdpHeader::checksum, "checksum">("Checksum as seen."),
};
inline constexpr RecordSpec kUdpHeader{"ProtoUDP", kUdpHeaderFields};

inline constexpr Field kNetPacketUdpFields[] = {
    from(Origin::Source, argument<&NetPacketUdp::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketUdp::dst, "dst">("const char*", "Destination address.")),
    from(Origin::SourcePort, argument<&udp_src_port, "src_port">("u16", "Source port.")),
    from(Origin::DestinationPort, argument<&udp_dst_port, "dst_port">("u16", "Destination port.")),
    argument<&NetPacketUdp::header, "proto_udp">("trace.ProtoUDP", "UDP header.", &kUdpHeader),
};
inline constexpr EventSpec kNetPacketUdp{
    .id = 2003,
    .name = "net_packet_udp",
    .version = "1.0.0",
    .sets = kNetworkSets,
    .fields = kNetPacketUdpFields,
    .summary = "A UDP datagram.",
    .example = "tracee --events net_packet_udp.data.dst_port=53,5353",
};

}  // namespace tracee
