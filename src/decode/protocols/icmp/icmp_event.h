// SPDX-License-Identifier: Apache-2.0
// net_packet_icmp and net_packet_icmpv6.
#pragma once

#include "decode/protocols/icmp/icmp.h"
#include "decode/protocols/sets.h"
#include "event/event.h"

namespace tracee {

struct NetPacketIcmp {
  Address src, dst;
  IcmpHeader header;
};

struct NetPacketIcmpv6 {
  Address src, dst;
  Icmpv6Header header;
};

inline constexpr Field kIcmpHeaderFields[] = {
    field<&IcmpHeader::type_code, "typeCode">("Type and code by name: `EchoRequest`."),
    field<&IcmpHeader::checksum, "checksum">("Checksum as seen."),
    field<&IcmpHeader::id, "id">("Identifier of echo messages."),
    field<&IcmpHeader::seq, "seq">("Sequence number of echo messages."),
};
inline constexpr RecordSpec kIcmpHeader{"ProtoICMP", kIcmpHeaderFields};

inline constexpr Field kIcmpv6HeaderFields[] = {
    field<&Icmpv6Header::type_code, "typeCode">("Type and code by name: `EchoRequest`."),
    field<&Icmpv6Header::checksum, "checksum">("Checksum as seen."),
};
inline constexpr RecordSpec kIcmpv6Header{"ProtoICMPv6", kIcmpv6HeaderFields};

inline constexpr Field kNetPacketIcmpFields[] = {
    from(Origin::Source, argument<&NetPacketIcmp::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketIcmp::dst, "dst">("const char*", "Destination address.")),
    argument<&NetPacketIcmp::header, "proto_icmp">("trace.ProtoICMP", "ICMP header.", &kIcmpHeader),
};
inline constexpr EventSpec kNetPacketIcmp{
    .id = 2004,
    .name = "net_packet_icmp",
    .version = "1.0.0",
    .sets = kDefaultNetworkSets,
    .fields = kNetPacketIcmpFields,
    .summary = "An ICMP message.",
    .example = "tracee --events net_packet_icmp.data.dst=192.0.2.1",
};

inline constexpr Field kNetPacketIcmpv6Fields[] = {
    from(Origin::Source, argument<&NetPacketIcmpv6::src, "src">("const char*", "Source address.")),
    from(Origin::Destination,
         argument<&NetPacketIcmpv6::dst, "dst">("const char*", "Destination address.")),
    argument<&NetPacketIcmpv6::header, "proto_icmpv6">("trace.ProtoICMPv6", "ICMPv6 header.",
                                                       &kIcmpv6Header),
};
inline constexpr EventSpec kNetPacketIcmpv6{
    .id = 2005,
    .name = "net_packet_icmpv6",
    .version = "1.0.0",
    .sets = kDefaultNetworkSets,
    .fields = kNetPacketIcmpv6Fields,
    .summary = "An ICMPv6 message.",
    .example = "tracee --events net_packet_icmpv6.data.src=fe80::/10",
};

}  // namespace tracee
