// SPDX-License-Identifier: Apache-2.0
// net_packet_tcp.
#pragma once

#include "decode/protocols/sets.h"
#include "decode/protocols/tcp/tcp.h"
#include "event/event.h"

namespace tracee {

struct NetPacketTcp {
  Address src, dst;
  TcpHeader header;
};

// The ports are the header's; argument and member read the same bytes.
inline uint16_t tcp_src_port(const NetPacketTcp& e) noexcept { return e.header.src_port; }
inline uint16_t tcp_dst_port(const NetPacketTcp& e) noexcept { return e.header.dst_port; }

inline constexpr Field kTcpHeaderFields[] = {
    from(Origin::SourcePort, field<&TcpHeader::src_port, "srcPort">("Source port.")),
    from(Origin::DestinationPort, field<&TcpHeader::dst_port, "dstPort">("Destination port.")),
    field<&TcpHeader::seq, "seq">("Sequence number."),
    field<&TcpHeader::ack, "ack">("Acknowledgement number."),
    field<&TcpHeader::data_offset, "dataOffset">("Header length in 32-bit words."),
    from_tcp_flag(0, field<&TcpHeader::fin, "FIN">("No more data from the sender.")),
    from_tcp_flag(1, field<&TcpHeader::syn, "SYN">("Synchronise sequence numbers.")),
    from_tcp_flag(2, field<&TcpHeader::rst, "RST">("Reset the connection.")),
    from_tcp_flag(3, field<&TcpHeader::psh, "PSH">("Push function.")),
    from_tcp_flag(4, field<&TcpHeader::ack_flag, "ACK">("The acknowledgement number counts.")),
    from_tcp_flag(5, field<&TcpHeader::urg, "URG">("The urgent pointer counts.")),
    from_tcp_flag(6, field<&TcpHeader::ece, "ECE">("ECN echo.")),
    from_tcp_flag(7, field<&TcpHeader::cwr, "CWR">("Congestion window reduced.")),
    field<&TcpHeader::ns, "NS">("ECN nonce."),
    field<&TcpHeader::window, "window">("Window, not scaled."),
    field<&TcpHeader::checksum, "checksum">("Checksum as seen."),
    field<&TcpHeader::urgent, "urgent">("Urgent pointer."),
};
inline constexpr RecordSpec kTcpHeader{"ProtoTCP", kTcpHeaderFields};

inline constexpr Field kNetPacketTcpFields[] = {
    from(Origin::Source, argument<&NetPacketTcp::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketTcp::dst, "dst">("const char*", "Destination address.")),
    from(Origin::SourcePort, argument<&tcp_src_port, "src_port">("u16", "Source port.")),
    from(Origin::DestinationPort, argument<&tcp_dst_port, "dst_port">("u16", "Destination port.")),
    argument<&NetPacketTcp::header, "proto_tcp">("trace.ProtoTCP", "TCP header.", &kTcpHeader),
};
inline constexpr EventSpec kNetPacketTcp{
    .id = 2002,
    .name = "net_packet_tcp",
    .version = "1.0.0",
    .sets = kNetworkSets,
    .fields = kNetPacketTcpFields,
    .summary = "A TCP segment.",
    .example = "tracee --output json --events net_packet_tcp.data.dst_port=80",
};

}  // namespace tracee
