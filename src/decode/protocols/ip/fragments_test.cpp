// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/ip/fragments.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/packets.h"

namespace tracee::test {
namespace {

using Names = std::vector<std::string>;

// A DNS response with a TXT record of `size` bytes, as a UDP datagram.
Octets answer(size_t size) {
  Octets message = hex("1234 8180 0001 0001 0000 0000 0161 00 0010 0001 c00c 0010 0001 0000003c");
  Octets data;
  while (size > 0) {
    const size_t part = std::min<size_t>(size, 250);
    data = data + Octets{static_cast<uint8_t>(part)} + Octets(part, 'x');
    size -= part;
  }
  return udp(53, 5000, message + be16(data.size()) + data);
}

Octets fragment4(const Octets& datagram, size_t from, size_t to, uint16_t id = 7) {
  const Octets part(datagram.begin() + static_cast<ptrdiff_t>(from),
                    datagram.begin() + static_cast<ptrdiff_t>(std::min(to, datagram.size())));
  Octets packet = ipv4(17, part);
  const Octets fields = be16(id) + be16((to < datagram.size() ? 0x2000 : 0) | from / 8);
  std::ranges::copy(fields, packet.begin() + 4);
  return packet;
}

Octets fragment6(const Octets& datagram, size_t from, size_t to, uint16_t id = 7) {
  const Octets part(datagram.begin() + static_cast<ptrdiff_t>(from),
                    datagram.begin() + static_cast<ptrdiff_t>(std::min(to, datagram.size())));
  return ipv6(
      44, hex("11 00") + be16(from | (to < datagram.size() ? 1 : 0)) + be16(0) + be16(id) + part);
}

using Make = Octets (*)(const Octets&, size_t, size_t, uint16_t);

size_t count(const Names& names, std::string_view name) {
  return static_cast<size_t>(std::ranges::count(names, name));
}

TEST(Fragments, EveryOrderGivesTheMessageOnce) {
  const Octets datagram = answer(2000);
  for (const Make make : {Make{fragment4}, Make{fragment6}}) {
    std::vector<int> order = {0, 1, 2, 3};
    do {
      Events events;
      size_t messages = 0, headers = 0, last = 0;
      for (size_t i = 0; i < order.size(); ++i) {
        const size_t from = static_cast<size_t>(order[i]) * 600;
        const Names names = events.names(make(datagram, from, from + 600, 7));
        EXPECT_EQ(names.front().substr(0, 14), "net_packet_ipv");
        headers += count(names, "net_packet_udp");
        if (count(names, "net_packet_dns") > 0) {
          ++messages;
          last = i;
        }
      }
      EXPECT_EQ(messages, 1u);
      EXPECT_EQ(headers, 1u);
      EXPECT_EQ(last, 3u) << "the packet that completes it";
      EXPECT_EQ(events.counters().fragments.datagrams, 1u);
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST(Fragments, RepeatedFragmentsAreHarmless) {
  const Octets datagram = answer(1000);
  for (const Make make : {Make{fragment4}, Make{fragment6}}) {
    Events events;
    Names all;
    for (const size_t from : {0u, 0u, 504u, 504u}) {
      for (const auto& name : events.names(make(datagram, from, from + 504, 7)))
        all.push_back(name);
    }
    for (const auto& name : events.names(make(datagram, 1008, 2000, 7))) all.push_back(name);
    EXPECT_EQ(count(all, "net_packet_dns"), 1u);
    EXPECT_EQ(events.counters().fragments.given_up, 0u);
  }
}

// The first copy counts over IPv4; over IPv6 there is no datagram left.
TEST(Fragments, Overlaps) {
  const Octets datagram = answer(1000);
  Octets other = datagram;
  std::fill(other.begin() + 400, other.end(), uint8_t{'y'});
  Events four, six;
  four.of(fragment4(datagram, 0, 800));
  EXPECT_EQ(count(four.names(fragment4(datagram, 800, 2000)), "net_packet_dns"), 1u);
  four.of(fragment4(datagram, 0, 800));
  four.of(fragment4(other, 400, 800));
  const std::string line = four.one("net_packet_dns", fragment4(datagram, 800, 2000));
  EXPECT_NE(line.find("xxx"), std::string::npos);
  EXPECT_EQ(line.find('y'), line.find("query") + 4) << "only that of a word";
  six.of(fragment6(datagram, 0, 800));
  six.of(fragment6(other, 400, 800));
  EXPECT_EQ(count(six.names(fragment6(datagram, 800, 2000)), "net_packet_dns"), 0u);
  EXPECT_EQ(six.counters().fragments.given_up, 1u);
}

TEST(Fragments, TheNumberOfWaitingDatagramsIsBounded) {
  DecodeOptions options;
  options.fragments.datagrams = 4;
  Events events(options);
  const Octets datagram = answer(1000);
  for (uint16_t id = 0; id < 100; ++id) events.of(fragment4(datagram, 0, 504, id));
  EXPECT_EQ(events.counters().fragments.given_up, 96u);
  EXPECT_EQ(count(events.names(fragment4(datagram, 504, 2000, 99)), "net_packet_dns"), 1u);
  EXPECT_EQ(count(events.names(fragment4(datagram, 504, 2000, 1)), "net_packet_dns"), 0u);
}

TEST(Fragments, BeyondTheLargestDatagram) {
  Events events;
  Octets packet = ipv4(17, Octets(100, 'x'));
  packet[6] = 0x1f;
  packet[7] = 0xff;  // offset 65,528
  events.of(packet);
  EXPECT_EQ(events.counters().fragments.given_up, 1u);
}

TEST(Ipv6, JumboPayload) {
  const Octets message = udp(1, 2, Octets(70'000, 'x'));
  Octets packet = ipv6(0, hex("11 00 c2 04 00011180") + message);
  packet[4] = packet[5] = 0;
  const size_t payload = packet.size() - 40;
  packet[44] = 0;
  packet[45] = static_cast<uint8_t>(payload >> 16);
  packet[46] = static_cast<uint8_t>(payload >> 8);
  packet[47] = static_cast<uint8_t>(payload);
  Events events;
  EXPECT_EQ(events.names(packet), (Names{"net_packet_ipv6", "net_packet_udp"}));
}

}  // namespace
}  // namespace tracee::test
