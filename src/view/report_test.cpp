// SPDX-License-Identifier: Apache-2.0
// Lines of JSON in, a page out.
#include "view/report.h"

#include <gtest/gtest.h>

#include "view/text.h"

namespace tracee {
namespace {

std::string event(uint64_t time_ms, std::string_view name, std::string_view process, int pid,
                  std::string_view args, std::string_view rest = "") {
  return R"({"timestamp":)" + std::to_string(1'700'000'000'000 + time_ms) +
         R"(000000,"hostProcessId":)" + std::to_string(pid) + R"(,"processName":")" +
         std::string(process) + R"(","eventName":")" + std::string(name) + R"(","args":[)" +
         std::string(args) + "]" + std::string(rest) + "}";
}

std::string ends(std::string_view src, int src_port, std::string_view dst, int dst_port) {
  return R"({"name":"src","value":")" + std::string(src) + R"("},{"name":"dst","value":")" +
         std::string(dst) + R"("},{"name":"src_port","value":)" + std::to_string(src_port) +
         R"(},{"name":"dst_port","value":)" + std::to_string(dst_port) + "}";
}

std::string network(std::string_view direction, int bytes) {
  return R"(,"network":{"direction":")" + std::string(direction) + R"(","packetLength":)" +
         std::to_string(bytes) + "}";
}

bool has(const std::string& page, std::string_view text) { return page.find(text) != page.npos; }

TEST(Report, SumsByProcessAndPeer) {
  Report report;
  ASSERT_TRUE(report.add(event(0, "net_packet_tcp", "curl", 11,
                               ends("10.0.0.1", 4000, "10.0.0.2", 80), network("egress", 300))));
  ASSERT_TRUE(report.add(event(5, "net_packet_tcp", "curl", 11,
                               ends("10.0.0.2", 80, "10.0.0.1", 4000), network("ingress", 700))));
  const std::string page = report.html("a log");
  EXPECT_TRUE(has(page,
                  "<td>curl/11</td><td class=n data-v=2>2</td>"
                  "<td class=n data-v=2>2</td><td class=n data-v=1000>1.00 kB</td>"));
  EXPECT_TRUE(has(page, "<td>10.0.0.2</td><td class=n data-v=2>2</td>"));
  EXPECT_FALSE(has(page, "<td>10.0.0.1</td>"));
  EXPECT_TRUE(has(page, "curl/11 – 10.0.0.2: 2 events, 1.00 kB"));
}

TEST(Report, JoinsAnswersAndStatuses) {
  Report report;
  const std::string to = ends("10.0.0.1", 4000, "10.0.0.2", 80);
  const std::string from = ends("10.0.0.2", 80, "10.0.0.1", 4000);
  ASSERT_TRUE(report.add(event(
      0, "net_packet_http", "curl", 11,
      to + R"(,{"name":"proto_http","value":{"method":"GET","host":"h.test","uri_path":"/p"}})",
      network("egress", 0))));
  ASSERT_TRUE(report.add(
      event(1, "net_packet_http", "curl", 11,
            from + R"(,{"name":"proto_http","value":{"method":"","status":"404 Not Found"}})",
            network("ingress", 0))));
  ASSERT_TRUE(report.add(event(
      2, "net_packet_dns_request", "dig", 12,
      R"({"name":"metadata","value":{"src_ip":"10.0.0.1","dst_ip":"10.0.0.3","src_port":5,"dst_port":53}},)"
      R"({"name":"dns_questions","value":[{"query":"www.test","query_type":"A"}]})")));
  ASSERT_TRUE(report.add(event(
      3, "net_packet_dns_response", "dig", 12,
      R"({"name":"dns_response","value":[{"query_data":{"query":"www.test","query_type":"A"},)"
      R"("dns_answer":[{"answer":"192.0.2.7"}]}]})")));
  const std::string page = report.html("a log");
  EXPECT_TRUE(has(page, "<td>GET h.test/p</td><td>curl/11</td><td>404 Not Found</td>"));
  EXPECT_TRUE(has(page, "<td>www.test A</td><td>dig/12</td><td>192.0.2.7</td>"));
}

TEST(Report, ShowsContainersAndDaysWhereThereAreSeveral) {
  Report report;
  const std::string to = ends("10.0.0.1", 4000, "10.0.0.2", 80);
  ASSERT_TRUE(report.add(event(0, "net_packet_tcp", "curl", 11, to)));
  const std::string plain = report.html("a log");
  EXPECT_FALSE(has(plain, "Container"));
  // A log without sizes has no zeros where a figure would be.
  EXPECT_TRUE(has(plain, "<td class=n data-v=0>–</td>"));
  ASSERT_TRUE(report.add(
      event(3 * 86'400'000, "net_packet_tcp", "nginx", 12, to, R"(,"container":{"name":"shop"})")));
  const std::string page = report.html("a log");
  EXPECT_TRUE(has(page, "<td>nginx/12</td><td>shop</td>"));
  for (const uint64_t ms : {uint64_t{1'700'000'000'000}, uint64_t{1'700'259'200'000}}) {
    EXPECT_TRUE(has(page, date_text(ms * 1'000'000) + " " + clock_text(ms * 1'000'000)));
  }
}

TEST(Report, WhatTheNetworkSaysIsTextOnThePage) {
  Report report;
  ASSERT_TRUE(
      report.add(event(0, "net_packet_http", "<b>x", 11,
                       ends("10.0.0.1", 4000, "10.0.0.2", 80) +
                           R"(,{"name":"proto_http","value":{"method":"GET",)"
                           R"("host":"<script>alert(1)</script>","uri_path":"/\u0001"}})")));
  const std::string page = report.html("</title><script>");
  EXPECT_FALSE(has(page, "<script>alert"));
  EXPECT_FALSE(has(page, "<b>x"));
  EXPECT_TRUE(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;/?"));
  EXPECT_TRUE(has(page, "<title>&lt;/title&gt;&lt;script&gt; "));
}

TEST(Report, TellsFindingsAndLosses) {
  Report report;
  ASSERT_TRUE(
      report.add(event(0, "port_scan", "nmap", 11, R"({"name":"ports","value":99})",
                       R"(,"metadata":{"Description":"Many ports"},"threat":{"severity":3})")));
  ASSERT_TRUE(report.add(event(1, "lost_events", "", 0, R"({"name":"count","value":17})")));
  const std::string page = report.html("a log");
  EXPECT_TRUE(has(page,
                  "<td class=bad>high</td><td>port_scan</td><td>nmap/11</td>"
                  "<td>Many ports; ports: 99</td>"));
  EXPECT_TRUE(has(page, "17 packets or events are missing"));
}

TEST(Report, RefusesWhatIsNoEvent) {
  Report report;
  for (const char* line :
       {"", "{", "[]", "{}", R"({"eventName":"x"})", R"({"eventName":1,"args":2})"}) {
    EXPECT_FALSE(report.add(line)) << line;
  }
  // Odd kinds where a text or number belongs are nothing, not a crash.
  EXPECT_TRUE(
      report.add(R"({"eventName":"net_packet_dns","timestamp":"x","args":[1,{"name":2},)"
                 R"({"name":"proto_dns","value":{"questions":[[]]}},{"name":"src","value":{}}]})"));
  EXPECT_EQ(report.events(), 1u);
}

TEST(Report, ManyNamesStayBounded) {
  Report report(2'000);
  for (int i = 1; i <= 5'000; ++i) {
    ASSERT_TRUE(report.add(event(static_cast<uint64_t>(i), "net_packet_udp", "p", i,
                                 ends("10.0.0.1", 4000, "10.0.0.2", 53), network("egress", i))));
  }
  const std::string page = report.html("a log");
  EXPECT_LT(page.size(), 500'000u);
  EXPECT_TRUE(has(page, "<td>p/5000</td>"));
  EXPECT_TRUE(has(page, "names were seen long ago"));
  EXPECT_TRUE(has(page, "the first 1000 of "));
}

}  // namespace
}  // namespace tracee
