// SPDX-License-Identifier: Apache-2.0
// The list of protocols: one row each, in the order their events leave. A new
// protocol is its folder and a row here.
#include <vector>

#include "decode/decoder.h"
#include "decode/protocols/dns/dns_event.h"
#include "decode/protocols/dns/dns_stream.h"
#include "decode/protocols/http/http_event.h"
#include "decode/protocols/icmp/icmp_event.h"
#include "decode/protocols/ip/ip_event.h"
#include "decode/protocols/tcp/tcp_event.h"
#include "decode/protocols/udp/udp_event.h"
#include "wire/wire.h"

namespace tracee {
namespace {

constexpr const EventSpec* kIpv4Events[] = {&kNetPacketIpv4};
constexpr const EventSpec* kIpv6Events[] = {&kNetPacketIpv6};
constexpr const EventSpec* kTcpEvents[] = {&kNetPacketTcp};
constexpr const EventSpec* kUdpEvents[] = {&kNetPacketUdp};
constexpr const EventSpec* kIcmpEvents[] = {&kNetPacketIcmp};
constexpr const EventSpec* kIcmpv6Events[] = {&kNetPacketIcmpv6};
constexpr const EventSpec* kDnsEvents[] = {&kNetPacketDns, &kNetPacketDnsRequest,
                                           &kNetPacketDnsResponse};
constexpr const EventSpec* kHttpEvents[] = {&kNetPacketHttp, &kNetPacketHttpRequest,
                                            &kNetPacketHttpResponse};

using namespace ip_protocol;
constexpr Protocol kProtocols[] = {
    {"ipv4", Over::Network, 0, WIRE_WANT_IPV4, kIpv4Events, nullptr, &decode_ipv4},
    {"ipv6", Over::Network, 0, WIRE_WANT_IPV6, kIpv6Events, nullptr, &decode_ipv6},
    {"tcp", Over::Transport, kTcp, WIRE_WANT_TCP, kTcpEvents, nullptr, &decode_tcp},
    {"udp", Over::Transport, kUdp, WIRE_WANT_UDP, kUdpEvents, nullptr, &decode_udp},
    {"icmp", Over::Transport, kIcmp, WIRE_WANT_ICMP, kIcmpEvents, nullptr, &decode_icmp},
    {"icmpv6", Over::Transport, kIcmpv6, WIRE_WANT_ICMPV6, kIcmpv6Events, nullptr, &decode_icmpv6},
    {"dns", Over::Datagram, 0, WIRE_WANT_DNS, kDnsEvents, &accepts_dns_datagram,
     &decode_dns_datagram, nullptr, nullptr, &redact_dns},
    {"dns-tcp", Over::Stream, 0, WIRE_WANT_DNS_TCP, kDnsEvents, &on_dns_port, nullptr,
     &starts_dns_stream, &read_dns_stream, &redact_dns},
    {"http", Over::Stream, 0, WIRE_WANT_HTTP, kHttpEvents, nullptr, nullptr, &starts_http,
     &read_http, &redact_http},
};

}  // namespace

std::span<const Protocol> protocols() { return kProtocols; }

std::span<const EventSpec* const> packet_events() {
  static const std::vector<const EventSpec*> kAll = [] {
    std::vector<const EventSpec*> all;
    EventMask seen = 0;
    for (const Protocol& protocol : kProtocols) {
      for (const EventSpec* spec : protocol.events) {
        if ((seen & event_bit(*spec)) == 0) all.push_back(spec);
        seen |= event_bit(*spec);
      }
    }
    return all;
  }();
  return kAll;
}

}  // namespace tracee
