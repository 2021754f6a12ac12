// SPDX-License-Identifier: Apache-2.0
// Packets to measure with: well-formed, of every protocol that is decoded, no
// two alike, and the same in every run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tracee::bench {

using Packet = std::vector<uint8_t>;  // from its IP header on

// Packets of a few hundred connections, with their sequence numbers in step: a
// peer that follows connections sees ordinary traffic.
class Traffic {
 public:
  explicit Traffic(uint64_t seed);

  Packet tcp_segment();   // with timestamps; without data, some or full
  Packet tcp_segment6();  // the same over IPv6
  Packet udp_datagram();
  Packet icmp_echo();
  Packet icmpv6_echo();
  Packet dns_query();      // one question, EDNS
  Packet dns_response();   // CNAME and two addresses
  Packet http_request();   // 10 headers
  Packet http_response();  // 9 headers and the start of a body

  // Not for statistics: fast, and equal everywhere.
  size_t below(size_t limit) { return number() % limit; }

 private:
  // A client's connection to a server.
  struct Flow {
    bool is_v6;
    std::array<std::array<uint8_t, 16>, 2> address;  // client, server; IPv4 uses four bytes
    std::array<uint16_t, 2> port;
    std::array<uint32_t, 2> sequence;
  };
  static constexpr size_t kFlows = 256;

  uint64_t number();
  bool percent(unsigned share) { return below(100) < share; }
  Flow& bulk_flow(bool is_v6) { return flows_[is_v6 ? 1 : 0][below(kFlows)]; }
  Flow& web_flow() { return flows_[percent(10) ? 3 : 2][below(kFlows)]; }
  Flow make_flow(bool is_v6, uint16_t server_port);
  std::string word();

  Packet ip(const Flow& flow, bool up, uint8_t protocol, const Packet& inside);
  Packet tcp(Flow& flow, bool up, const Packet& data);
  Packet udp(const Flow& flow, bool up, uint16_t server_port, const Packet& data);
  Packet segment(Flow& flow);
  Packet echo(const Flow& flow, uint8_t protocol, uint8_t up_type, uint8_t down_type);
  Packet dns_message(unsigned flags, unsigned answers);

  uint64_t state_;
  uint32_t clock_ = 1'000'000;  // of TCP's timestamps
  // IPv4, IPv6 with bulk data; IPv4, IPv6 with HTTP.
  std::array<std::vector<Flow>, 4> flows_;
};

// One kind of event, and packets that make it.
struct Kind {
  std::string_view event;
  std::string_view packets;  // for people
  Packet (Traffic::*make)();
};
std::span<const Kind> kinds();

std::vector<Packet> make_packets(Packet (Traffic::*make)(), size_t count);

}  // namespace tracee::bench
