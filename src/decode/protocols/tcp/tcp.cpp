// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/tcp/tcp.h"

#include "decode/protocols/tcp/tcp_event.h"

namespace tracee {

namespace {
constexpr size_t kMinHeader = 20;
}

Parse walk_tcp(Packet& packet) noexcept {
  const Bytes bytes = packet.transport;
  if (bytes.size() < kMinHeader) return Parse::Truncated;
  packet.src_port = load_be16(bytes.data());
  packet.dst_port = load_be16(&bytes[2]);
  const size_t header = (bytes[12] >> 4) * 4u;
  if (header < kMinHeader) return Parse::Malformed;
  if (header > bytes.size()) return packet.cut ? Parse::Truncated : Parse::Malformed;
  packet.payload = bytes.subspan(header);
  packet.payload_length = packet.transport_length - static_cast<uint32_t>(header);
  packet.has_ports = true;
  return Parse::Ok;
}

Parse decode_tcp(const Packet& packet, Scope& scope) noexcept {
  if (packet.transport.size() < kMinHeader) return Parse::NotMine;  // walk_tcp counted it
  const uint8_t* p = packet.transport.data();
  const uint8_t flags = p[13];
  const auto flag = [&](unsigned bit) { return Flag{((flags >> bit) & 1) != 0}; };
  NetPacketTcp event;
  event.src = packet.src;
  event.dst = packet.dst;
  event.header = TcpHeader{
      .src_port = packet.src_port,
      .dst_port = packet.dst_port,
      .seq = load_be32(p + 4),
      .ack = load_be32(p + 8),
      .data_offset = static_cast<uint8_t>(p[12] >> 4),
      .fin = flag(0),
      .syn = flag(1),
      .rst = flag(2),
      .psh = flag(3),
      .ack_flag = flag(4),
      .urg = flag(5),
      .ece = flag(6),
      .cwr = flag(7),
      .ns = Flag{(p[12] & 1) != 0},
      .window = load_be16(p + 14),
      .checksum = load_be16(p + 16),
      .urgent = load_be16(p + 18),
  };
  scope.emit(kNetPacketTcp, &event);
  return Parse::Ok;
}

}  // namespace tracee
