// SPDX-License-Identifier: Apache-2.0
// IPv4, IPv6, TCP, UDP, ICMP, ICMPv6: ping and nc between the namespace and the host.
#include "e2e.h"

namespace e2e {

class Ipv4Detector : public EventDetector {
  DetectorDefinition definition() const override {
    return definition_of("IPv4", "net_packet_ipv4");
  }
  Outputs on_event(const Event& event) override {
    const Ipv4* ip = event.message<Ipv4>("proto_ipv4");
    if (ip == nullptr || !between(event, kSpace, kHost)) return {};
    if (ip->src_ip != kSpace || ip->dst_ip != kHost) return {};
    if (ip->version != 4 || ip->ihl != 5) return {};
    return detected();
  }
};

class Ipv6Detector : public EventDetector {
  DetectorDefinition definition() const override {
    return definition_of("IPv6", "net_packet_ipv6");
  }
  Outputs on_event(const Event& event) override {
    const Ipv6* ip = event.message<Ipv6>("proto_ipv6");
    if (ip == nullptr || !between(event, kSpace6, kHost6)) return {};
    if (ip->src_ip != kSpace6 || ip->dst_ip != kHost6) return {};
    if (ip->version != 6 || ip->hop_limit != 64) return {};
    return detected();
  }
};

class TcpDetector : public EventDetector {
  DetectorDefinition definition() const override { return definition_of("TCP", "net_packet_tcp"); }
  Outputs on_event(const Event& event) override {
    const Tcp* tcp = event.message<Tcp>("proto_tcp");
    if (tcp == nullptr || !between(event, kHost, kSpace)) return {};
    if (tcp->src_port != 8090 || !tcp->ack_flag) return {};
    if (tcp->rst || tcp->urg || tcp->syn || tcp->fin) return {};
    return detected();
  }
};

class UdpDetector : public EventDetector {
  DetectorDefinition definition() const override { return definition_of("UDP", "net_packet_udp"); }
  Outputs on_event(const Event& event) override {
    const Udp* udp = event.message<Udp>("proto_udp");
    if (udp == nullptr || !between(event, kSpace, kHost)) return {};
    if (udp->dst_port != 8090) return {};
    return detected();
  }
};

class IcmpDetector : public EventDetector {
  DetectorDefinition definition() const override {
    return definition_of("ICMP", "net_packet_icmp");
  }
  Outputs on_event(const Event& event) override {
    const Icmp* icmp = event.message<Icmp>("proto_icmp");
    if (icmp == nullptr || !between(event, kHost, kSpace)) return {};
    if (icmp->type_code != "EchoReply") return {};
    return detected();
  }
};

class Icmpv6Detector : public EventDetector {
  DetectorDefinition definition() const override {
    return definition_of("ICMPv6", "net_packet_icmpv6");
  }
  Outputs on_event(const Event& event) override {
    const Icmpv6* icmp = event.message<Icmpv6>("proto_icmpv6");
    if (icmp == nullptr || !between(event, kHost6, kSpace6)) return {};
    if (icmp->type_code != "EchoReply") return {};
    return detected();
  }
};

}  // namespace e2e

TRACEE_DETECTORS(e2e::Ipv4Detector, e2e::Ipv6Detector, e2e::TcpDetector, e2e::UdpDetector,
                 e2e::IcmpDetector, e2e::Icmpv6Detector)
