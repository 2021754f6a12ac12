// SPDX-License-Identifier: Apache-2.0
// Push-down changes what comes up from the kernel, never what comes out: random
// filters on every packet of the captures, run through the kernel's own program
// (BPF_PROG_TEST_RUN), give the same events with it and without.
//
// TRACEE_PUSHDOWN_CAPTURES names another folder of captures, and
// TRACEE_PUSHDOWN_FILTERS another number of filters.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "capture/replay.h"
#include "decode/decoder.h"
#include "event/context.h"
#include "event/lost_events.h"
#include "filter/selection.h"
#include "support.h"

namespace tracee::kernel_test {
namespace {

const Catalog& catalog() {
  static const Catalog kCatalog = [] {
    std::vector<const EventSpec*> all(packet_events().begin(), packet_events().end());
    all.push_back(&kLostEvents);
    return Catalog(all);
  }();
  return kCatalog;
}

std::vector<Packet> corpus() {
  const char* folder = std::getenv("TRACEE_PUSHDOWN_CAPTURES");
  std::vector<std::string> paths;
  for (const auto& file :
       std::filesystem::directory_iterator(folder ? folder : TRACEE_TEST_DATA "/captures")) {
    if (file.path().extension().string().starts_with(".pcap")) paths.push_back(file.path());
  }
  std::ranges::sort(paths);
  std::vector<Packet> out;
  for (const std::string& path : paths) {
    auto source = ReplaySource::open(path);
    if (!source) continue;
    Record record;
    while ((*source)->next(record) == ReplaySource::Next::Packet) {
      // The kernel makes no test run on less than a header or more than most of a page.
      if (record.packet.size() < 40 || record.packet.size() > 3400) continue;
      out.emplace_back(record.packet.begin(), record.packet.end());
    }
  }
  return out;
}

// One event that came out: of which packet, which, and for which policies.
struct Out {
  size_t packet;
  uint32_t event;
  uint64_t policies;
  bool operator==(const Out&) const = default;
};

// What came up from the kernel side of each packet of the corpus.
using Records = std::vector<std::vector<Kept>>;

class Consumer final : public EventHandler {
 public:
  explicit Consumer(const Selection& selection) : selection_(selection) {
    EventMask mask = 0;
    for (const EventSpec* spec : selection.events()) {
      if (wire_wants(*spec) != 0) mask |= event_bit(*spec);
    }
    decoder_ = std::make_unique<Decoder>(DecodeOptions{}, mask);
  }

  std::vector<Out> events(const Records& records) {
    for (packet_ = 0; packet_ < records.size(); ++packet_) {
      for (const Kept& kept : records[packet_]) {
        Context context;
        context.direction = kept.record.direction == Direction::Ingress ? "ingress" : "egress";
        context.ifindex = kept.record.ifindex;
        context.packet_length = kept.record.packet_length;
        rules_ = kept.record.rules;
        decoder_->decode(kept.bytes, kept.record.packet_length, context, *this, kept.record.wants);
      }
    }
    return std::move(out_);
  }

  void on_event(const Event& event) noexcept override {
    const uint64_t policies = selection_.matched(event, rules_);
    if (policies != 0) out_.push_back({packet_, event.spec->id, policies});
  }

 private:
  const Selection& selection_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<Out> out_;
  size_t packet_ = 0;
  uint64_t rules_ = 0;
};

Records run_all(LiveSource& source, const std::vector<Packet>& packets) {
  Records out;
  out.reserve(packets.size());
  for (size_t i = 0; i < packets.size(); ++i) {
    out.push_back(run(source, packets[i], i % 3 == 0 ? Direction::Egress : Direction::Ingress));
  }
  return out;
}

size_t count(const Records& records) {
  size_t out = 0;
  for (const auto& kept : records) out += kept.size();
  return out;
}

// Filters whose literals the corpus has, mostly of headers and owners.
class Maker {
 public:
  Maker(unsigned seed, const std::vector<Packet>& packets) : random_(seed), packets_(packets) {}

  std::string make(int depth) {
    const size_t choice = pick(10);
    if (depth == 0 || choice < 4) return leaf();
    if (choice < 6) return "(" + make(depth - 1) + " && " + make(depth - 1) + ")";
    if (choice < 8) return "(" + make(depth - 1) + " || " + make(depth - 1) + ")";
    if (choice == 8) return "!(" + make(depth - 1) + ")";
    return "(" + make(depth - 1) + " && " + leaf() + " && " + leaf() + ")";
  }

  std::vector<std::string> events() {
    static const std::vector<std::string> kSets[] = {
        {"net_packet_tcp"},
        {"net_packet_ipv4", "net_packet_ipv6"},
        {"net_packet_tcp", "net_packet_http"},
        {"net_packet_udp", "net_packet_dns", "net_packet_icmp"},
        {"net_packet_http_request", "net_packet_http_response", "net_packet_dns_response"},
        {"net_packet_*"},
    };
    return kSets[pick(std::size(kSets))];
  }

 private:
  size_t pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  template <size_t N>
  std::string one_of(const char* const (&texts)[N]) {
    return texts[pick(N)];
  }

  const Packet& packet() { return packets_[pick(packets_.size())]; }

  std::string address() {
    const Packet& p = packet();
    const bool six = p[0] >> 4 == 6;
    const size_t at = six ? 8 + 16 * pick(2) : 12 + 4 * pick(2);
    std::string out;
    if (six) {
      for (size_t i = 0; i < 16; i += 2) {
        out += (i == 0 ? "" : ":") + fmt::format("{:x}", p[at + i] << 8 | p[at + i + 1]);
      }
    } else {
      out = fmt::format("{}.{}.{}.{}", p[at], p[at + 1], p[at + 2], p[at + 3]);
    }
    return pick(2) == 0 ? out : out + "/" + std::to_string(pick(six ? 129 : 33));
  }

  std::string port() {
    const Packet& p = packet();
    const size_t at = p[0] >> 4 == 6 ? 40 : (p[0] & 15) * size_t{4};
    if (at + 4 > p.size()) return "80";
    const size_t half = at + 2 * pick(2);
    return std::to_string(p[half] << 8 | p[half + 1]);
  }

  std::string leaf() {
    static constexpr const char* kOrder[] = {"==", "!=", "<=", ">=", "=="};
    static constexpr const char* kEqual[] = {"==", "!="};
    static constexpr const char* kFlags[] = {"SYN", "ACK", "FIN", "RST", "PSH", "URG", "NS"};
    static constexpr const char* kAddresses[] = {
        "src", "dst", "metadata.src_ip", "metadata.dst_ip", "proto_ipv4.srcIP", "proto_ipv6.dstIP"};
    static constexpr const char* kPorts[] = {"src_port", "dst_port", "proto_tcp.srcPort",
                                             "proto_udp.dstPort", "metadata.src_port"};
    static constexpr const char* kOwners[] = {
        "process.name == \"\"",  "process.name != \"curl\"", "process.name == \"curl\"",
        "process.uid == 0",      "process.pid > 0",          "process.hostPid in [0, 4711]",
        "process.cgroupId >= 1", "process.mntns == 0",       "process.hostName == \"\""};
    static constexpr const char* kOthers[] = {"data.proto_dns.questions.name.endsWith(\"test\")",
                                              "data.proto_http.method == \"GET\"",
                                              "data.proto_tcp.window > 1000",
                                              "data.src.startsWith(\"1\")",
                                              "data.src_port == data.dst_port",
                                              "network.packetLength > 100",
                                              "event.name == \"net_packet_tcp\""};
    switch (pick(10)) {
      case 0:
        return "data.proto_tcp." + one_of(kFlags) + one_of(kEqual) + std::to_string(pick(2));
      case 1:
      case 2:
        return "data." + one_of(kAddresses) + " in [" + address() + ", " + address() + "]";
      case 3:
        return "data." + one_of(kAddresses) + one_of(kEqual) + address();
      case 4:
      case 5:
        return "data." + one_of(kPorts) + one_of(kOrder) + port();
      case 6:
        return pick(2) == 0 ? "data.proto_ipv4.TTL" + one_of(kOrder) + std::to_string(pick(256))
                            : "data.proto_ipv6.hopLimit" + one_of(kOrder) + "64";
      case 7:
        return pick(2) == 0 ? "network.direction" + one_of(kEqual) + "\"ingress\""
                            : "data.proto_ipv4.protocol" + one_of(kEqual) + "\"TCP\"";
      case 8:
        return one_of(kOwners);
      default:
        return one_of(kOthers);
    }
  }

  std::mt19937 random_;
  const std::vector<Packet>& packets_;
};

TEST(PushDown, TheSameEventsWithItAndWithout) {
  LiveOptions options;
  options.wanted = WIRE_WANT_ALL;
  options.attach = false;
  OPEN_OR_SKIP(source, options);
  const char* number = std::getenv("TRACEE_PUSHDOWN_FILTERS");
  const int filters = number ? std::atoi(number) : 1000;
  const std::vector<Packet> packets = corpus();
  ASSERT_GT(packets.size(), 100u);
  Keeper nobody;
  uint32_t generation = 1;
  const auto records_of = [&](std::span<const KernelRule> rules) {
    source.change_rules(*wire_rules_of(rules, ++generation), nobody);
    return run_all(source, packets);
  };
  std::map<uint32_t, Records> without;  // by classes
  Maker maker(4, packets);
  size_t all = 0, kept = 0, narrowed = 0, with_events = 0;
  for (int i = 0; i < filters; ++i) {
    Wishes wishes;
    wishes.events = maker.events();
    wishes.filters = {maker.make(3)};
    auto selection = Selection::parse(wishes, catalog());
    ASSERT_TRUE(selection) << wishes.filters[0] << ": " << selection.error().what;
    uint32_t wants = 0;
    for (const EventSpec* spec : selection->events()) wants |= wire_wants(*spec);
    if (!without.contains(wants)) {
      without[wants] = records_of(std::vector<KernelRule>{{wants, {}}});
    }
    const std::vector<Out> expected = Consumer(*selection).events(without[wants]);
    const Records records = records_of(selection->push_down(&wire_wants));
    const std::vector<Out> got = Consumer(*selection).events(records);
    ASSERT_EQ(expected.size(), got.size()) << wishes.events[0] << " " << wishes.filters[0];
    ASSERT_TRUE(expected == got) << wishes.events[0] << " " << wishes.filters[0];
    all += count(without[wants]);
    kept += count(records);
    narrowed += count(records) < count(without[wants]);
    with_events += !got.empty();
  }
  fmt::print(
      "{} filters on {} packets: {} of them drop in the kernel, {} give events; {} of {} "
      "records are kept\n",
      filters, packets.size(), narrowed, with_events, kept, all);
  EXPECT_GT(narrowed, static_cast<size_t>(filters) / 2);
  EXPECT_GT(with_events, static_cast<size_t>(filters) / 4);
  EXPECT_TRUE(keeps_law(source.counters()));
}

}  // namespace
}  // namespace tracee::kernel_test
