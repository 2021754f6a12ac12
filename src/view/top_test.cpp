// SPDX-License-Identifier: Apache-2.0
// Events in, keys in, screen out. The events are a table of this test's own:
// the view knows fields by their names only.
#include "view/top.h"

#include <gtest/gtest.h>

#include <cstring>

#include "event/address.h"
#include "view/text.h"

namespace tracee {
namespace {

struct Header {
  uint32_t sequence;
};
struct Segment {
  Address src, dst;
  uint16_t src_port, dst_port;
  Header header;
};
struct Question {
  std::string_view name;
};
struct Message {
  bool response;
  std::span<const Question> questions;
};
struct Query {
  Address src, dst;
  uint16_t src_port, dst_port;
  Message message;
};
struct IpHeader {
  uint8_t version;
  std::string_view protocol;
};
struct Datagram {
  Address src, dst;
  IpHeader ip;
};

constexpr Field kHeaderFields[] = {field<&Header::sequence, "seq">("Number.")};
constexpr RecordSpec kHeader{"Header", kHeaderFields};
constexpr Field kSegmentFields[] = {
    field<&Segment::src, "src">("From."),
    field<&Segment::dst, "dst">("To."),
    field<&Segment::src_port, "src_port">("From."),
    field<&Segment::dst_port, "dst_port">("To."),
    field<&Segment::header, "proto">("It.", &kHeader),
};
constexpr Field kQuestionFields[] = {field<&Question::name, "name">("Name.")};
constexpr RecordSpec kQuestion{"Question", kQuestionFields};
constexpr Field kMessageFields[] = {
    field<&Message::response, "QR">("Response."),
    field<&Message::questions, "questions">("Questions.", &kQuestion),
};
constexpr RecordSpec kMessage{"Message", kMessageFields};
constexpr Field kQueryFields[] = {
    field<&Query::src, "src">("From."),
    field<&Query::dst, "dst">("To."),
    field<&Query::src_port, "src_port">("From."),
    field<&Query::dst_port, "dst_port">("To."),
    field<&Query::message, "proto_dns">("It.", &kMessage),
};
constexpr Field kIpFields[] = {
    field<&IpHeader::version, "version">("4 or 6."),
    field<&IpHeader::protocol, "protocol">("What it carries."),
};
constexpr RecordSpec kIp{"Ip", kIpFields};
constexpr Field kDatagramFields[] = {
    field<&Datagram::src, "src">("From."),
    field<&Datagram::dst, "dst">("To."),
    field<&Datagram::ip, "proto_ip">("It.", &kIp),
};

constexpr EventSpec spec_of(uint32_t id, std::string_view name, std::span<const Field> fields) {
  return {.id = id,
          .name = name,
          .version = "1.0.0",
          .sets = {},
          .fields = fields,
          .summary = "A test's.",
          .example = ""};
}
constexpr EventSpec kDatagramEvent = spec_of(2000, "net_packet_ip", kDatagramFields);
constexpr EventSpec kSegmentEvent = spec_of(2002, "net_packet_tcp", kSegmentFields);
constexpr EventSpec kQueryEvent = spec_of(2006, "net_packet_dns", kQueryFields);

size_t describe(const Event& event, char* out, size_t size) noexcept {
  const size_t used = std::min(size, event.spec->name.size());
  std::memcpy(out, event.spec->name.data(), used);
  return used;
}

class View : public testing::Test {
 protected:
  static constexpr size_t kMost = 100;
  static constexpr uint64_t kSecond = 1'000'000'000;
  static constexpr uint64_t kStart = 1'700'000'000 * kSecond;

  void packet(const EventSpec& spec, const void* data, uint32_t pid, std::string_view name,
              std::string_view direction, uint32_t bytes, uint64_t time_ns = kStart) {
    Context context;
    context.time_ns = time_ns;
    context.host_process_id = pid;
    context.process_entity = pid * 7;
    context.process_name = name;
    context.direction = direction;
    context.packet_length = bytes;
    traffic.on_event(Event{&spec, &context, data});
  }

  void segment(const char* src, uint16_t src_port, const char* dst, uint16_t dst_port, uint32_t pid,
               std::string_view name, std::string_view direction, uint32_t bytes,
               uint64_t time_ns = kStart) {
    const Segment data{*parse_address(src), *parse_address(dst), src_port, dst_port, {1}};
    packet(kSegmentEvent, &data, pid, name, direction, bytes, time_ns);
  }

  std::vector<std::string> screen(size_t width = 80, size_t height = 24) {
    std::vector<std::string> out;
    for (const ScreenLine& line : top.draw(state, width, height)) {
      std::string text;
      for (const Stretch& stretch : line) text += stretch.text;
      EXPECT_EQ(columns_of_text(text), width) << text;
      out.push_back(text);
    }
    EXPECT_EQ(out.size(), height);
    return out;
  }

  const EventSpec* const specs[3] = {&kDatagramEvent, &kSegmentEvent, &kQueryEvent};
  Catalog catalog{specs};
  Traffic traffic{catalog, &describe, kMost};
  std::string asked;
  Top top{traffic, [this](const std::string& expression) -> Result<> {
            asked = expression;
            if (expression == "wrong") return fail(Exit::Usage, "column 1: no such field", "");
            return {};
          }};
  Top::State state{"live", 0, kStart + kSecond / 2, 0, 0};
};

TEST_F(View, ProcessesByRateWithBothDirections) {
  segment("10.0.0.1", 40000, "10.0.0.2", 80, 11, "curl", "egress", 300);
  segment("10.0.0.2", 80, "10.0.0.1", 40000, 11, "curl", "ingress", 3000);
  segment("10.0.0.1", 80, "10.0.0.9", 50000, 22, "nginx", "egress", 90000);
  const auto lines = screen();
  EXPECT_NE(lines[3].find("22 nginx"), std::string::npos) << lines[3];
  EXPECT_NE(lines[4].find("11 curl"), std::string::npos) << lines[4];
  // 3,000 B in and 300 B out within the window of 3 s.
  EXPECT_NE(lines[4].find("8.00 kbit/s    800 bit/s   3.30 kB"), std::string::npos) << lines[4];
}

TEST_F(View, RatesEndAndTotalsStay) {
  segment("10.0.0.1", 40000, "10.0.0.2", 80, 11, "curl", "egress", 300);
  state.now_ns += 10 * kSecond;
  const auto lines = screen();
  EXPECT_NE(lines[3].find("0 bit/s      0 bit/s     300 B"), std::string::npos) << lines[3];
}

TEST_F(View, APacketIsCountedOnce) {
  const Datagram below{*parse_address("10.0.0.1"), *parse_address("10.0.0.2"), {4, "TCP"}};
  packet(kDatagramEvent, &below, 11, "curl", "egress", 300);
  segment("10.0.0.1", 40000, "10.0.0.2", 80, 11, "curl", "egress", 300);
  EXPECT_EQ(traffic.all().total().packets, 1u);
  // One without a transport that is known is counted by its IP event.
  const Datagram alone{*parse_address("10.0.0.1"), *parse_address("10.0.0.2"), {4, "GRE"}};
  packet(kDatagramEvent, &alone, 11, "curl", "egress", 100);
  EXPECT_EQ(traffic.all().total().packets, 2u);
  EXPECT_EQ(traffic.all().total().bytes_out, 400u);
  top.press('5');
  const auto lines = screen();
  EXPECT_EQ(lines[3].substr(0, 4), "TCP ");
  EXPECT_EQ(lines[4].substr(0, 4), "GRE ");
}

TEST_F(View, DrillsFromProcessToConnectionToEvents) {
  segment("10.0.0.1", 40000, "10.0.0.2", 80, 11, "curl", "egress", 300);
  segment("10.0.0.1", 80, "10.0.0.9", 50000, 22, "nginx", "egress", 200);
  screen();
  top.press(kKeyDown);
  top.press(kKeyUp);
  top.press(kKeyEnter);
  auto lines = screen();
  EXPECT_NE(lines[1].find("curl/11"), std::string::npos) << lines[1];
  EXPECT_NE(lines[3].find("10.0.0.1:40000"), std::string::npos) << lines[3];
  EXPECT_EQ(lines[4], std::string(80, ' '));
  top.press(kKeyEnter);
  lines = screen();
  EXPECT_NE(lines[1].find("10.0.0.1:40000 – 10.0.0.2:80"), std::string::npos) << lines[1];
  EXPECT_NE(lines[3].find("net_packet_tcp"), std::string::npos) << lines[3];
  top.press(kKeyEscape);
  top.press(kKeyEscape);
  EXPECT_NE(screen()[1].find("Processes"), std::string::npos);
}

TEST_F(View, DomainsAreThoseAskedFor) {
  const Question asked_for[] = {{"www.example.test"}};
  Query query{
      *parse_address("10.0.0.1"), *parse_address("10.0.0.2"), 40000, 53, {false, asked_for}};
  packet(kQueryEvent, &query, 11, "dig", "egress", 60);
  query.message.response = true;
  packet(kQueryEvent, &query, 11, "dig", "ingress", 90);
  ASSERT_EQ(traffic.domains().items().size(), 1u);
  EXPECT_EQ(traffic.domains().items().begin()->second.meter.total().packets, 1u);
  top.press('4');
  EXPECT_NE(screen()[3].find("www.example.test"), std::string::npos);
}

TEST_F(View, AFilterIsTypedAndMended) {
  screen();
  for (const char key : {'/', 'w', 'r', 'o', 'n', 'g'}) top.press(key);
  top.press(kKeyEnter);
  EXPECT_EQ(asked, "wrong");
  EXPECT_NE(screen()[23].find("no such field"), std::string::npos);
  for (int i = 0; i < 5; ++i) top.press(kKeyBack);
  top.press('q');  // a letter, not the end
  top.press(kKeyEnter);
  EXPECT_EQ(asked, "q");
  EXPECT_FALSE(top.quit());
  EXPECT_EQ(screen()[23].find(" filter: q"), 0u);
  state.begin_ns = kStart;
  state.end_ns = kStart + kSecond;
  EXPECT_NE(screen()[23].find(" filter: q"), std::string::npos);
  top.press('q');
  EXPECT_TRUE(top.quit());
}

TEST_F(View, PauseHoldsTheScreenNotTheSums) {
  segment("10.0.0.1", 40000, "10.0.0.2", 80, 11, "curl", "egress", 300);
  screen();
  top.press(' ');
  segment("10.0.0.1", 80, "10.0.0.9", 50000, 22, "nginx", "egress", 200);
  auto lines = screen();
  EXPECT_NE(lines[0].find("PAUSED"), std::string::npos);
  EXPECT_EQ(lines[4], std::string(80, ' '));
  EXPECT_EQ(traffic.all().total().packets, 2u);
  top.press(' ');
  EXPECT_NE(screen()[4].find("nginx"), std::string::npos);
}

TEST_F(View, AFileHasASliderThatKeysMove) {
  state.begin_ns = kStart;
  state.end_ns = kStart + 100 * kSecond;
  state.now_ns = kStart + 50 * kSecond;
  const std::string slider = screen()[23];
  const size_t before = columns_of_text(slider.substr(0, slider.find("●")));
  EXPECT_NEAR(static_cast<double>(before), 10 + 25 / 2.0, 2.0) << slider;
  state.end_ns = kStart + kSecond / 4;
  EXPECT_NE(screen()[23].find(clock_text(state.end_ns, kSecond / 4) + "  ←→"), std::string::npos);
  state.end_ns = kStart + 100 * kSecond;
  top.press(kKeyLeft);
  top.press('>');
  EXPECT_EQ(top.take_move(), 9);
  EXPECT_EQ(top.take_move(), 0);
}

TEST_F(View, FitsAnySize) {
  segment("2001:db8:1111:2222:3333:4444:5555:6666", 40000, "2001:db8:1111:2222:3333:4444:5555:7777",
          443, 4'194'303, "a-long-name-1234", "egress", UINT32_MAX);
  for (const auto& [width, height] :
       {std::pair<size_t, size_t>{80, 24}, {20, 5}, {200, 60}, {7, 2}}) {
    for (const int page : {'1', '2', '3', '4', '5'}) {
      top.press(page);
      screen(width, height);
    }
    top.press('2');
    screen(width, height);
    top.press(kKeyEnter);
    screen(width, height);
    top.press('?');
    screen(width, height);
    top.press('?');
  }
}

TEST_F(View, TablesAreBounded) {
  constexpr uint32_t kEvents = 300;
  for (uint32_t i = 1; i <= kEvents; ++i) {
    segment("10.0.0.1", 40000, "10.0.0.2", 80, i, "p", "egress", 60, kStart + i * kSecond / 10);
  }
  EXPECT_LE(traffic.processes().items().size(), kMost);
  EXPECT_GT(traffic.forgotten(), 0u);
  // The newest are there.
  EXPECT_EQ(traffic.processes().items().count({kEvents * 7, kEvents}), 1u);
  EXPECT_EQ(traffic.all().total().packets, kEvents);
}

}  // namespace
}  // namespace tracee
