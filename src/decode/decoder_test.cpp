// SPDX-License-Identifier: Apache-2.0
// IP, TCP, UDP and ICMP: the walk, and the events of headers.
#include "decode/decoder.h"

#include <gtest/gtest.h>

#include <set>

#include "support/packets.h"

namespace tracee::test {
namespace {

using Names = std::vector<std::string>;

TEST(Ipv4, EveryField) {
  // TOS 0x10, id 0x1234, MF, offset 5 words of 8, TTL 7, one word of options.
  const Octets packet =
      hex("46 10 00 20 12 34 20 05 07 11 ab cd c0000201 c6336402 01010101") + octets("fragment");
  Events events;
  EXPECT_EQ(events.one("net_packet_ipv4", packet),
            "src=192.0.2.1 dst=198.51.100.2 proto_ipv4={version=4 IHL=6 TOS=16 length=32 id=4660 "
            "flags=1 fragOffset=5 TTL=7 protocol=UDP checksum=43981 srcIP=192.0.2.1 "
            "dstIP=198.51.100.2}");
  EXPECT_EQ(events.names(packet), Names{"net_packet_ipv4"}) << "no ports in a later fragment";
}

TEST(Ipv4, ZeroLengthIsTheRecords) {
  Octets packet = ipv4(17, udp(1, 2, octets("x")));
  packet[2] = packet[3] = 0;
  Events events;
  EXPECT_NE(events.one("net_packet_ipv4", packet).find("length=29"), std::string::npos);
  EXPECT_EQ(events.names(packet), (Names{"net_packet_ipv4", "net_packet_udp"}));
}

TEST(Ipv4, LinkTrailerIsNotPayload) {
  const Octets message = octets("GET / HTTP/1.1\r\n\r\n");
  Events events;
  EXPECT_EQ(events.names(ipv4(6, tcp(1, 80, message)) + octets("POST")).size(), 4u);
  // Only padding behind the header: nothing to recognise.
  Octets empty = ipv4(6, tcp(1, 80, {}));
  EXPECT_EQ(events.names(empty + message), (Names{"net_packet_ipv4", "net_packet_tcp"}));
}

TEST(Ipv4, NonsenseGivesNothing) {
  Events events;
  for (const char* packet : {
           "", "45",
           "45 00 00 14 00 00 00 00 40 06 00 00 0a 00 00 01 0a 00 00",     // one byte short
           "44 00 00 14 00 00 00 00 40 06 00 00 0a 00 00 01 0a 00 00 02",  // IHL 4
           "46 00 00 18 00 00 00 00 40 06 00 00 0a 00 00 01 0a 00 00 02",  // options cut
           "45 00 00 13 00 00 00 00 40 06 00 00 0a 00 00 01 0a 00 00 02",  // length < header
           "55 00 00 14 00 00 00 00 40 06 00 00 0a 00 00 01 0a 00 00 02",  // version 5
       }) {
    EXPECT_TRUE(events.of(hex(packet)).empty()) << packet;
  }
  EXPECT_EQ(events.counters().malformed + events.counters().truncated, 7u);
}

TEST(Ipv6, EveryField) {
  const Octets packet =
      hex("6a b1 2345 0008 3b 05 fe80000000000000 0000000000000001 ff02000000000000 "
          "0000000000000002") +
      octets("whatever");
  Events events;
  EXPECT_EQ(events.one("net_packet_ipv6", packet),
            "src=fe80::1 dst=ff02::2 proto_ipv6={version=6 trafficClass=171 flowLabel=74565 "
            "length=8 nextHeader=NoNextHeader hopLimit=5 srcIP=fe80::1 dstIP=ff02::2}");
}

// Hop-by-hop, destination, routing, fragment (atomic), authentication, then UDP.
TEST(Ipv6, WalksExtensionHeaders) {
  const Octets chain = hex("3c 00 01 04 00000000") +                   // hop-by-hop → destination
                       hex("2b 01 01 0c 00000000 0000000000000000") +  // destination → routing
                       hex("2c 00 00 00 00000000") +                   // routing → fragment
                       hex("33 00 00 00 00000001") +                   // atomic fragment → AH
                       hex("11 01 0000 00000001 00000001") +           // AH → UDP
                       udp(5000, 6000, octets("x"));
  Events events;
  EXPECT_EQ(events.names(ipv6(0, chain)), (Names{"net_packet_ipv6", "net_packet_udp"}));
  EXPECT_EQ(events.one("net_packet_udp", ipv6(0, chain)),
            "src=2001:db8::1 dst=2001:db8::2 src_port=5000 dst_port=6000 "
            "proto_udp={srcPort=5000 dstPort=6000 length=9 checksum=0}");
}

TEST(Ipv6, EndlessChainsEnd) {
  Octets chain;
  for (int i = 0; i < 100; ++i) chain = chain + hex("3c 00 01 04 00000000");
  Events events;
  EXPECT_EQ(events.names(ipv6(60, chain)), Names{"net_packet_ipv6"});
}

TEST(Ipv6, CutChainsKeepTheHeaderEvent) {
  Events events;
  EXPECT_EQ(events.names(ipv6(0, hex("11 00 01"))), Names{"net_packet_ipv6"});
  EXPECT_EQ(events.names(ipv6(0, hex("11 05 01 04 00000000"))), Names{"net_packet_ipv6"});
  EXPECT_EQ(events.names(ipv6(44, hex("11 00 0008 00000001") + udp(1, 2, {}))),
            Names{"net_packet_ipv6"})
      << "a later fragment has no ports";
}

TEST(Tcp, EveryFieldAndFlag) {
  // NS and CWR set: the reference never shows CWR, we do.
  const Octets header = hex("1f90 0050 01020304 05060708 61 aa 0102 0304 0506 01010101");
  Events events;
  EXPECT_EQ(events.one("net_packet_tcp", ipv4(6, header)),
            "src=10.0.0.1 dst=10.0.0.2 src_port=8080 dst_port=80 proto_tcp={srcPort=8080 "
            "dstPort=80 seq=16909060 ack=84281096 dataOffset=6 FIN=0 SYN=1 RST=0 PSH=1 ACK=0 "
            "URG=1 ECE=0 CWR=1 NS=1 window=258 checksum=772 urgent=1286}");
}

TEST(Tcp, OddDataOffsetsAreReportedWithoutPayload) {
  Events events;
  for (const uint8_t offset : {uint8_t{0x40}, uint8_t{0xf0}}) {
    Octets segment = tcp(1, 80, octets("GET / HTTP/1.1\r\n\r\n"));
    segment[12] = offset;
    EXPECT_EQ(events.names(ipv4(6, segment)), (Names{"net_packet_ipv4", "net_packet_tcp"}));
  }
  EXPECT_EQ(events.counters().malformed, 2u);
}

TEST(Tcp, ShortHeaderGivesTheIpEventOnly) {
  Events events;
  EXPECT_EQ(events.names(ipv4(6, hex("1f90 0050 01020304 05060708 50 10 0102 0304 05"))),
            Names{"net_packet_ipv4"});
}

TEST(Udp, LengthRules) {
  Events events;
  Octets datagram = udp(1, 2, octets("abc"));
  datagram[5] = 7;  // below the header
  EXPECT_EQ(events.names(ipv4(17, datagram)), (Names{"net_packet_ipv4", "net_packet_udp"}));
  EXPECT_EQ(events.counters().malformed, 1u);
  EXPECT_EQ(events.names(ipv4(17, hex("0001 0002 0008"))), Names{"net_packet_ipv4"});
}

std::string type_code(uint8_t protocol, uint8_t type, uint8_t code) {
  Events events;
  const Octets message = Octets{type, code} + hex("1234 0001 0002");
  const Octets packet = protocol == 1 ? ipv4(1, message) : ipv6(58, message);
  const std::string line =
      events.one(protocol == 1 ? "net_packet_icmp" : "net_packet_icmpv6", packet);
  const size_t at = line.find("typeCode=") + 9;
  return line.substr(at, line.find(" checksum") - at);
}

TEST(Icmp, TypeAndCodeTexts) {
  EXPECT_EQ(type_code(1, 0, 0), "EchoReply");
  EXPECT_EQ(type_code(1, 8, 3), "EchoRequest(Code: 3)");
  EXPECT_EQ(type_code(1, 3, 0), "DestinationUnreachable(Net)");
  EXPECT_EQ(type_code(1, 3, 3), "DestinationUnreachable(Port)");
  EXPECT_EQ(type_code(1, 3, 15), "DestinationUnreachable(PrecedenceCutoff)");
  EXPECT_EQ(type_code(1, 3, 16), "DestinationUnreachable(Code: 16)");
  EXPECT_EQ(type_code(1, 5, 3), "Redirect(TOS+Host)");
  EXPECT_EQ(type_code(1, 11, 1), "TimeExceeded(FragmentReassemblyTimeExceeded)");
  EXPECT_EQ(type_code(1, 42, 0), "42(0)");
  EXPECT_EQ(type_code(58, 128, 0), "EchoRequest");
  EXPECT_EQ(type_code(58, 1, 4), "DestinationUnreachable(PortUnreachable)");
  EXPECT_EQ(type_code(58, 143, 0), "143(0)");
}

TEST(Icmp, IdAndSequenceAreThereForEveryType) {
  Events events;
  EXPECT_EQ(events.one("net_packet_icmp", ipv4(1, hex("08 00 abcd 1234 0007"))),
            "src=10.0.0.1 dst=10.0.0.2 proto_icmp={typeCode=EchoRequest checksum=43981 id=4660 "
            "seq=7}");
  EXPECT_EQ(events.names(ipv4(1, hex("08 00 abcd 1234 00"))), Names{"net_packet_ipv4"});
  EXPECT_EQ(events.names(ipv6(58, hex("80 00 abcd"))),
            (Names{"net_packet_ipv6", "net_packet_icmpv6"}));
  EXPECT_EQ(events.names(ipv6(1, hex("08 00 abcd 1234 0007"))), Names{"net_packet_ipv6"})
      << "ICMP is IPv4's";
}

TEST(Decoder, OnlyEnabledEvents) {
  Events events({}, event_bit(*packet_events()[3]));
  EXPECT_EQ(events.names(ipv4(17, udp(1, 53, {}))), Names{"net_packet_udp"});
  EXPECT_EQ(events.names(ipv4(6, tcp(1, 53, {}))), Names{});
}

TEST(Decoder, CatalogueIsSound) {
  std::set<uint32_t> ids;
  std::set<std::string_view> names;
  for (const EventSpec* spec : packet_events()) {
    EXPECT_TRUE(ids.insert(spec->id).second) << spec->name;
    EXPECT_TRUE(names.insert(spec->name).second) << spec->name;
    EXPECT_GE(spec->id, kFirstPacketEvent);
    EXPECT_LT(spec->id, kFirstPacketEvent + kMaxPacketEvents);
    EXPECT_FALSE(spec->fields.empty());
    EXPECT_TRUE(spec->summary.ends_with('.')) << spec->name;
    for (const Field& field : spec->fields) {
      EXPECT_FALSE(field.type.empty()) << spec->name << '.' << field.name;
      EXPECT_TRUE(field.doc.ends_with('.')) << spec->name << '.' << field.name;
      EXPECT_EQ(field.of != nullptr, field.kind == Kind::Record || (field.kind == Kind::List &&
                                                                    field.element == Kind::Record))
          << spec->name << '.' << field.name;
    }
  }
  EXPECT_EQ(ids.size(), 12u);
}

// Every prefix of every packet: nothing is read past the end, and no event of
// a layer whose header is cut.
TEST(Decoder, EveryPrefixIsSafe) {
  const Octets packets[] = {
      ipv4(17, udp(53, 5000,
                   hex("0001 8180 0001 0001 0000 0000 0161 00 0001 0001 c00c 0001 0001 "
                       "0000003c 0004 01020304"))),
      ipv6(6, tcp(80, 5000, octets("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"))),
      ipv6(0, hex("3a 00 01 04 00000000") + hex("80 00 abcd 1234 0007")),
  };
  Events events;
  for (const Octets& packet : packets) {
    for (size_t size = 0; size <= packet.size(); ++size) {
      events.of(Octets(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size)),
                packet.size());
    }
  }
}

}  // namespace
}  // namespace tracee::test
