// SPDX-License-Identifier: Apache-2.0
// The three events a DNS message gives, and datagrams that carry one.
#include <algorithm>

#include "decode/protocols/dns/dns_event.h"
#include "event/address.h"

namespace tracee {
namespace {

// The data of an answer as the response event shows it; empty and NoRoom when
// the arena is full.
std::string_view answer_text(const DnsRecord& record, Arena& arena) noexcept {
  switch (record.type_number) {
    case dns_type::kA:
    case dns_type::kAaaa: {
      const AddressText& ip = dns_ip(record);
      if (!ip.odd.empty()) return ip.odd;
      const auto room = arena.take<char>(kAddressTextMax);
      if (room.empty()) return {};
      const size_t size = format_address(room.data(), ip.address);
      arena.shrink(room, size);
      return {room.data(), size};
    }
    case dns_type::kNs:
      return dns_ns(record);
    case dns_type::kCname:
      return dns_cname(record);
    case dns_type::kPtr:
      return dns_ptr(record);
    case dns_type::kMx:
      return dns_mx(record).name;
    case dns_type::kTxt:
      return dns_txt(record);
    default:
      return dns_has_data_text(record.type_number) ? dns_data(record) : "not implemented";
  }
}

Parse emit_response(const Packet& packet, const DnsMessage& message, Scope& scope) noexcept {
  const auto answers = scope.arena.take<DnsAnswer>(message.answers.size());
  const auto responses = scope.arena.take<DnsResponse>(message.questions.size());
  if (answers.size() != message.answers.size() || responses.empty()) return Parse::NoRoom;
  std::ranges::transform(message.answers, answers.begin(), [&](const DnsRecord& record) {
    return DnsAnswer{record.type, record.ttl, answer_text(record, scope.arena)};
  });
  std::ranges::transform(message.questions, responses.begin(), [&](const DnsQuestion& question) {
    return DnsResponse{question, answers};
  });
  const NetPacketDnsResponse event{packet_meta(packet), responses};
  scope.emit(kNetPacketDnsResponse, &event);
  return Parse::Ok;
}

}  // namespace

bool on_dns_port(const Packet& packet, const DecodeOptions& options) noexcept {
  return options.is_dns_port(packet.src_port) || options.is_dns_port(packet.dst_port);
}

Parse decode_dns_message(Bytes bytes, const Packet& packet, Scope& scope) noexcept {
  NetPacketDns event{packet.src, packet.dst, packet.src_port, packet.dst_port, {}};
  const DnsMessage& message = event.message;
  Parse result = parse_dns(bytes, scope.arena, event.message,
                           scope.options.extended ? DnsDetail::Extended : DnsDetail::Usual);
  if (result == Parse::Truncated) return result;
  if (scope.wants(kNetPacketDns)) scope.emit(kNetPacketDns, &event);
  if (message.questions.empty()) return result;
  if (message.qr == 0 && scope.wants(kNetPacketDnsRequest)) {
    const NetPacketDnsRequest request{packet_meta(packet), message.questions};
    scope.emit(kNetPacketDnsRequest, &request);
  }
  if (message.qr == 1 && scope.wants(kNetPacketDnsResponse)) {
    const Parse emitted = emit_response(packet, message, scope);
    if (result == Parse::Ok) result = emitted;
  }
  return result;
}

bool accepts_dns_datagram(const Packet& packet, const DecodeOptions& options) noexcept {
  return on_dns_port(packet, options);
}

Parse decode_dns_datagram(const Packet& packet, Scope& scope) noexcept {
  return decode_dns_message(packet.payload, packet, scope);
}

}  // namespace tracee
