// SPDX-License-Identifier: Apache-2.0
// Messages over TCP, however their bytes are cut into segments and in whatever
// order those come: each gives its events once, and always the same.
#include "decode/stream/streams.h"

#include <gtest/gtest.h>

#include "decode/protocols/dns/dns_event.h"
#include "decode/protocols/http/http_event.h"
#include "event/context.h"
#include "support/packets.h"

namespace tracee::test {
namespace {

constexpr uint8_t kFin = 1, kSyn = 2, kRst = 4, kAck = 16;
constexpr EventMask kMessages = event_bit(kNetPacketDns) | event_bit(kNetPacketHttp);

// Two ends of a connection, and what a decoder says of their segments.
class Talk final : public EventHandler {
 public:
  explicit Talk(uint16_t server_port, bool six = false, StreamLimits limits = {})
      : six_(six), server_port_(server_port), decoder_(options(limits), kMessages) {}

  // The next segment: `from_client`, with the bytes that stand at `offset` of what
  // that end sends in all.
  void segment(bool from_client, size_t offset, std::string_view bytes, uint8_t flags = kAck,
               size_t captured = SIZE_MAX) {
    const uint32_t first = from_client ? client_first : server_first;
    raw(from_client, first + static_cast<uint32_t>(offset), bytes, flags, captured);
  }
  void raw(bool from_client, uint32_t seq, std::string_view bytes, uint8_t flags = kAck,
           size_t captured = SIZE_MAX) {
    const uint16_t src = from_client ? client_port : server_port_;
    const uint16_t dst = from_client ? server_port_ : client_port;
    Octets data = be16(src) + be16(dst) + be16(seq >> 16) + be16(seq & 0xffff) +
                  be16(acknowledged >> 16) + be16(acknowledged & 0xffff) + Octets{0x50, flags} +
                  hex("0100 0000 0000") + octets(bytes);
    Octets packet = six_ ? ipv6(6, data) : ipv4(6, data);
    if (!from_client) {  // swap the addresses
      const ptrdiff_t at = six_ ? 8 : 12, size = six_ ? 16 : 4;
      std::swap_ranges(packet.begin() + at, packet.begin() + at + size, packet.begin() + at + size);
    }
    const size_t length = packet.size();
    packet.resize(std::min(length, captured));
    Context context;
    context.time_ns = time_ns;
    context.direction = direction;
    decoder_.decode(packet, static_cast<uint32_t>(length), context, *this);
  }
  void handshake() {
    raw(true, client_first - 1, "", kSyn);
    raw(false, server_first - 1, "", kSyn | kAck);
  }
  void client(size_t offset, std::string_view bytes) { segment(true, offset, bytes); }
  void server(size_t offset, std::string_view bytes) { segment(false, offset, bytes); }

  const DecodeCounters& counters() const { return decoder_.counters(); }
  std::vector<std::string> take() { return std::exchange(events_, {}); }

  uint32_t client_first = 0x10000001, server_first = 0xffffff00;  // the server's wrap
  uint32_t acknowledged = 0;
  uint16_t client_port = 40000;
  uint64_t time_ns = 1'000'000'000;
  std::string_view direction;

  void on_event(const Event& event) noexcept override {
    std::string line;
    for (const Field& field : event.spec->fields) {
      line += std::string(field.name) + "=" + show(field.get(event.data), field) + " ";
    }
    events_.push_back(line);
  }

 private:
  static DecodeOptions options(StreamLimits limits) {
    DecodeOptions out;
    out.streams = limits;
    return out;
  }
  bool six_;
  uint16_t server_port_;
  Decoder decoder_;
  std::vector<std::string> events_;
};

// The method or status of each event.
std::vector<std::string> brief(const std::vector<std::string>& events) {
  std::vector<std::string> out;
  for (const std::string& line : events) {
    const auto member = [&](const std::string& name) {
      const size_t at = line.find(name) + name.size();
      return line.substr(at, line.find(' ', at) - at);
    };
    const std::string method = member("method=");
    out.push_back(method.empty() ? member("status_code=") : method + member("uri_path="));
  }
  return out;
}
using Brief = std::vector<std::string>;

std::string dns_query() {
  const Octets message =
      hex("1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 04746573 7400 "
          "0001 0001");
  std::string out;
  for (const uint8_t octet : be16(message.size()) + message) out += static_cast<char>(octet);
  return out;
}

struct Vector {
  const char* name;
  uint16_t port;
  bool from_client;
  std::string bytes;
  size_t events;
};

std::vector<Vector> vectors() {
  const std::string request =
      "POST /a%20b?c HTTP/1.1\r\nHost: example.test\r\nX: one\r\n two\r\nContent-Length: "
      "3\r\n\r\nabc";
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nT: v\r\n\r\n";
  const std::string plain =
      "HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
  return {
      {"dns query", 53, true, dns_query(), 1},
      {"three dns messages", 53, true, dns_query() + dns_query() + dns_query(), 3},
      {"http request", 80, true, request, 1},
      {"custom method", 8080, true, "FROB-it /x HTTP/1.0\n\n", 1},
      {"pipelined requests", 80, true, request + "GET /2 HTTP/1.1\r\n\r\n" + request, 3},
      {"responses", 80, false, chunked + plain + "HTTP/1.1 204 No\r\n\r\n" + plain, 4},
  };
}

std::vector<std::string> whole(const Vector& v, bool six) {
  Talk talk(v.port, six);
  talk.handshake();
  talk.segment(v.from_client, 0, v.bytes);
  return talk.take();
}

// packet_len and the like are those of the last packet; our two events have none.
TEST(Streams, SplitAtEveryByteInOrderReversedAndRepeated) {
  for (const Vector& v : vectors()) {
    for (const bool six : {false, true}) {
      const auto expected = whole(v, six);
      ASSERT_EQ(expected.size(), v.events) << v.name;
      for (size_t cut = 1; cut < v.bytes.size(); ++cut) {
        const std::string_view bytes = v.bytes;
        SCOPED_TRACE(std::string(v.name) + " cut at " + std::to_string(cut));
        Talk in_order(v.port, six), reversed(v.port, six), repeated(v.port, six);
        in_order.handshake();
        in_order.segment(v.from_client, 0, bytes.substr(0, cut));
        in_order.segment(v.from_client, cut, bytes.substr(cut));
        EXPECT_EQ(in_order.take(), expected);
        reversed.handshake();
        reversed.segment(v.from_client, cut, bytes.substr(cut));
        reversed.segment(v.from_client, 0, bytes.substr(0, cut));
        EXPECT_EQ(reversed.take(), expected);
        repeated.handshake();
        for (int i = 0; i < 2; ++i) {
          repeated.segment(v.from_client, 0, bytes.substr(0, cut));
          repeated.segment(v.from_client, cut / 2, bytes.substr(cut / 2));
        }
        EXPECT_EQ(repeated.take(), expected);
        EXPECT_EQ(in_order.counters().streams.overlaps, 0u);
        EXPECT_GT(repeated.counters().streams.overlaps, 0u);
        EXPECT_EQ(reversed.counters().streams.gaps, 0u);
      }
    }
  }
}

TEST(Streams, ByteByByteForwardsAndBackwards) {
  for (const Vector& v : vectors()) {
    const auto expected = whole(v, false);
    Talk forwards(v.port), backwards(v.port);
    forwards.handshake();
    backwards.handshake();
    for (size_t i = 0; i < v.bytes.size(); ++i) {
      forwards.segment(v.from_client, i, v.bytes.substr(i, 1));
      const size_t last = v.bytes.size() - 1 - i;
      backwards.segment(v.from_client, last, v.bytes.substr(last, 1));
    }
    EXPECT_EQ(forwards.take(), expected) << v.name;
    if (v.bytes.size() <= Pieces::kMaxPerHalf) {
      EXPECT_EQ(backwards.take(), expected) << v.name;
    }
  }
}

TEST(Streams, HttpOnTheDnsPort) {
  Talk talk(53);
  talk.handshake();
  talk.client(0, "GET / HTTP/1.1\r\n\r\n");
  talk.server(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(brief(talk.take()), (Brief{"GET/", "200"}));
}

// Without the handshake the beginning has to be recognised.
TEST(Streams, PickedUpInTheMiddle) {
  for (const Vector& v : vectors()) {
    const auto expected = whole(v, false);
    for (size_t cut = 1; cut < v.bytes.size(); ++cut) {
      Talk talk(v.port);
      talk.segment(v.from_client, 0, v.bytes.substr(0, cut));
      talk.segment(v.from_client, cut, v.bytes.substr(cut));
      EXPECT_EQ(talk.take(), expected) << v.name << " cut at " << cut;
    }
  }
  Talk talk(80);
  talk.server(0, "the end of some body");
  talk.server(20, "and more of it ");
  talk.server(35, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(brief(talk.take()), Brief{"200"});
}

TEST(Streams, TheFirstCopyOfAByteCounts) {
  Talk talk(80);
  talk.handshake();
  talk.client(10, "TTP/1.1\r\nA: 1\r\n\r\n");
  talk.client(4, "/one HTTP/1.1\r\nB: 2\r\n\r\n");
  talk.client(0, "GET /two HT");
  const auto events = talk.take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_NE(events[0].find("uri_path=/one"), std::string::npos) << events[0];
  EXPECT_NE(events[0].find("{A: 1}"), std::string::npos) << events[0];
}

TEST(Streams, ALostSegmentIsGivenUpWhenTheOtherEndHasIt) {
  const std::string get = "GET / HTTP/1.1\r\n\r\n";
  Talk talk(80);
  talk.handshake();
  talk.client(0, get.substr(0, 5));
  talk.client(get.size(), "PUT /2 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(talk.take().size(), 0u);
  talk.acknowledged = talk.client_first + static_cast<uint32_t>(get.size()) + 19;
  talk.server(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  talk.segment(true, get.size() + 19, "");
  EXPECT_EQ(brief(talk.take()), (Brief{"200", "PUT/2"}));
  EXPECT_EQ(talk.counters().streams.gaps, 1u);
}

TEST(Streams, ALostSegmentIsGivenUpAfterAWhile) {
  Talk talk(80);
  talk.handshake();
  talk.client(0, "GET / HTTP/1.1\r\n\r\n");
  talk.client(100, "PUT /2 HTTP/1.1\r\n\r\n");
  talk.time_ns += 3'000'000'000;
  talk.client(119, "PUT /3 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(brief(talk.take()), (Brief{"GET/", "PUT/2", "PUT/3"}));
  EXPECT_EQ(talk.counters().streams.gaps, 1u);
  EXPECT_EQ(talk.counters().streams.resyncs, 1u);
}

TEST(Streams, AHoleInABodyDoesNotMatter) {
  Talk talk(80);
  talk.handshake();
  talk.server(0, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  talk.server(500, "x");
  talk.server(1041, "HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n");
  talk.server(501, std::string(540, 'x'));
  EXPECT_EQ(brief(talk.take()), (Brief{"200", "201"}));
  EXPECT_EQ(talk.counters().streams.gaps, 0u);
}

TEST(Streams, BytesThatWereNotCapturedAreSkippedBody) {
  Talk talk(80);
  talk.handshake();
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  talk.segment(false, 0, head + std::string(1000, 'x'), kAck, 40 + head.size() + 7);
  talk.server(head.size() + 1000, "HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(brief(talk.take()), (Brief{"200", "201"}));
  EXPECT_EQ(talk.counters().streams.gaps, 0u);
}

TEST(Streams, PortsUsedAgain) {
  Talk talk(80);
  talk.handshake();
  talk.client(0, "GET /1 HTTP/1.1\r\n");
  talk.client_first += 0x40000000;
  talk.server_first += 0x40000000;
  talk.handshake();
  talk.client(0, "GET /2 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(brief(talk.take()), Brief{"GET/2"});
  talk.raw(true, talk.client_first - 1, "", kSyn);  // the SYN again, late
  talk.client(19, "GET /3 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(brief(talk.take()), Brief{"GET/3"});
}

TEST(Streams, EndOfStreamEndsTheBody) {
  Talk talk(80);
  talk.handshake();
  talk.server(0, "HTTP/1.0 200 OK\r\n\r\nall of this");
  talk.segment(false, 30, "HTTP/1.1 200 OK\r\n\r\n", kAck | kFin);
  talk.segment(false, 30, "HTTP/1.1 200 OK\r\n\r\n", kAck | kFin);
  EXPECT_EQ(brief(talk.take()), Brief{"200"});
  talk.raw(true, talk.client_first, "", kRst);
}

// On loopback each segment is seen twice, once at each end.
TEST(Streams, EachEndOfALocalConnectionCountsForItself) {
  Talk talk(80);
  talk.direction = "egress";
  talk.client(0, "GET / HTTP/1.1\r\n\r\n");
  talk.direction = "ingress";
  talk.client(0, "GET / HTTP/1.1\r\n\r\n");
  talk.client(0, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(talk.take().size(), 2u);
}

TEST(Streams, OtherProtocolsAreLeftAlone) {
  Talk talk(22);
  talk.handshake();
  talk.client(0, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
  talk.server(0, "SSH-2.0-OpenSSH_9.2p1\r\n");
  for (size_t i = 0; i < 100; ++i) talk.client(32 + i * 10, "\x00\x01\x02GET / H");
  EXPECT_EQ(talk.take().size(), 0u);
  EXPECT_EQ(talk.counters().streams.resyncs, 0u);
}

TEST(Streams, TheTableIsBounded) {
  StreamLimits limits;
  limits.flows = 16;
  limits.kept_bytes = 64 * 1024;
  Talk talk(80, false, limits);
  const std::string half_head = "GET / HTTP/1.1\r\nX: " + std::string(1400, 'x');
  for (uint16_t port = 1; port <= 100; ++port) {
    talk.client_port = port;
    for (size_t i = 0; i < 10; ++i)
      talk.client(i * 1400, i == 0 ? half_head : half_head.substr(19));
  }
  EXPECT_GE(talk.counters().streams.evicted, 84u);
  talk.client_port = 1000;
  talk.client(0, "GET / HTTP/1.1\r\n");
  talk.client(16, "\r\n");
  EXPECT_EQ(talk.take().size(), 1u);
}

TEST(Streams, EachFlowCanKeepABeginning) {
  Talk talk(80);
  const std::string beginning = "GET / HTTP/1.1\r\nX: " + std::string(200, 'x');
  for (uint32_t port = 1; port < 65'536; ++port) {
    talk.client_port = static_cast<uint16_t>(port);
    talk.client(0, beginning);
  }
  EXPECT_EQ(talk.counters().streams.evicted, 0u);
  talk.client_port = 1;
  talk.client(beginning.size(), "\r\n\r\n");
  EXPECT_EQ(talk.take().size(), 1u);
}

TEST(Streams, AScanDoesNotReplaceConversations) {
  StreamLimits limits;
  limits.flows = 64;
  Talk talk(80, false, limits);
  talk.handshake();
  talk.client(0, "GET / HTTP/1.1\r\n");
  for (uint16_t port = 1; port <= 1000; ++port) {
    talk.client_port = port;
    talk.raw(true, port, "", kSyn);
  }
  talk.client_port = 40000;
  talk.client(16, "\r\n");
  EXPECT_EQ(talk.take().size(), 1u);
}

}  // namespace
}  // namespace tracee::test
