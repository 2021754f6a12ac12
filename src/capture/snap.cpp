// SPDX-License-Identifier: Apache-2.0
#include "capture/snap.h"

#include <algorithm>

namespace tracee {
namespace {

constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;
constexpr uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAh = 51, kDestination = 60,
                  kMobility = 135, kHip = 139, kShim6 = 140;
constexpr uint8_t kNoTransport = 255;
constexpr int kMaxExtensions = 8;

struct Headers {
  size_t length = 0;
  uint8_t transport = kNoTransport;
};

Headers ipv4_headers(Bytes packet) noexcept {
  Headers out{20};
  if (packet.size() < 20) return out;
  out.length = (packet[0] & 15u) * 4;
  const bool later_fragment = (load_be16(packet.data() + 6) & 0x1fff) != 0;
  if (!later_fragment) out.transport = packet[9];
  return out;
}

Headers ipv6_headers(Bytes packet) noexcept {
  Headers out{40};
  if (packet.size() < 40) return out;
  uint8_t next = packet[6];
  for (int i = 0; i < kMaxExtensions; ++i) {
    const bool extension = next == kHopByHop || next == kRouting || next == kFragment ||
                           next == kAh || next == kDestination || next == kMobility ||
                           next == kHip || next == kShim6;
    if (!extension) {
      out.transport = next;
      return out;
    }
    if (packet.size() < out.length + 4) return out;
    const uint8_t* p = packet.data() + out.length;
    if (next == kFragment) {
      out.length += 8;
      if ((load_be16(p + 2) & 0xfff8) != 0) return out;
    } else {
      out.length += next == kAh ? (p[1] + 2u) * 4 : (p[1] + 1u) * 8;
    }
    next = p[0];
  }
  return out;
}

}  // namespace

size_t snapped_length(Bytes packet, uint32_t payload,
                      std::span<const uint16_t> whole_ports) noexcept {
  const unsigned version = packet.empty() ? 0 : packet[0] >> 4;
  Headers headers;
  if (version == 4) headers = ipv4_headers(packet);
  if (version == 6) headers = ipv6_headers(packet);
  const uint8_t transport = headers.transport;
  if ((version == 4 && transport == kIcmp) || (version == 6 && transport == kIcmpv6)) {
    return packet.size();
  }
  if (transport == kTcp || transport == kUdp) {
    const size_t start = headers.length;
    headers.length += transport == kUdp ? 8 : 20;
    if (packet.size() >= start + 4) {
      for (const size_t at : {start, start + 2}) {
        const uint16_t port = load_be16(packet.data() + at);
        if (std::ranges::find(whole_ports, port) != whole_ports.end()) return packet.size();
      }
    }
    if (transport == kTcp && packet.size() > start + 12) {
      headers.length = start + std::max<size_t>((packet[start + 12] >> 4) * 4u, 20);
    }
  }
  return std::min(packet.size(), headers.length + payload);
}

}  // namespace tracee
