// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/http/http.h"

#include <gtest/gtest.h>

#include <map>

#include "support/packets.h"

namespace tracee::test {
namespace {

std::string http(std::string_view message) {
  Events events;
  std::string line = events.one("net_packet_http", ipv4(6, tcp(5000, 80, octets(message))));
  return line.empty() ? line : line.substr(line.find("proto_http="));
}

// One member of the event, or "none" without an event.
std::string member(std::string_view message, const std::string& name) {
  const std::string line = http(message);
  const size_t at = line.find(name + "=");
  if (line.empty()) return "none";
  const size_t start = at + name.size() + 1;
  if (line[start] == '{') return line.substr(start, line.find('}', start) - start + 1);
  const size_t end = line.find_first_of(" }", start);
  return line.substr(start, end - start);
}

TEST(Http, Request) {
  EXPECT_EQ(http("GET /a%20b?q=1 HTTP/1.1\r\nhost: example.test\r\nuser-agent: curl/8\r\n"
                 "ACCEPT: */*\r\n\r\n"),
            "proto_http={direction=request method=GET protocol=HTTP/1.1 host=example.test "
            "uri_path=/a b status= status_code=0 headers={Accept: */*; User-Agent: curl/8} "
            "content_length=0}");
}

TEST(Http, Response) {
  EXPECT_EQ(
      http("HTTP/1.1 301 Moved Permanently\r\nLocation: /x\r\nContent-Length: 5\r\n\r\nhello"),
      "proto_http={direction=response method= protocol=HTTP/1.1 host= uri_path= status=301 "
      "Moved Permanently status_code=301 headers={Content-Length: 5; Location: /x} "
      "content_length=5}");
  EXPECT_EQ(member("HTTP/1.0 200\r\n\r\n", "status"), "200");
}

TEST(Http, AnyMethodToken) {
  for (const char* method : {"PATCH", "OPTIONS", "TRACE", "X-custom!", "get"}) {
    EXPECT_EQ(member(std::string(method) + " / HTTP/1.1\r\n\r\n", "method"), method);
  }
}

// Names are looked at in blocks: one wrong letter must be seen at each place.
TEST(Http, HeaderNamesOfEachLength) {
  for (size_t size = 1; size <= 40; ++size) {
    std::string canonical = "A";
    while (canonical.size() < size) canonical += canonical.size() % 6 == 4 ? '-' : 'a';
    for (size_t i = 1; i < size; ++i) {
      if (canonical[i - 1] == '-') canonical[i] = 'A';
    }
    for (size_t place = 0; place < size; ++place) {
      std::string sent = canonical;
      if (sent[place] != '-') sent[place] = static_cast<char>(sent[place] ^ 0x20);
      std::string request = "GET / HTTP/1.1\r\n";
      request += sent + ": x\r\n\r\n";
      std::string expected = "{";
      expected += canonical + ": x}";
      EXPECT_EQ(member(request, "headers"), expected);
    }
    std::string odd = canonical;
    odd.back() = '\x7e';  // a token, but no letter
    std::string request = "GET / HTTP/1.1\r\n";
    request += odd + ": x\r\n\r\n";
    std::string expected = "{";
    expected += odd + ": x}";
    EXPECT_EQ(member(request, "headers"), expected);
  }
}

TEST(Http, TargetForms) {
  EXPECT_EQ(member("GET http://u@h.test:8080/p?q HTTP/1.1\r\nHost: other\r\n\r\n", "host"),
            "h.test:8080");
  EXPECT_EQ(member("GET http://h.test/p?q HTTP/1.1\r\n\r\n", "uri_path"), "/p");
  EXPECT_EQ(member("CONNECT h.test:443 HTTP/1.1\r\nHost: h\r\n\r\n", "host"), "h.test:443");
  EXPECT_EQ(member("OPTIONS * HTTP/1.1\r\n\r\n", "uri_path"), "*");
  EXPECT_EQ(member("GET /%zz%41 HTTP/1.1\r\n\r\n", "uri_path"), "/%zzA");
  EXPECT_EQ(member("GET /a#b HTTP/1.1\r\n\r\n", "uri_path"), "/a");
}

TEST(Http, HeaderRules) {
  EXPECT_EQ(member("GET / HTTP/1.1\r\nb: 1\r\nA: 2\r\nB: 3\r\n\r\n", "headers"),
            "{A: 2; B: 1; B: 3}");
  EXPECT_EQ(member("GET / HTTP/1.1\r\nPragma: no-cache\r\n\r\n", "headers"),
            "{Cache-Control: no-cache; Pragma: no-cache}");
  EXPECT_EQ(member("GET / HTTP/1.1\r\nPragma: no-cache\r\nCache-Control: x\r\n\r\n", "headers"),
            "{Cache-Control: x; Pragma: no-cache}");
  EXPECT_EQ(
      member("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n", "headers"),
      "{}");
  EXPECT_EQ(member("GET / HTTP/1.1\r\nEmpty:\r\nBlank: \t x \t\r\n\r\n", "headers"),
            "{Blank: x; Empty: }");
}

// Few headers are sorted in another way than many.
TEST(Http, HeadersOfAnyNumberAreSorted) {
  for (size_t count = 1; count <= 30; ++count) {
    std::string request = "GET / HTTP/1.1\r\n";
    std::multimap<std::string, size_t> lines;  // equal names stay as they came
    for (size_t i = 0; i < count; ++i) {
      // Names fall, each twice, and share more than their first eight octets.
      const auto name = "X-Header-" + std::string(1, static_cast<char>('Z' - i / 2));
      request += name + ": " + std::to_string(i) + "\r\n";
      lines.emplace(name, i);
    }
    std::string expected;
    for (const auto& [name, i] : lines) {
      expected += (expected.empty() ? "{" : "; ") + name + ": " + std::to_string(i);
    }
    EXPECT_EQ(member(request + "\r\n", "headers"), expected + "}");
  }
}

TEST(Http, FoldedValuesJoin) {
  EXPECT_EQ(member("GET / HTTP/1.1\r\nA: one\r\n two\r\n\tthree\r\n\r\n", "headers"),
            "{A: one two three}");
}

TEST(Http, ContentLength) {
  EXPECT_EQ(member("POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\n", "content_length"), "12");
  EXPECT_EQ(member("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "content_length"),
            "-1");
  EXPECT_EQ(member("POST / HTTP/1.1\r\n\r\n", "content_length"), "0");
  EXPECT_EQ(member("HTTP/1.1 200 OK\r\n\r\n", "content_length"), "-1");
  EXPECT_EQ(member("HTTP/1.1 204 No Content\r\n\r\n", "content_length"), "0");
  EXPECT_EQ(member("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "content_length"),
            "0");
  EXPECT_EQ(member("HTTP/1.1 100 Continue\r\n\r\n", "content_length"), "0");
}

TEST(Http, WhatIsNoMessageIsSilent) {
  for (const char* text : {
           "SSH-2.0-OpenSSH_9.2p1 Debian\r\n",
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "220 mail.test ESMTP\r\n",
           "GET /\r\n",
           "HTTP/1.1\r\n",
           "HTTP/1.1 \r\n\r\n",
           "HTTP/1.1 20 OK\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "OPTIONS rtsp://x RTSP/1.0\r\n\r\n",
           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n\r\n",
           "GET / H",
       }) {
    EXPECT_EQ(http(text), "") << text;
  }
}

TEST(Http, AHeadThatIsNotWholeIsAwaitedThenCounted) {
  Events events;
  Octets segment = tcp(5000, 80, octets("GET / HTTP/1.1\r\nHost: x\r\n"));
  EXPECT_EQ(events.one("net_packet_http", ipv4(6, segment)), "");
  EXPECT_EQ(events.counters().truncated, 0u);
  Octets reset = tcp(5000, 80, {});
  reset[13] = 0x04;
  events.of(ipv4(6, reset));
  EXPECT_EQ(events.counters().truncated, 1u);
}

// What one reader refuses another may take: it has to be seen.
TEST(Http, FaultyHeadsAreShownAndCounted) {
  EXPECT_EQ(member("POST / HTTP/1.1\r\nContent-Length: -1\r\nA: b\r\n\r\n", "headers"),
            "{A: b; Content-Length: -1}");
  EXPECT_EQ(member("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "content_length"), "0");
  EXPECT_EQ(member("GET / HTTP/1.1\r\nB\xc3: x\r\n y\r\nno colon\r\n\r\n", "headers"),
            "{B\xc3: x y}");
  EXPECT_EQ(member("GET / HTTP/1.\r\nTransfer-Encoding: x, Chunked\r\n\r\n", "content_length"),
            "-1");
  EXPECT_EQ(member("HTTP/1.1 200 OK\r\nA: b\n\rC: d\r\n\r\n", "status_code"), "200");
  Events events;
  events.of(ipv4(6, tcp(5000, 80, octets("GET x HTTP/1.1\r\nA\x01: b\r\n\r\n"))));
  EXPECT_EQ(events.counters().malformed, 1u);
}

TEST(Http, HeadLength) {
  Arena arena(4096);
  HttpMessage message;
  HttpFraming framing;
  const std::string_view text = "GET / HTTP/1.1\r\nA: b\r\n\r\nbody";
  ASSERT_EQ(parse_http(as_bytes(text), arena, message, framing), Parse::Ok);
  EXPECT_EQ(text.substr(framing.head_bytes), "body");
}

TEST(Http, RequestAndResponseEvents) {
  Events events;
  EXPECT_EQ(events.one("net_packet_http_request",
                       ipv4(6, tcp(5000, 80, octets("GET / HTTP/1.1\r\nHost: h\r\n\r\n")))),
            "metadata={src_ip=10.0.0.1 dst_ip=10.0.0.2 src_port=5000 dst_port=80 protocol=6 "
            "packet_len=67 iface=any} http_request={method=GET protocol=HTTP/1.1 host=h uri_path=/ "
            "headers={} content_length=0}");
  EXPECT_EQ(events.one("net_packet_http_response",
                       ipv4(6, tcp(80, 5000, octets("HTTP/1.1 200 OK\r\n\r\n")))),
            "metadata={src_ip=10.0.0.1 dst_ip=10.0.0.2 src_port=80 dst_port=5000 protocol=6 "
            "packet_len=59 iface=any} http_response={status=200 OK status_code=200 "
            "protocol=HTTP/1.1 headers={} content_length=-1}");
}

}  // namespace
}  // namespace tracee::test
