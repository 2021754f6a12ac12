// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/udp/udp.h"

#include <algorithm>

#include "decode/protocols/udp/udp_event.h"

namespace tracee {

namespace {
constexpr size_t kHeader = 8;
}

Parse walk_udp(Packet& packet) noexcept {
  const Bytes bytes = packet.transport;
  if (bytes.size() < kHeader) return Parse::Truncated;
  packet.src_port = load_be16(bytes.data());
  packet.dst_port = load_be16(&bytes[2]);
  const size_t length = load_be16(&bytes[4]);
  const size_t total = length == 0 ? bytes.size() : length;
  if (total < kHeader) return Parse::Malformed;
  packet.payload = bytes.first(std::min(bytes.size(), total)).subspan(kHeader);
  packet.has_ports = true;
  return Parse::Ok;
}

Parse decode_udp(const Packet& packet, Scope& scope) noexcept {
  if (packet.transport.size() < kHeader) return Parse::NotMine;  // walk_udp counted it
  const uint8_t* p = packet.transport.data();
  NetPacketUdp event;
  event.src = packet.src;
  event.dst = packet.dst;
  event.header = UdpHeader{
      .src_port = packet.src_port,
      .dst_port = packet.dst_port,
      .length = load_be16(p + 4),
      .checksum = load_be16(p + 6),
  };
  scope.emit(kNetPacketUdp, &event);
  return Parse::Ok;
}

}  // namespace tracee
