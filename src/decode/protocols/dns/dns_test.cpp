// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/dns/dns.h"

#include <gtest/gtest.h>

#include "support/packets.h"

namespace tracee::test {
namespace {

using Names = std::vector<std::string>;

// id 1, flags, counts.
Octets header(std::string_view flags, size_t qd, size_t an, size_t ns, size_t ar) {
  return hex("0001") + hex(flags) + be16(qd) + be16(an) + be16(ns) + be16(ar);
}

const Octets kExample = hex("07") + octets("example") + hex("04") + octets("test") + hex("00");
// example.test at offset 12, type and class IN behind it.
Octets question(uint16_t type) { return kExample + be16(type) + hex("0001"); }
// A record of example.test by pointer, class IN, TTL 60.
Octets record(uint16_t type, const Octets& data) {
  return hex("c00c") + be16(type) + hex("0001 0000003c") + be16(data.size()) + data;
}
Octets over_udp(const Octets& message) { return ipv4(17, udp(53, 5000, message)); }

std::string dns(const Octets& message) {
  Events events;
  return events.one("net_packet_dns", over_udp(message));
}

// What the record's line says behind TTL, zeros left out.
std::string data_of(uint16_t type, const Octets& data) {
  const std::string line = dns(header("8180", 1, 1, 0, 0) + question(type) + record(type, data));
  const size_t at = line.find("answers=[{") + 10;
  return line.substr(at, line.find("}] authorities") - at);
}

constexpr char kNoSoa[] = "SOA={MName= RName= serial=0 refresh=0 retry=0 expire=0 minimum=0}";
constexpr char kNoSrv[] = "SRV={priority=0 weight=0 port=0 name=}";
constexpr char kNoMx[] = "MX={preference=0 name=}";
constexpr char kNoUri[] = "URI={priority=0 weight=0 target=}";

struct Shown {
  std::string type{}, ip{}, ns{}, cname{}, ptr{}, txts = "[]", soa = kNoSoa, srv = kNoSrv,
                                                  mx = kNoMx, opt = "[]", uri = kNoUri, txt{};
  operator std::string() const {
    return "name=example.test type=" + type + " class=IN TTL=60 IP=" + ip + " NS=" + ns +
           " CNAME=" + cname + " PTR=" + ptr + " TXTs=" + txts + " " + soa + " " + srv + " " + mx +
           " OPT=" + opt + " " + uri + " TXT=" + txt;
  }
};

TEST(Dns, QueryHeader) {
  EXPECT_EQ(dns(header("0120", 1, 0, 0, 0) + question(28)),
            "src=10.0.0.1 dst=10.0.0.2 src_port=53 dst_port=5000 proto_dns={ID=1 QR=0 opCode=query "
            "AA=0 TC=0 RD=1 RA=0 Z=2 responseCode=no error QDCount=1 ANCount=0 NSCount=0 ARCount=0 "
            "questions=[{name=example.test type=AAAA class=IN}] answers=[] authorities=[] "
            "additionals=[]}");
}

TEST(Dns, FlagsAndCodes) {
  const auto has = [](std::string_view flags, std::string_view text) {
    return dns(header(flags, 0, 0, 0, 0)).find(text) != std::string::npos;
  };
  EXPECT_TRUE(has("8583", "QR=1 opCode=query AA=1 TC=0 RD=1 RA=1 Z=0"));
  EXPECT_TRUE(has("8583", "responseCode=non-existent domain"));
  EXPECT_TRUE(has("8202", "TC=1"));
  EXPECT_TRUE(has("8002", "responseCode=server failure  QD")) << "with the reference's blank";
  EXPECT_TRUE(has("0800", "opCode=inverse query"));
  EXPECT_TRUE(has("2800", "opCode=update"));
  EXPECT_TRUE(has("1800", "opCode=unknown"));
  EXPECT_TRUE(has("3000", "opCode=DSO"));
  EXPECT_TRUE(has("800b", "responseCode=DSOTYPENI"));
  EXPECT_TRUE(has("800f", "responseCode=unknown"));
}

TEST(Dns, RecordTypes) {
  EXPECT_EQ(data_of(1, hex("c0000201")), std::string(Shown{.type = "A", .ip = "192.0.2.1"}));
  EXPECT_EQ(data_of(28, hex("20010db8 00000000 00000000 00000005")),
            std::string(Shown{.type = "AAAA", .ip = "2001:db8::5"}));
  EXPECT_EQ(data_of(2, hex("026e73 c00c")),
            std::string(Shown{.type = "NS", .ns = "ns.example.test"}));
  EXPECT_EQ(data_of(5, hex("0177 c00c")),
            std::string(Shown{.type = "CNAME", .cname = "w.example.test"}));
  EXPECT_EQ(data_of(12, hex("c00c")), std::string(Shown{.type = "PTR", .ptr = "example.test"}));
  EXPECT_EQ(data_of(15, hex("000a 026d78 c00c")),
            std::string(Shown{.type = "MX", .mx = "MX={preference=10 name=mx.example.test}"}));
  EXPECT_EQ(data_of(16, hex("0161 026263")), std::string(Shown{.type = "TXT",
                                                               .txts = "[a bc]",
                                                               .txt = "\x01"
                                                                      "a\x02"
                                                                      "bc"}));
  EXPECT_EQ(data_of(6, hex("026e73 c00c 0472 6f6f74 c00c 00000001 00000002 00000003 00000004 "
                           "00000005")),
            std::string(Shown{.type = "SOA",
                              .soa = "SOA={MName=ns.example.test RName=root.example.test serial=1 "
                                     "refresh=2 retry=3 expire=4 minimum=5}"}));
  EXPECT_EQ(data_of(33, hex("0001 0002 1f90 c00c")),
            std::string(Shown{.type = "SRV",
                              .srv = "SRV={priority=1 weight=2 port=8080 name=example.test}"}));
  EXPECT_EQ(
      data_of(256, hex("0001 0002") + octets("https://x/")),
      std::string(Shown{.type = "URI", .uri = "URI={priority=1 weight=2 target=https://x/}"}));
  EXPECT_EQ(data_of(13, hex("0143 0144")), std::string(Shown{.type = "HINFO",
                                                             .txts = "[C D]",
                                                             .txt = "\x01"
                                                                    "C\x01"
                                                                    "D"}));
}

TEST(Dns, OtherTypesHaveTheirDataLast) {
  EXPECT_EQ(data_of(29, hex("ff")), std::string(Shown{.type = "LOC"}) + " data=\\# 1 FF");
  EXPECT_EQ(data_of(65280, hex("0a000001")),
            std::string(Shown{.type = "Unknown"}) + " data=\\# 4 0A000001");
}

TEST(Dns, AddressesOfOddLength) {
  EXPECT_EQ(data_of(1, {}), std::string(Shown{.type = "A", .ip = "<nil>"}));
  EXPECT_EQ(data_of(1, hex("0a0b0c")), std::string(Shown{.type = "A", .ip = "?0a0b0c"}));
}

TEST(Dns, OptRecord) {
  // Class is a buffer size, the TTL holds the upper bits of the code: BADVERS is 16.
  const Octets opt = hex("00 0029 04d0 01000000 0008 000a 0004 01020304");
  const std::string line = dns(header("8000", 0, 0, 0, 1) + opt);
  EXPECT_NE(line.find("responseCode=bad opt version"), std::string::npos) << line;
  EXPECT_NE(line.find("name= type=OPT class=Unknown TTL=16777216"), std::string::npos) << line;
  EXPECT_NE(line.find("OPT=[{code=Cookie data=\x01\x02\x03\x04}]"), std::string::npos) << line;
}

std::string name_of(const Octets& name) {
  const std::string line = dns(header("0100", 1, 0, 0, 0) + name + hex("0001 0001"));
  const size_t at = line.find("questions=[{name=");
  if (at == std::string::npos) return "none";
  return line.substr(at + 17, line.find(" type=A") - at - 17);
}

TEST(DnsName, TextForm) {
  EXPECT_EQ(name_of(hex("00")), "");
  EXPECT_EQ(name_of(kExample), "example.test");
  EXPECT_EQ(name_of(hex("03") + octets("a.b") + hex("00")), "a\\.b");
  EXPECT_EQ(name_of(hex("03") + octets("a\\b") + hex("00")), "a\\\\b");
  EXPECT_EQ(name_of(hex("04 00 1f 7f 80 00")), "\\000\\031\\127\\128");
  EXPECT_EQ(name_of(hex("03") + octets("h\xc3\xa9") + hex("00")), "h\xc3\xa9");
}

TEST(DnsName, LimitsAndLoops) {
  EXPECT_EQ(name_of(hex("c00c")), "none") << "points at itself";
  EXPECT_EQ(name_of(hex("0161 c00c")), "none") << "grows for ever";
  EXPECT_EQ(name_of(hex("c0ff")), "none") << "points out of the message";
  EXPECT_EQ(name_of(hex("4161 00")), "none") << "reserved label type";
  Octets longest;
  for (int i = 0; i < 127; ++i) longest = longest + hex("0161");
  EXPECT_EQ(name_of(longest + hex("00")).size(), 253u);
  EXPECT_EQ(name_of(longest + hex("0161 00")), "none") << "256 octets";
}

TEST(Dns, WhatStoodBeforeAFaultIsShown) {
  // Two answers promised, one there.
  const std::string line =
      dns(header("8180", 1, 2, 0, 0) + question(1) + record(1, hex("c0000201")));
  EXPECT_NE(line.find("IP=192.0.2.1"), std::string::npos) << line;
  EXPECT_NE(line.find("ANCount=2"), std::string::npos) << line;
  Events events;
  events.of(over_udp(header("8180", 1, 2, 0, 0) + question(1)));
  EXPECT_EQ(events.counters().malformed, 1u);
  EXPECT_TRUE(events.one("net_packet_dns", over_udp(hex("0001 0100 0001"))).empty())
      << "not even a header";
}

TEST(Dns, RequestAndResponseEvents) {
  Events events;
  EXPECT_EQ(events.one("net_packet_dns_request",
                       ipv4(17, udp(5000, 53, header("0100", 1, 0, 0, 0) + question(15)))),
            "metadata={src_ip=10.0.0.1 dst_ip=10.0.0.2 src_port=5000 dst_port=53 protocol=17 "
            "packet_len=58 iface=any} dns_questions=[{query=example.test query_type=MX "
            "query_class=IN}]");
  const Octets response = header("8180", 1, 4, 0, 0) + question(1) + record(1, hex("c0000201")) +
                          record(15, hex("000a c00c")) + record(13, hex("0143 0144")) +
                          record(257, hex("00 05 6973737565 61"));
  EXPECT_EQ(events.one("net_packet_dns_response", ipv6(17, udp(53, 5000, response))),
            "metadata={src_ip=2001:db8::1 dst_ip=2001:db8::2 src_port=53 dst_port=5000 protocol=17 "
            "packet_len=" +
                std::to_string(8 + response.size()) +
                " iface=any} dns_response=[{query_data={query=example.test query_type=A "
                "query_class=IN} dns_answer=[{answer_type=A ttl=60 answer=192.0.2.1} "
                "{answer_type=MX ttl=60 answer=example.test} {answer_type=HINFO ttl=60 answer=not "
                "implemented} {answer_type=CAA ttl=60 answer=0 issue \"a\"}]}]");
}

TEST(Dns, Ports) {
  const Octets query = header("0100", 1, 0, 0, 0) + question(1);
  Events usual;
  EXPECT_EQ(usual.names(ipv4(17, udp(5000, 5353, query))).size(), 2u);
  DecodeOptions options;
  options.dns_ports[0] = 5353;
  Events other(options);
  EXPECT_EQ(other.names(ipv4(17, udp(5000, 5353, query))).size(), 4u);
  EXPECT_EQ(other.names(ipv4(17, udp(5000, 53, query))).size(), 2u);
}

TEST(DnsOverTcp, WholeMessagesOfOneSegment) {
  const Octets query = header("0100", 1, 0, 0, 0) + question(1);
  const Octets framed = be16(query.size()) + query;
  Events events;
  EXPECT_EQ(events.names(ipv4(6, tcp(5000, 53, framed + framed))),
            (Names{"net_packet_ipv4", "net_packet_tcp", "net_packet_dns", "net_packet_dns_request",
                   "net_packet_dns", "net_packet_dns_request"}));
  EXPECT_EQ(events.names(ipv4(6, tcp(5000, 53, framed + hex("00")))).size(), 2u)
      << "the rest of a stream is not guessed at";
}

}  // namespace
}  // namespace tracee::test
