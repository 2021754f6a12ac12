// SPDX-License-Identifier: Apache-2.0
// net_packet_ipv4 and net_packet_ipv6.
#pragma once

#include "decode/protocols/ip/ip.h"
#include "decode/protocols/sets.h"
#include "event/event.h"

namespace tracee {

struct NetPacketIpv4 {
  Address src, dst;
  Ipv4Header header;
};

struct NetPacketIpv6 {
  Address src, dst;
  Ipv6Header header;
};

inline constexpr Field kIpv4HeaderFields[] = {
    field<&Ipv4Header::version, "version">("IP version, 4."),
    field<&Ipv4Header::ihl, "IHL">("Header length in 32-bit words."),
    field<&Ipv4Header::tos, "TOS">("Type of service: DSCP and ECN."),
    field<&Ipv4Header::length, "length">("Total length in bytes."),
    field<&Ipv4Header::id, "id">("Identification."),
    field<&Ipv4Header::flags, "flags">("Fragment flags: 4 reserved, 2 DF, 1 MF."),
    field<&Ipv4Header::fragment_offset, "fragOffset">("Fragment offset in 8-byte units."),
    from(Origin::HopLimit, field<&Ipv4Header::ttl, "TTL">("Time to live.")),
    from(Origin::Protocol,
         field<&Ipv4Header::protocol, "protocol">("Protocol of the payload, by name."),
         &ip_protocol_name),
    field<&Ipv4Header::checksum, "checksum">("Header checksum as seen."),
    from(Origin::Source, field<&Ipv4Header::src, "srcIP">("Source address.")),
    from(Origin::Destination, field<&Ipv4Header::dst, "dstIP">("Destination address.")),
};
inline constexpr RecordSpec kIpv4Header{"ProtoIPv4", kIpv4HeaderFields};

inline constexpr Field kIpv6HeaderFields[] = {
    field<&Ipv6Header::version, "version">("IP version, 6."),
    field<&Ipv6Header::traffic_class, "trafficClass">("Traffic class: DSCP and ECN."),
    field<&Ipv6Header::flow_label, "flowLabel">("Flow label."),
    field<&Ipv6Header::length, "length">("Payload length in bytes."),
    from(Origin::Protocol,
         field<&Ipv6Header::next_header, "nextHeader">("Header that follows, by name."),
         &ip_protocol_name),
    from(Origin::HopLimit, field<&Ipv6Header::hop_limit, "hopLimit">("Hop limit.")),
    from(Origin::Source, field<&Ipv6Header::src, "srcIP">("Source address.")),
    from(Origin::Destination, field<&Ipv6Header::dst, "dstIP">("Destination address.")),
};
inline constexpr RecordSpec kIpv6Header{"ProtoIPv6", kIpv6HeaderFields};

inline constexpr Field kNetPacketIpv4Fields[] = {
    from(Origin::Source, argument<&NetPacketIpv4::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketIpv4::dst, "dst">("const char*", "Destination address.")),
    argument<&NetPacketIpv4::header, "proto_ipv4">("trace.ProtoIPv4", "IPv4 header.", &kIpv4Header),
};
inline constexpr EventSpec kNetPacketIpv4{
    .id = 2000,
    .name = "net_packet_ipv4",
    .version = "1.0.0",
    .sets = kNetworkSets,
    .fields = kNetPacketIpv4Fields,
    .summary = "An IPv4 packet.",
    .example = "tracee --events net_packet_ipv4.data.dst=10.0.0.0/8",
};

inline constexpr Field kNetPacketIpv6Fields[] = {
    from(Origin::Source, argument<&NetPacketIpv6::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketIpv6::dst, "dst">("const char*", "Destination address.")),
    argument<&NetPacketIpv6::header, "proto_ipv6">("trace.ProtoIPv6", "IPv6 header.", &kIpv6Header),
};
inline constexpr EventSpec kNetPacketIpv6{
    .id = 2001,
    .name = "net_packet_ipv6",
    .version = "1.0.0",
    .sets = kNetworkSets,
    .fields = kNetPacketIpv6Fields,
    .summary = "An IPv6 packet.",
    .example = "tracee --events net_packet_ipv6.data.dst=2001:db8::/32",
};

}  // namespace tracee
