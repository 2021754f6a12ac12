// SPDX-License-Identifier: Apache-2.0
// Four events whose every value is known, for tests of filters.
#pragma once

#include <vector>

#include "decode/decoder.h"
#include "decode/protocols/dns/dns_event.h"
#include "decode/protocols/http/http_event.h"
#include "decode/protocols/ip/ip_event.h"
#include "decode/protocols/tcp/tcp_event.h"
#include "event/address.h"
#include "event/catalog.h"
#include "event/lost_events.h"

namespace tracee::test {

inline const Catalog& catalog() {
  static const Catalog all = [] {
    std::vector<const EventSpec*> specs(packet_events().begin(), packet_events().end());
    specs.push_back(&kLostEvents);
    return Catalog(specs);
  }();
  return all;
}

inline Address address(std::string_view text) { return *parse_address(text); }

// curl (4711, child of 1000, user 1000) in a container sends; see context() for
// the rest. The pointers between members make it stay where it is.
struct Fixtures {
  Fixtures() = default;
  Fixtures(const Fixtures&) = delete;
  Fixtures& operator=(const Fixtures&) = delete;

  Context context = [] {
    Context c;
    c.time_ns = 1'700'000'000'000'000'000;
    c.thread_start_ns = 1'699'000'000'000'000'000;
    c.cpu = 3;
    c.process_id = 11;
    c.thread_id = 12;
    c.parent_id = 1;
    c.host_process_id = 4711;
    c.host_thread_id = 4712;
    c.host_parent_id = 1000;
    c.cgroup_id = 5650;
    c.user_id = 1000;
    c.mount_namespace = 4026531841;
    c.pid_namespace = 4026531836;
    c.process_name = "curl";
    c.executable_path = "/usr/bin/curl";
    c.host_name = "rugged";
    c.container = {"0123456789abcdef", "web", "nginx:1.25", "sha256:11"};
    c.kubernetes = {"web-1", "shop", "uid-1", false};
    c.syscall = "sendto";
    c.flags.container_started = true;
    c.direction = "egress";
    c.attribution = "user";
    c.ifindex = 2;
    c.packet_length = 1500;
    return c;
  }();

  // 10.0.0.1:40000 → 192.0.2.9:80, SYN and ECE.
  NetPacketTcp tcp{
      address("10.0.0.1"),
      address("192.0.2.9"),
      {40000, 80, 4294967295, 0, 10, {}, {true}, {}, {}, {}, {}, {true}, {}, {}, 64240, 0x1842, 0}};

  // 2001:db8::1 → fe80::1, hop limit 64.
  NetPacketIpv6 ipv6{address("2001:db8::1"),
                     address("fe80::1"),
                     {6, 0, 0xfffff, 40, "TCP", 64, address("2001:db8::1"), address("fe80::1")}};

  AddressText a{address("192.0.2.1"), {}};
  DnsMx mx{10, "mail.example.test"};
  std::string_view cname = "web.example.test";
  std::string_view strings[2] = {"v=spf1 -all", "second"};
  DnsText txt{strings, "\x0bv=spf1 -all\x06second"};
  DnsQuestion questions[1] = {{"www.Example.test", "A", "IN"}};
  DnsRecord answers[4] = {{"www.Example.test", "CNAME", "IN", 300, dns_type::kCname, &cname},
                          {"web.example.test", "A", "IN", 60, dns_type::kA, &a},
                          {"example.test", "MX", "IN", 3600, dns_type::kMx, &mx},
                          {"example.test", "TXT", "IN", 3600, dns_type::kTxt, &txt}};
  // 8.8.8.8:53 → 10.0.0.2:40001, a response with four answers.
  NetPacketDns dns{
      address("8.8.8.8"),
      address("10.0.0.2"),
      53,
      40001,
      {57779, 1, "query", 0, 0, 1, 1, 0, "no error", 1, 4, 0, 0, questions, answers, {}, {}, {}}};

  std::string_view agent[1] = {"curl/8.1"}, accept[1] = {"*/*"}, multi[2] = {"one", "two"};
  MapEntry headers[3] = {{"Accept", accept}, {"User-Agent", agent}, {"X-Multi", multi}};
  // 10.0.0.1:40002 → 192.0.2.9:8080, GET http://www.example.test/a/b%20c
  NetPacketHttp http{
      address("10.0.0.1"),
      address("192.0.2.9"),
      40002,
      8080,
      {false, "GET", "HTTP/1.1", "www.example.test", "/a/b c", "", 0, headers, -1, 0}};

  Event event(char letter) const {
    switch (letter) {
      case '6':
        return {&kNetPacketIpv6, &context, &ipv6};
      case 't':
        return {&kNetPacketTcp, &context, &tcp};
      case 'd':
        return {&kNetPacketDns, &context, &dns};
      default:
        return {&kNetPacketHttp, &context, &http};
    }
  }
  static constexpr std::string_view kLetters = "6tdh";
};

}  // namespace tracee::test
