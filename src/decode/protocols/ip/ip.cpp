// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/ip/ip.h"

#include <algorithm>

#include "decode/protocols/ip/ip_event.h"
#include "decode/reader.h"

namespace tracee {
namespace {

constexpr size_t kIpv4MinHeader = 20;
constexpr size_t kIpv6FixedHeader = 40;
// RFC 8200 bounds neither count nor order in practice; a chain longer than this
// is an attack, not a packet.
constexpr int kMaxExtensions = 16;

// Next-header numbers that this walk steps over (RFC 8200, 4302, 6275, 7401, 5533).
namespace extension {
constexpr uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51;
constexpr uint8_t kDestination = 60, kMobility = 135, kHip = 139, kShim6 = 140;
}  // namespace extension

Bytes cut_to(Bytes bytes, size_t length) { return bytes.first(std::min(bytes.size(), length)); }

Parse walk_ipv4(Bytes bytes, uint32_t length, Packet& packet) noexcept {
  if (bytes.size() < kIpv4MinHeader) return Parse::Truncated;
  const uint8_t* p = bytes.data();
  const size_t header = (p[0] & 0x0fu) * 4u;
  if (header < kIpv4MinHeader) return Parse::Malformed;
  if (bytes.size() < header) return Parse::Truncated;
  packet.version = 4;
  packet.src = Address::v4(p + 12);
  packet.dst = Address::v4(p + 16);
  // Zero: segmentation offload left the field to the device (BIG TCP, TSO).
  const uint32_t field = load_be16(p + 2);
  const uint32_t total = field == 0 ? length : field;
  if (total < header) return Parse::Malformed;
  packet.length_field = total;
  packet.length = total;
  packet.cut = bytes.size() < total;
  packet.network = cut_to(bytes, total);
  const uint16_t fragment = load_be16(p + 6);
  packet.fragment = (fragment & 0x3fff) != 0;
  if (packet.fragment) {
    packet.piece = Fragment{.data = packet.network.subspan(header),
                            .id = load_be16(p + 4),
                            .offset = (fragment & 0x1fffu) * 8,
                            .next = p[9],
                            .more = (fragment & 0x2000) != 0};
  }
  if ((fragment & 0x1fff) != 0) return Parse::Ok;
  packet.protocol = p[9];
  packet.transport = packet.network.subspan(header);
  packet.transport_length = total - static_cast<uint32_t>(header);
  return Parse::Ok;
}

// Steps over the extension headers of `bytes` from `next` at `at`; leaves
// packet.protocol kNone when no upper layer can be seen. `length`: what `bytes`
// had on the wire.
void walk_extensions(Bytes bytes, uint32_t length, uint8_t next, size_t at,
                     Packet& packet) noexcept {
  for (int i = 0; i < kMaxExtensions; ++i) {
    size_t size = 0;
    switch (next) {
      case extension::kHopByHop:
      case extension::kRouting:
      case extension::kDestination:
      case extension::kMobility:
      case extension::kHip:
      case extension::kShim6:
        if (at + 8 > bytes.size()) return;
        size = (bytes[at + 1] + 1u) * 8u;
        break;
      case extension::kAuthentication:
        if (at + 8 > bytes.size()) return;
        size = (bytes[at + 1] + 2u) * 4u;
        break;
      case extension::kFragment: {
        if (at + 8 > bytes.size()) return;
        const uint16_t fragment = load_be16(&bytes[at + 2]);
        // An "atomic" fragment (offset 0, no more) is a whole packet (RFC 6946).
        if ((fragment & 0xfff9) != 0) {
          packet.fragment = true;
          packet.piece = Fragment{.data = bytes.subspan(at + 8),
                                  .id = load_be32(&bytes[at + 4]),
                                  .offset = fragment & 0xfff8u,
                                  .next = bytes[at],
                                  .more = (fragment & 1) != 0};
        }
        if ((fragment & 0xfff8) != 0) return;
        size = 8;
        break;
      }
      default:
        if (at > bytes.size()) return;
        packet.protocol = next;
        packet.transport = bytes.subspan(at);
        packet.transport_length = length - static_cast<uint32_t>(at);
        return;
    }
    if (at + size > bytes.size()) return;
    next = bytes[at];
    at += size;
  }
}

// The payload length that a jumbogram's hop-by-hop option gives (RFC 2675, 2);
// 0: there is none, or one that the option must not have.
uint32_t jumbo_length(Bytes packet) noexcept {
  constexpr uint8_t kPad1 = 0, kJumbo = 0xc2;
  Reader in(packet);
  in.skip(kIpv6FixedHeader + 1);
  in = Reader(in.take((in.u8() + 1u) * 8u - 2u));
  while (in && in.left() > 0) {
    const uint8_t type = in.u8();
    if (type == kPad1) continue;
    const uint8_t size = in.u8();
    if (type != kJumbo) {
      in.skip(size);
      continue;
    }
    const uint32_t length = in.u32();
    return in && size == 4 && length > UINT16_MAX && length < UINT32_MAX - kIpv6FixedHeader ? length
                                                                                            : 0;
  }
  return 0;
}

Parse walk_ipv6(Bytes bytes, uint32_t length, Packet& packet) noexcept {
  if (bytes.size() < kIpv6FixedHeader) return Parse::Truncated;
  const uint8_t* p = bytes.data();
  packet.version = 6;
  packet.src = Address::v6(p + 8);
  packet.dst = Address::v6(p + 24);
  packet.length_field = load_be16(p + 4);
  // Zero: a jumbogram says more, a segmentation-offload packet does not; then the
  // record knows.
  uint32_t total = packet.length_field + static_cast<uint32_t>(kIpv6FixedHeader);
  if (packet.length_field == 0) {
    const uint32_t jumbo = p[6] == extension::kHopByHop ? jumbo_length(bytes) : 0;
    total = jumbo == 0 ? length : jumbo + static_cast<uint32_t>(kIpv6FixedHeader);
  }
  packet.length = total;
  packet.cut = bytes.size() < total;
  packet.network = cut_to(bytes, total);
  walk_extensions(packet.network, total, p[6], kIpv6FixedHeader, packet);
  return Parse::Ok;
}

}  // namespace

Parse walk_ip(Bytes bytes, uint32_t length, Packet& packet) noexcept {
  if (bytes.empty()) return Parse::Truncated;
  switch (bytes[0] >> 4) {
    case 4:
      return walk_ipv4(bytes, length, packet);
    case 6:
      return walk_ipv6(bytes, length, packet);
    default:
      return Parse::Malformed;
  }
}

void walk_upper(uint8_t next, Bytes bytes, Packet& packet) noexcept {
  const auto length = static_cast<uint32_t>(bytes.size());
  packet.protocol = ip_protocol::kNone;
  packet.transport = {};
  if (packet.version == 6) {
    walk_extensions(bytes, length, next, 0, packet);
  } else {
    packet.protocol = next;
    packet.transport = bytes;
    packet.transport_length = length;
  }
}

Parse decode_ipv4(const Packet& packet, Scope& scope) noexcept {
  if (packet.version != 4) return Parse::NotMine;
  const uint8_t* p = packet.network.data();
  NetPacketIpv4 event;
  event.src = packet.src;
  event.dst = packet.dst;
  const uint16_t fragment = load_be16(p + 6);
  event.header = Ipv4Header{
      .version = static_cast<uint8_t>(p[0] >> 4),
      .ihl = static_cast<uint8_t>(p[0] & 0x0f),
      .tos = p[1],
      .length = static_cast<uint16_t>(packet.length_field),
      .id = load_be16(p + 4),
      .flags = static_cast<uint8_t>(fragment >> 13),
      .fragment_offset = static_cast<uint16_t>(fragment & 0x1fff),
      .ttl = p[8],
      .protocol = ip_protocol_name(p[9]),
      .checksum = load_be16(p + 10),
      .src = packet.src,
      .dst = packet.dst,
  };
  scope.emit(kNetPacketIpv4, &event);
  return Parse::Ok;
}

Parse decode_ipv6(const Packet& packet, Scope& scope) noexcept {
  if (packet.version != 6) return Parse::NotMine;
  const uint8_t* p = packet.network.data();
  const uint32_t first = load_be32(p);
  NetPacketIpv6 event;
  event.src = packet.src;
  event.dst = packet.dst;
  event.header = Ipv6Header{
      .version = static_cast<uint8_t>(first >> 28),
      .traffic_class = static_cast<uint8_t>(first >> 20),
      .flow_label = first & 0xfffff,
      .length = static_cast<uint16_t>(packet.length_field),
      .next_header = ip_protocol_name(p[6]),
      .hop_limit = p[7],
      .src = packet.src,
      .dst = packet.dst,
  };
  scope.emit(kNetPacketIpv6, &event);
  return Parse::Ok;
}

}  // namespace tracee
