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
    field<&TcpHeader::src_port, "srcPort">("Source port."),
    field<&TcpHeader::dst_port, "dstPort">("Destination port."),
    field<&TcpHeader::seq, "seq">("Sequence number."),
    field<&TcpHeader::ack, "ack">("Acknowledgement number."),
    field<&TcpHeader::data_offset, "dataOffset">("Header length in 32-bit words."),
    field<&TcpHeader::fin, "FIN">("No more data from the sender."),
    field<&TcpHeader::syn, "SYN">("Synchronise sequence numbers."),
    field<&TcpHeader::rst, "RST">("Reset the connection."),
    field<&TcpHeader::psh, "PSH">("Push function."),
    field<&TcpHeader::ack_flag, "ACK">("The acknowledgement number counts."),
    field<&TcpHeader::urg, "URG">("The urgent pointer counts."),
    field<&TcpHeader::ece, "ECE">("ECN echo."),
    field<&TcpHeader::cwr, "CWR">("Congestion window reduced."),
    field<&TcpHeader::ns, "NS">("ECN nonce."),
    field<&TcpHeader::window, "window">("Window, not scaled."),
    field<&TcpHeader::checksum, "checksum">("Checksum as seen."),
    field<&TcpHeader::urgent, "urgent">("Urgent pointer."),
};
inline constexpr RecordSpec kTcpHeader{"ProtoTCP", kTcpHeaderFields};

inline constexpr Field kNetPacketTcpFields[] = {
    argument<&NetPacketTcp::src, "src">("const char*", "Source address."),
    argument<&NetPacketTcp::dst, "dst">("const char*", "Destination address."),
    argument<&tcp_src_port, "src_port">("u16", "Source port."),
    argument<&tcp_dst_port, "dst_port">("u16", "Destination port."),
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
