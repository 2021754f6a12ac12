// SPDX-License-Identifier: Apache-2.0
// The packet programs on packets written by hand (BPF_PROG_TEST_RUN): which are
// wanted, how much of each is copied, and that the counters add up.
#include <gtest/gtest.h>

#include "support.h"

namespace tracee::kernel_test {
namespace {

constexpr uint32_t kAll = WIRE_WANT_ALL;
constexpr unsigned kTcp = 6, kUdp = 17, kIcmp = 1, kIcmp6 = 58, kFragment = 44;

// Loads a source that wants `wanted` and expects how many bytes each packet gives;
// kNone: the packet is filtered.
constexpr int kNone = -1;
struct Case {
  const char* name;
  Packet packet;
  int captured;
};

void check(uint32_t wanted, const std::vector<Case>& cases) {
  LiveOptions options;
  options.wanted = wanted;
  options.dns_ports = {53, 5353};
  options.attach = false;
  OPEN_OR_SKIP(source, options);
  uint64_t emitted = 0;
  for (const Case& c : cases) {
    for (const Direction direction : {Direction::Ingress, Direction::Egress}) {
      SCOPED_TRACE(c.name);
      const auto kept = run(source, c.packet, direction);
      if (c.captured == kNone) {
        EXPECT_TRUE(kept.empty());
        continue;
      }
      emitted++;
      ASSERT_EQ(1u, kept.size());
      const Kept& k = kept[0];
      EXPECT_EQ(static_cast<size_t>(c.captured), k.bytes.size());
      EXPECT_EQ(c.packet.size(), k.record.packet_length);
      EXPECT_TRUE(std::equal(k.bytes.begin(), k.bytes.end(), c.packet.begin()));
      EXPECT_EQ(direction, k.record.direction);
      EXPECT_EQ(WIRE_OWNER_NONE, k.owner.attribution);
      EXPECT_EQ(WIRE_NO_SYSCALL, k.owner.syscall);
    }
  }
  const auto counters = source.counters();
  EXPECT_TRUE(keeps_law(counters));
  EXPECT_EQ(2 * cases.size(), counters.seen);
  EXPECT_EQ(emitted, counters.emitted);
  EXPECT_EQ(emitted, source.received());
}

// The flags of a TCP segment without IP options.
Packet with_flags(Packet packet, uint8_t flags) {
  packet[20 + 13] = flags;
  return packet;
}

TEST(Packets, HeadersOnly) {
  const Packet body(300, 'x');
  check(WIRE_WANT_IPV4 | WIRE_WANT_IPV6 | WIRE_WANT_TCP | WIRE_WANT_UDP,
        {{"tcp", ipv4(kTcp, tcp(1, 2, body)), 40},
         {"tcp with options", ipv4(kTcp, tcp(1, 2, body, 40)), 80},
         {"tcp, ip options", ipv4(kTcp, tcp(1, 2, body, 12), 0, 40), 92},
         {"tcp without payload", ipv4(kTcp, tcp(1, 2)), 40},
         {"udp", ipv4(kUdp, udp(1, 2, body)), 28},
         {"dns port", ipv4(kUdp, udp(1, 53, body)), 28},
         {"tcp6", ipv6(kTcp, tcp(1, 2, body, 12)), 72},
         {"udp6", ipv6(kUdp, udp(1, 2, body)), 48},
         {"other protocol", ipv4(132, body), 28},
         {"icmp as plain ip", ipv4(kIcmp, body), 28}});
}

TEST(Packets, OneClassEach) {
  const Packet tcp4 = ipv4(kTcp, tcp(1, 2)), udp4 = ipv4(kUdp, udp(1, 2)),
               tcp6 = ipv6(kTcp, tcp(1, 2)), icmp4 = ipv4(kIcmp, Packet(64)),
               icmp6 = ipv6(kIcmp6, Packet(64));
  check(WIRE_WANT_TCP, {{"a", tcp4, 40}, {"b", tcp6, 60}, {"c", udp4, kNone}, {"d", icmp4, kNone}});
  check(WIRE_WANT_UDP, {{"a", tcp4, kNone}, {"b", udp4, 28}, {"c", icmp6, kNone}});
  check(WIRE_WANT_IPV4, {{"a", tcp4, 40}, {"b", tcp6, kNone}, {"c", icmp6, kNone}});
  check(WIRE_WANT_IPV6, {{"a", tcp4, kNone}, {"b", tcp6, 60}, {"c", icmp6, 48}});
  check(WIRE_WANT_ICMP, {{"a", icmp4, 84}, {"b", icmp6, kNone}, {"c", tcp4, kNone}});
  check(WIRE_WANT_ICMPV6, {{"a", icmp6, 104}, {"b", icmp4, kNone}});
  // The v6 protocol number over v4 and the other way round are just IP.
  check(WIRE_WANT_ICMP | WIRE_WANT_ICMPV6,
        {{"a", ipv4(kIcmp6, Packet(8)), kNone}, {"b", ipv6(kIcmp, Packet(8)), kNone}});
  check(0, {{"a", tcp4, kNone}, {"b", icmp6, kNone}});
}

TEST(Packets, Dns) {
  const Packet message(40);
  check(WIRE_WANT_DNS | WIRE_WANT_DNS_TCP,
        {{"query", ipv4(kUdp, udp(40000, 53, message)), 68},
         {"response", ipv4(kUdp, udp(53, 40000, message)), 68},
         {"second port", ipv4(kUdp, udp(40000, 5353, message)), 68},
         {"over v6", ipv6(kUdp, udp(40000, 53, message)), 88},
         {"over tcp", ipv4(kTcp, tcp(40000, 53, message, 12)), 92},
         {"tcp, no payload", ipv4(kTcp, tcp(40000, 53)), kNone},
         {"syn", with_flags(ipv4(kTcp, tcp(40000, 53)), 0x02), 40},
         {"syn elsewhere", with_flags(ipv4(kTcp, tcp(40000, 54)), 0x02), kNone},
         {"udp, no payload", ipv4(kUdp, udp(40000, 53)), kNone},
         {"other port", ipv4(kUdp, udp(40000, 54, message)), kNone},
         {"swapped bytes", ipv4(kUdp, udp(40000, 53 << 8, message)), kNone}});
}

TEST(Packets, Http) {
  check(WIRE_WANT_HTTP,
        {{"request", ipv4(kTcp, tcp(1, 8080, text("GET / HTTP/1.1\r\n"))), 56},
         {"response", ipv4(kTcp, tcp(8080, 1, text("HTTP/1.1 200 OK"), 12)), 67},
         {"lower case", ipv4(kTcp, tcp(1, 2, text("get"))), 43},
         {"first", ipv4(kTcp, tcp(1, 2, text("A"))), 41},
         {"last", ipv6(kTcp, tcp(1, 2, text("z"))), 61},
         {"before A", ipv4(kTcp, tcp(1, 2, text("@"))), kNone},
         {"behind Z", ipv4(kTcp, tcp(1, 2, text("["))), kNone},
         {"behind z", ipv4(kTcp, tcp(1, 2, text("{"))), kNone},
         {"any token", ipv4(kTcp, tcp(1, 2, text("9!|~ /"))), 46},
         {"two lines", ipv4(kTcp, tcp(1, 2, text("QUIT\r\n"))), kNone},
         {"colon", ipv4(kTcp, tcp(1, 2, text("Host: x\r\n"))), kNone},
         {"method longer than the look", ipv4(kTcp, tcp(1, 2, text("VERSION-CONTROL-X /"))), 59},
         {"tls", ipv4(kTcp, tcp(1, 443, Packet{22, 3, 1})), kNone},
         {"no payload", ipv4(kTcp, tcp(1, 80)), kNone},
         {"syn", with_flags(ipv4(kTcp, tcp(1, 80, {}, 20)), 0x02), 60},
         {"syn and ack", with_flags(ipv4(kTcp, tcp(80, 1)), 0x12), 40},
         {"dns port", ipv4(kTcp, tcp(1, 53, text("GET"))), kNone},
         {"udp", ipv4(kUdp, udp(1, 80, text("GET"))), kNone}});
}

TEST(Packets, Ipv6ExtensionHeaders) {
  const Packet inner = udp(1, 53, Packet(20));  // 28 bytes
  Packet authentication = extension(kUdp, 1);   // counts words of 4 bytes, less 2
  authentication[1] = 2;
  Packet second = extension(kUdp);
  second[3] = 8;  // fragment offset 1
  check(WIRE_WANT_DNS,
        {{"hop by hop", ipv6(0, extension(kUdp) + inner), 76},
         {"routing, longer", ipv6(43, extension(kUdp, 2) + inner), 92},
         {"four",
          ipv6(0, extension(60) + extension(43, 1) + extension(60) + extension(kUdp) + inner), 108},
         {"authentication", ipv6(51, authentication + inner), 84},
         {"mobility, hip, shim6",
          ipv6(135, extension(139) + extension(140) + extension(kUdp) + inner), 92},
         {"first fragment", ipv6(kFragment, extension(kUdp) + inner), 76},
         {"second fragment", ipv6(kFragment, second + inner), kNone},
         {"encrypted", ipv6(50, extension(kUdp) + inner), kNone},
         {"no next header", ipv6(59, inner), kNone},
         {"cut in the chain", ipv6(0, Packet{kUdp, 0}), kNone},
         {"chain longer than the packet", ipv6(0, extension(kUdp, 200)), kNone}});
  check(WIRE_WANT_IPV6, {{"chain is kept", ipv6(0, extension(kUdp, 3) + inner), 80},
                         {"second fragment", ipv6(kFragment, second + inner), 48},
                         {"longer than a small record", ipv6(0, extension(kUdp, 40) + inner),
                          WIRE_RECORD_SMALL - int{sizeof(struct packet_record)}},
                         {"cut in the chain", ipv6(0, Packet{kUdp, 0}), 40}});
}

TEST(Packets, Ipv4Fragments) {
  const Packet inner = udp(1, 53, Packet(20));
  check(kAll & ~WIRE_WANT_IPV4, {{"first", ipv4(kUdp, inner, 0x2000), 48},
                                 {"don't fragment", ipv4(kUdp, inner, 0x4000), 48},
                                 {"second", ipv4(kUdp, inner, 0x2001), kNone},
                                 {"last", ipv4(kUdp, inner, 0x1fff), kNone}});
  check(kAll, {{"second: network header only", ipv4(kUdp, inner, 0x2001), 20}});
}

TEST(Packets, CutShort) {
  // The kernel wants at least the network header of an Ethernet frame that it is given.
  check(kAll,
        {{"only the ipv4 header", ipv4(kTcp, {}), 20},
         {"half a tcp header", ipv4(kTcp, Packet(9)), 29},
         {"half a udp header", ipv6(kUdp, Packet(3)), 43},
         {"tcp that claims more", ipv4(kTcp, Packet{0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0}), 33},
         {"one byte of icmp", ipv4(kIcmp, Packet(1)), 21}});
}

TEST(Packets, SizesAtTheBorders) {
  for (const size_t border : {size_t{WIRE_RECORD_SMALL}, size_t{WIRE_RECORD_MEDIUM}}) {
    const size_t room = border - sizeof(struct packet_record);
    std::vector<Case> cases;
    for (const size_t length : {room - 1, room, room + 1}) {
      Packet body(length - 28);
      for (size_t i = 0; i < body.size(); i++) body[i] = static_cast<uint8_t>(i * 7);
      cases.push_back({"whole", ipv4(kUdp, udp(1, 53, body)), static_cast<int>(length)});
    }
    check(WIRE_WANT_DNS, cases);
  }
}

TEST(Packets, FullRingIsCounted) {
  LiveOptions options;
  options.wanted = WIRE_WANT_DNS;
  options.ring_bytes = 256 << 10;
  options.attach = false;
  OPEN_OR_SKIP(source, options);
  Packet frame(14, 0);
  frame[12] = 8;
  frame = frame + ipv4(kUdp, udp(1, 53, Packet(1000)));
  constexpr uint32_t kPackets = 1000;  // of 2304 bytes each: about 113 fit
  LIBBPF_OPTS(bpf_test_run_opts, run_options, .data_in = frame.data(),
              .data_size_in = static_cast<uint32_t>(frame.size()), .repeat = kPackets);
  ASSERT_EQ(
      0, bpf_prog_test_run_opts(bpf_program__fd(source.object()->progs.on_ingress), &run_options));
  Keeper keeper;
  source.stop(keeper);
  const auto counters = source.counters();
  EXPECT_TRUE(keeps_law(counters));
  EXPECT_EQ(kPackets, counters.seen);
  EXPECT_GT(counters.emitted, 100u);
  EXPECT_LT(counters.emitted, 120u);
  EXPECT_EQ(counters.emitted, source.received());
  EXPECT_EQ(counters.emitted, keeper.kept.size());
}

TEST(Packets, TooManyDnsPortsIsAnErrorOfUse) {
  LiveOptions options;
  options.dns_ports.assign(WIRE_DNS_PORTS + 1, 53);
  options.attach = false;
  auto source = LiveSource::open(options);
  ASSERT_FALSE(source);
  if (source.error().code == Exit::Missing) GTEST_SKIP() << source.error().what;
  EXPECT_EQ(Exit::Usage, source.error().code);
}

}  // namespace
}  // namespace tracee::kernel_test
