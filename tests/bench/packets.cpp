// SPDX-License-Identifier: Apache-2.0
#include "packets.h"

#include <algorithm>

namespace tracee::bench {
namespace {

constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;
constexpr uint16_t kDnsPort = 53, kHttpPort = 80, kTlsPort = 443;

// Integers go out in network order; what does not fit is cut off.
void put8(Packet& to, uint64_t value) { to.push_back(static_cast<uint8_t>(value)); }
void put16(Packet& to, uint64_t value) {
  put8(to, value >> 8);
  put8(to, value);
}
void put32(Packet& to, uint64_t value) {
  put16(to, value >> 16);
  put16(to, value);
}
void put_text(Packet& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }
void put_bytes(Packet& to, std::span<const uint8_t> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void put_name(Packet& to, std::string_view name) {
  while (!name.empty()) {
    const size_t dot = std::min(name.find('.'), name.size());
    put8(to, dot);
    put_text(to, name.substr(0, dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  put8(to, 0);
}

constexpr uint16_t kTypeA = 1, kTypeCname = 5, kTypeOpt = 41, kClassIn = 1;

uint64_t pointer_to(size_t offset) { return 0xc000 | offset; }

void put_record_head(Packet& to, size_t name_offset, uint16_t type, size_t size) {
  put16(to, pointer_to(name_offset));
  put16(to, type);
  put16(to, kClassIn);
  put32(to, 300);
  put16(to, size);
}

constexpr Kind kKinds[] = {
    {"net_packet_ipv4", "TCP over IPv4", &Traffic::tcp_segment},
    {"net_packet_ipv6", "TCP over IPv6", &Traffic::tcp_segment6},
    {"net_packet_tcp", "TCP over IPv4", &Traffic::tcp_segment},
    {"net_packet_udp", "UDP over IPv4", &Traffic::udp_datagram},
    {"net_packet_icmp", "echo", &Traffic::icmp_echo},
    {"net_packet_icmpv6", "echo", &Traffic::icmpv6_echo},
    {"net_packet_dns", "response, 3 answers", &Traffic::dns_response},
    {"net_packet_dns_request", "query", &Traffic::dns_query},
    {"net_packet_dns_response", "response, 3 answers", &Traffic::dns_response},
    {"net_packet_http", "request, 10 headers", &Traffic::http_request},
    {"net_packet_http_request", "request, 10 headers", &Traffic::http_request},
    {"net_packet_http_response", "response, 9 headers", &Traffic::http_response},
};

}  // namespace

Traffic::Traffic(uint64_t seed) : state_(seed) {
  for (size_t group = 0; group < flows_.size(); ++group) {
    for (size_t i = 0; i < kFlows; ++i) {
      flows_[group].push_back(make_flow(group % 2 == 1, group < 2 ? kTlsPort : kHttpPort));
    }
  }
}

uint64_t Traffic::number() {  // splitmix64
  state_ += 0x9e3779b97f4a7c15;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Traffic::Flow Traffic::make_flow(bool is_v6, uint16_t server_port) {
  Flow out{};
  out.is_v6 = is_v6;
  for (auto& address : out.address) {
    Packet bytes;
    put32(bytes, is_v6 ? 0x20010db8 : 0x0a000000 | below(1u << 18));
    put32(bytes, below(16));
    put32(bytes, 0);
    put32(bytes, percent(50) ? number() : below(256));
    std::ranges::copy(bytes, address.begin());
  }
  out.port = {static_cast<uint16_t>(32768 + below(28232)), server_port};
  for (uint32_t& sequence : out.sequence) sequence = static_cast<uint32_t>(number());
  return out;
}

std::string Traffic::word() {
  static constexpr std::array<std::string_view, 8> kWords = {"www", "mail",  "static", "images",
                                                             "api", "login", "assets", "updates"};
  return std::string(kWords[below(kWords.size())]) + std::to_string(below(1000));
}

Packet Traffic::ip(const Flow& flow, bool up, uint8_t protocol, const Packet& inside) {
  Packet out;
  if (flow.is_v6) {
    put32(out, 0x60000000 | flow.port[0]);
    put16(out, inside.size());
    put8(out, protocol);
    put8(out, 64);
  } else {
    put16(out, 0x4500);
    put16(out, 20 + inside.size());
    put16(out, number());
    put16(out, 0x4000);  // do not fragment
    put8(out, 64);
    put8(out, protocol);
    put16(out, number());
  }
  const size_t size = flow.is_v6 ? 16 : 4;
  put_bytes(out, std::span(flow.address[up ? 0 : 1]).first(size));
  put_bytes(out, std::span(flow.address[up ? 1 : 0]).first(size));
  put_bytes(out, inside);
  return out;
}

Packet Traffic::tcp(Flow& flow, bool up, const Packet& data) {
  constexpr unsigned kAck = 0x10, kPush = 0x08;
  const size_t from = up ? 0 : 1, to = 1 - from;
  Packet out;
  put16(out, flow.port[from]);
  put16(out, flow.port[to]);
  put32(out, flow.sequence[from]);
  put32(out, flow.sequence[to]);
  put8(out, 8 << 4);  // 32 bytes: the header and its timestamps
  put8(out, data.empty() ? kAck : kAck | kPush);
  put16(out, 500 + below(5000));
  put16(out, number());
  put16(out, 0);
  put32(out, 0x0101080a);
  put32(out, ++clock_);
  put32(out, clock_ - 20);
  put_bytes(out, data);
  flow.sequence[from] += static_cast<uint32_t>(data.size());
  return ip(flow, up, kTcp, out);
}

Packet Traffic::udp(const Flow& flow, bool up, uint16_t server_port, const Packet& data) {
  Packet out;
  put16(out, up ? flow.port[0] : server_port);
  put16(out, up ? server_port : flow.port[0]);
  put16(out, 8 + data.size());
  put16(out, number());
  put_bytes(out, data);
  return ip(flow, up, kUdp, out);
}

// Half of a bulk transfer is acknowledgements; the rest is mostly full.
Packet Traffic::segment(Flow& flow) {
  constexpr size_t kFullSegment = 1448;
  const size_t choice = below(10);
  const size_t size = choice < 5 ? 0 : choice < 7 ? 1 + below(300) : kFullSegment;
  // What is in it starts like TLS, not like an HTTP message.
  return tcp(flow, percent(50), Packet(size, 23));
}

Packet Traffic::echo(const Flow& flow, uint8_t protocol, uint8_t up_type, uint8_t down_type) {
  const bool up = percent(50);
  Packet out;
  put8(out, up ? up_type : down_type);
  put8(out, 0);
  put16(out, number());      // checksum
  put16(out, flow.port[0]);  // identifier
  put16(out, number());      // sequence number
  out.resize(64, 0x55);
  return ip(flow, up, protocol, out);
}

Packet Traffic::dns_message(unsigned flags, unsigned answers) {
  constexpr size_t kHeader = 12;
  Packet out;
  put16(out, number());
  put16(out, flags);
  put16(out, 1);
  put16(out, answers);
  put16(out, 0);
  put16(out, 1);
  const std::string name = word() + ".example.com";
  put_name(out, name);
  put16(out, kTypeA);
  put16(out, kClassIn);
  if (answers > 0) {
    Packet target;
    put_name(target, word() + ".cdn");
    target.pop_back();  // goes on with the zone's name, not with the root
    put16(target, pointer_to(kHeader + name.find(".example") + 1));
    put_record_head(out, kHeader, kTypeCname, target.size());
    const size_t target_offset = out.size();
    put_bytes(out, target);
    for (unsigned i = 1; i < answers; ++i) {
      put_record_head(out, target_offset, kTypeA, 4);
      put32(out, 0xc0000200 | below(256));
    }
  }
  put8(out, 0);  // EDNS belongs to the root
  put16(out, kTypeOpt);
  put16(out, 1232);
  put32(out, 0);
  put16(out, 0);
  return out;
}

Packet Traffic::tcp_segment() { return segment(bulk_flow(false)); }
Packet Traffic::tcp_segment6() { return segment(bulk_flow(true)); }

Packet Traffic::udp_datagram() {
  const Packet data(20 + below(1200), 0x40);
  return udp(bulk_flow(false), percent(50), kTlsPort, data);
}

Packet Traffic::icmp_echo() { return echo(bulk_flow(false), kIcmp, 8, 0); }
Packet Traffic::icmpv6_echo() { return echo(bulk_flow(true), kIcmpv6, 128, 129); }

Packet Traffic::dns_query() { return udp(web_flow(), true, kDnsPort, dns_message(0x0120, 0)); }
Packet Traffic::dns_response() { return udp(web_flow(), false, kDnsPort, dns_message(0x8180, 3)); }

Packet Traffic::http_request() {
  const std::string host = word() + ".example.com";
  const std::string id = std::to_string(number());
  Packet data;
  put_text(data, "GET /" + word() + "/" + word() + "?id=" + id + " HTTP/1.1\r\nHost: " + host +
                     "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
                     "Firefox/128.0\r\nAccept: text/html,application/xhtml+xml,application/xml;"
                     "q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: "
                     "gzip, deflate\r\nReferer: http://" +
                     host + "/\r\nConnection: keep-alive\r\nCookie: session=" + id +
                     "\r\nUpgrade-Insecure-Requests: 1\r\nCache-Control: max-age=0\r\n\r\n");
  return tcp(web_flow(), true, data);
}

Packet Traffic::http_response() {
  const std::string tag = std::to_string(number());
  Packet data;
  put_text(data, std::string("HTTP/1.1 ") + (percent(90) ? "200 OK" : "404 Not Found") +
                     "\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
                     "Content-Type: text/html; charset=utf-8\r\nContent-Length: ");
  const size_t body = 400 + below(600);
  put_text(data, std::to_string(body) +
                     "\r\nLast-Modified: Sun, 31 Dec 2023 12:00:00 GMT\r\nConnection: "
                     "keep-alive\r\nETag: \"" +
                     tag + "\"\r\nVary: Accept-Encoding\r\nAccept-Ranges: bytes\r\n\r\n");
  data.resize(data.size() + body, 'x');
  return tcp(web_flow(), false, data);
}

std::span<const Kind> kinds() { return kKinds; }

std::vector<Packet> make_packets(Packet (Traffic::*make)(), size_t count) {
  Traffic traffic(1);
  std::vector<Packet> out;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) out.push_back((traffic.*make)());
  return out;
}

}  // namespace tracee::bench
