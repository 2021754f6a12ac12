// SPDX-License-Identifier: Apache-2.0
#include "capture/link_layer.h"

#include <gtest/gtest.h>

#include "capture/file_builder.h"

namespace tracee {
namespace {

constexpr uint32_t kEthernet = 1;

FileBuilder big() { return FileBuilder(std::endian::big); }

Frame frame_of(uint32_t link_type, const FileBuilder& bytes) {
  Frame frame;
  frame.bytes = bytes.view();
  frame.length = static_cast<uint32_t>(bytes.size());
  frame.link_type = link_type;
  return frame;
}

// `header` on this link leads to the packet that follows it, and no shorter
// part of it does, nor leads past what was captured.
void expect_ip(uint32_t link_type, const FileBuilder& header, const FileBuilder& packet) {
  FileBuilder whole = big();
  whole.bytes(header.view()).bytes(packet.view());
  Frame frame = frame_of(link_type, whole);
  frame.length += 100;
  ASSERT_TRUE(strip_link_layer(frame));
  EXPECT_EQ(frame.bytes.data(), whole.view().data() + header.size());
  EXPECT_EQ(frame.bytes.size(), packet.size());
  EXPECT_EQ(frame.length, packet.size() + 100);
  for (size_t kept = 0; kept <= header.size(); ++kept) {
    // A copy of its own, so that a sanitizer sees a step past the end.
    const std::vector<uint8_t> part(whole.view().begin(),
                                    whole.view().begin() + static_cast<ptrdiff_t>(kept));
    Frame cut;
    cut.bytes = part;
    cut.length = static_cast<uint32_t>(kept);
    cut.link_type = link_type;
    EXPECT_FALSE(strip_link_layer(cut)) << kept;
  }
}

void expect_ipv4(uint32_t link_type, const FileBuilder& header) {
  expect_ip(link_type, header, ipv4_packet(8));
}

void expect_ipv6(uint32_t link_type, const FileBuilder& header) {
  expect_ip(link_type, header, ipv6_packet(8));
}

void expect_none(uint32_t link_type, const FileBuilder& header) {
  FileBuilder whole = big();
  whole.bytes(header.view()).bytes(ipv4_packet(8).view());
  Frame frame = frame_of(link_type, whole);
  EXPECT_FALSE(strip_link_layer(frame));
}

FileBuilder mac(uint16_t type) { return ethernet(type, big()); }

TEST(LinkLayer, Ethernet) {
  expect_ipv4(kEthernet, mac(0x0800));
  expect_ipv6(kEthernet, mac(0x86dd));
  expect_none(kEthernet, mac(0x0806));  // ARP
  expect_none(kEthernet, mac(0x86dd));  // says 6, carries 4
  expect_none(kEthernet, mac(0x05ff));  // neither length nor type
}

TEST(LinkLayer, VlanTags) {
  expect_ipv4(kEthernet, mac(0x8100).u16(7).u16(0x0800));
  expect_ipv6(kEthernet, mac(0x8100).u16(0xe00a).u16(0x86dd));
  expect_ipv4(kEthernet, mac(0x88a8).u16(1).u16(0x8100).u16(2).u16(0x0800));
  expect_ipv4(kEthernet, mac(0x9100).u16(1).u16(0x8100).u16(2).u16(0x0800));
  expect_ipv4(kEthernet, mac(0x8100).u16(1).u16(0x8100).u16(2).u16(0x8100).u16(3).u16(0x0800));
  expect_none(kEthernet, mac(0x8100).u16(1).u16(0x0806));
}

TEST(LinkLayer, EndlessTagsEnd) {
  FileBuilder header = mac(0x8100);
  for (int i = 0; i < 100; ++i) header.u16(1).u16(0x8100);
  expect_none(kEthernet, header.u16(1).u16(0x0800));
  FileBuilder labels = mac(0x8847);
  for (int i = 0; i < 100; ++i) labels.u32(0x00010040);
  expect_none(kEthernet, labels.u32(0x00010140));
}

TEST(LinkLayer, LlcAndSnap) {
  expect_ipv4(kEthernet, mac(36).bytes({0xaa, 0xaa, 3, 0, 0, 0}).u16(0x0800));
  expect_ipv6(kEthernet, mac(56).bytes({0xaa, 0xaa, 3, 0, 0, 0}).u16(0x86dd));
  expect_ipv4(kEthernet, mac(36).bytes({0xaa, 0xaa, 3, 0, 0, 0xf8}).u16(0x0800));
  expect_ipv4(kEthernet, mac(0x8100).u16(1).u16(36).bytes({0xaa, 0xaa, 3, 0, 0, 0}).u16(0x0800));
  expect_ipv4(kEthernet, mac(31).bytes({6, 6, 3}));
  expect_none(kEthernet, mac(38).bytes({0x42, 0x42, 3}));                          // spanning tree
  expect_none(kEthernet, mac(36).bytes({0xaa, 0xaa, 3, 0, 0, 0x0c}).u16(0x0800));  // Cisco's own
  expect_none(kEthernet, mac(36).bytes({0xaa, 0xaa, 3, 0, 0, 0}).u16(36));
}

TEST(LinkLayer, Mpls) {
  expect_ipv4(kEthernet, mac(0x8847).u32(0x00010140));
  expect_ipv6(kEthernet, mac(0x8848).u32(0x00010040).u32(0x00020040).u32(0x00030140));
  expect_ipv4(kEthernet, mac(0x8100).u16(5).u16(0x8847).u32(0x00010140));
  expect_none(kEthernet, mac(0x8847).u32(0x00010140).u32(0));  // a pseudowire's control word
}

TEST(LinkLayer, PppoeSession) {
  const auto session = [](uint16_t type) { return mac(type).u8(0x11).u8(0).u16(0x1234).u16(30); };
  expect_ipv4(kEthernet, session(0x8864).u16(0x0021));
  expect_ipv6(kEthernet, session(0x8864).u16(0x0057));
  expect_ipv4(kEthernet, session(0x8864).u8(0x21));
  expect_ipv4(kEthernet, session(0x8864).u16(0x0281).u32(0x00010140));
  expect_ipv4(kEthernet, mac(0x8100).u16(1).u16(0x8864).u8(0x11).u8(0).u16(1).u16(30).u16(0x21));
  expect_none(kEthernet, session(0x8864).u16(0xc021));  // link control
  expect_none(kEthernet, session(0x8863).u16(0x0021));  // discovery
  expect_ipv4(51, big().u8(0x11).u8(0).u16(0x1234).u16(30).u16(0x0021));
}

TEST(LinkLayer, MacsecWithoutEncryption) {
  expect_ipv4(kEthernet, mac(0x88e5).u8(0x00).u8(0).u32(1).u16(0x0800));
  expect_ipv4(kEthernet, mac(0x88e5).u8(0x20).u8(0).u32(1).u64(9).u16(0x0800));
  expect_none(kEthernet, mac(0x88e5).u8(0x2c).u8(0).u32(1).u64(9).u16(0x0800));
}

TEST(LinkLayer, RawIp) {
  for (const uint32_t link_type : {12u, 14u, 101u}) {
    expect_ipv4(link_type, big());
    expect_ipv6(link_type, big());
    expect_none(link_type, big().u8(0x50));
  }
  expect_ipv4(228, big());
  expect_ipv6(229, big());
  expect_none(229, big());
}

TEST(LinkLayer, NullAndLoopInBothOrders) {
  for (const uint32_t link_type : {0u, 108u}) {
    for (const std::endian order : {std::endian::little, std::endian::big}) {
      expect_ipv4(link_type, FileBuilder(order).u32(2));
      for (const uint32_t family : {10u, 23u, 24u, 28u, 30u}) {
        expect_ipv6(link_type, FileBuilder(order).u32(family));
      }
      expect_none(link_type, FileBuilder(order).u32(7));
    }
  }
  expect_ipv4(0, big().u8(0x0f).u8(0).u16(0x0800));
}

TEST(LinkLayer, Ppp) {
  expect_ipv4(9, big().u16(0xff03).u16(0x0021));
  expect_ipv4(9, big().u16(0x0021));
  expect_ipv6(9, big().u8(0x57));
  expect_ipv6(9, big().u16(0xff03).u16(0x0281).u32(0x00010140));
  expect_none(9, big().u16(0xff03).u16(0x8021));
  expect_ipv4(50, big().u16(0xff03).u16(0x0021));
  expect_ipv4(50, big().u16(0x0f00).u16(0x0800));
}

TEST(LinkLayer, CiscoHdlc) {
  expect_ipv4(104, big().u16(0x0f00).u16(0x0800));
  expect_ipv6(104, big().u16(0x8f00).u16(0x86dd));
  expect_none(104, big().u16(0x8f00).u16(0x8035));
}

TEST(LinkLayer, FrameRelay) {
  expect_ipv4(107, big().u16(0x1841).u8(3).u8(0xcc));
  expect_ipv6(107, big().u16(0x1841).u8(3).u8(0x8e));
  expect_ipv4(107, big().u16(0x1841).u8(3).u8(0).u8(0x80).zeros(3).u16(0x0800));
  expect_ipv6(107, big().u16(0x1841).u16(0x86dd));
  expect_ipv4(107, big().bytes({0x18, 0x40, 0x40, 0x41}).u16(0x0800));
  expect_none(107, big().u16(0x1840).zeros(3));
}

TEST(LinkLayer, Arcnet) {
  expect_ipv4(129, big().u16(0x0102).u16(0).u8(240));
  expect_ipv4(129, big().u16(0x0102).u16(0).u8(212).u8(0).u16(1));
  expect_ipv6(129, big().u16(0x0102).u16(0).u8(196).u8(0).u16(1));
  expect_none(129, big().u16(0x0102).u16(0).u8(212).u8(1).u16(1));  // first of a split packet
}

FileBuilder snap(uint16_t type) { return big().bytes({0xaa, 0xaa, 3, 0, 0, 0}).u16(type); }

TEST(LinkLayer, Wifi) {
  const auto header = [](uint8_t kind, uint8_t flags) {
    return big().u8(kind).u8(flags).u16(0).zeros(18).u16(0);
  };
  expect_ipv4(105, header(0x08, 0x01).bytes(snap(0x0800).view()));
  expect_ipv6(105, header(0x08, 0x02).bytes(snap(0x86dd).view()));
  expect_ipv4(105, header(0x08, 0x03).zeros(6).bytes(snap(0x0800).view()));
  expect_ipv4(105, header(0x88, 0x01).u16(0).bytes(snap(0x0800).view()));
  expect_ipv4(105, header(0x88, 0x81).u16(0).u32(0).bytes(snap(0x0800).view()));
  expect_ipv4(127, big().u16(0).u8(10).u8(0).zeros(6).bytes(
                       header(0x08, 0x01).bytes(snap(0x0800).view()).view()));
  expect_none(105, header(0x80, 0x00).bytes(snap(0x0800).view()));              // beacon
  expect_none(105, header(0x48, 0x01).bytes(snap(0x0800).view()));              // no data
  expect_none(105, header(0x08, 0x41).bytes(snap(0x0800).view()));              // encrypted
  expect_none(105, header(0x08, 0x05).bytes(snap(0x0800).view()));              // more fragments
  expect_none(105, header(0x88, 0x01).u16(0x8000).bytes(snap(0x0800).view()));  // aggregate
}

FileBuilder cooked(uint16_t packet_type, uint16_t protocol) {
  return big().u16(packet_type).u16(1).u16(6).zeros(8).u16(protocol);
}

FileBuilder cooked2(uint8_t packet_type, uint16_t protocol) {
  return big().u16(protocol).u16(0).u32(3).u16(1).u8(packet_type).u8(6).zeros(8);
}

TEST(LinkLayer, LinuxCooked) {
  expect_ipv4(113, cooked(0, 0x0800));
  expect_ipv6(113, cooked(4, 0x86dd));
  expect_ipv4(113, cooked(0, 0x8100).u16(3).u16(0x0800));
  expect_ipv4(113, cooked(0, 4).bytes(snap(0x0800).view()));
  expect_none(113, cooked(0, 0x0806));
  expect_none(113, cooked(0, 1).bytes(snap(0x0800).view()));  // 802.3 without LLC
  expect_ipv4(276, cooked2(0, 0x0800));
  expect_ipv6(276, cooked2(4, 0x86dd));
  expect_ipv4(276, cooked2(0, 0x88a8).u16(1).u16(0x8100).u16(3).u16(0x0800));
  expect_none(276, cooked2(0, 0x0806));
}

TEST(LinkLayer, LinuxCookedTellsDirectionAndInterface) {
  for (uint8_t type = 0; type < 7; ++type) {
    const Direction expected = type == 4  ? Direction::Egress
                               : type < 4 ? Direction::Ingress
                                          : Direction::Unknown;
    const FileBuilder v1 = cooked(type, 0x0800).bytes(ipv4_packet().view());
    Frame frame = frame_of(113, v1);
    ASSERT_TRUE(strip_link_layer(frame));
    EXPECT_EQ(frame.direction, expected);
    EXPECT_EQ(frame.ifindex, 0u);
    const FileBuilder v2 = cooked2(type, 0x0800).bytes(ipv4_packet().view());
    frame = frame_of(276, v2);
    ASSERT_TRUE(strip_link_layer(frame));
    EXPECT_EQ(frame.direction, expected);
    EXPECT_EQ(frame.ifindex, 3u);
  }
  const FileBuilder bytes = cooked(4, 0x0800).bytes(ipv4_packet().view());
  Frame frame = frame_of(113, bytes);
  frame.direction = Direction::Ingress;  // what the file says goes first
  ASSERT_TRUE(strip_link_layer(frame));
  EXPECT_EQ(frame.direction, Direction::Ingress);
}

TEST(LinkLayer, OtherLinkTypesHaveNoIp) {
  for (const uint32_t link_type : {2u, 8u, 147u, 189u, 253u, 65535u, 0x03ffffffu}) {
    expect_none(link_type, big());
  }
}

}  // namespace
}  // namespace tracee
