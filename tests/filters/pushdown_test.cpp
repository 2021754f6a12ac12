// SPDX-License-Identifier: Apache-2.0
// What is pushed down of which filter, and that the table the kernel reads says
// the same as the rules it is made of.
#include "filter/pushdown.h"

#include <gtest/gtest.h>

#include <random>

#include "decode/decoder.h"
#include "filter/selection.h"
#include "fixtures.h"

namespace tracee {
namespace {

struct Pushed {
  std::string explained;
  std::vector<KernelRule> rules;
};

Pushed pushed(const Wishes& wishes) {
  auto selection = Selection::parse(wishes, test::catalog());
  if (!selection) return {selection.error().what, {}};
  auto rules = selection->push_down(&wire_wants);
  return {selection->explain(), std::move(rules)};
}

// The places of one event's terms, in order: "kernel user".
std::string places(const std::string& event, const std::string& filter) {
  const std::string explained = pushed({{event}, {}, {}, {filter}}).explained;
  std::string out;
  for (const std::string_view place : {"kernel", "both", "user"}) {
    size_t at = explained.find("filter, on what is left");
    while ((at = explained.find("\n    " + std::string(place) + " ", at)) != std::string::npos) {
      out += (out.empty() ? "" : " ") + std::string(place);
      ++at;
    }
  }
  return out;
}

TEST(PushDown, Places) {
  const struct {
    const char *event, *filter, *places;
  } kCases[] = {
      {"net_packet_tcp", "data.dst_port == 80", "kernel"},
      {"net_packet_tcp", "data.dst_port == 80 || data.src_port == 80", "kernel"},
      {"net_packet_tcp", "!(data.dst in 10.0.0.0/8) && data.proto_tcp.SYN", "kernel kernel"},
      {"net_packet_tcp", "data.dst != 10.0.0.1 && data.dst != \"::1\"", "kernel kernel"},
      {"net_packet_tcp", "data.proto_tcp.NS == 1", "user"},
      {"net_packet_tcp", "data.proto_tcp.window > 100 && data.dst_port == 80", "kernel user"},
      {"net_packet_tcp", "data.proto_tcp.window > 100 || data.dst_port == 80", "user"},
      {"net_packet_tcp", "data.proto_tcp.window > 100 && data.dst_port == 80 || data.src_port == 9",
       "both"},
      {"net_packet_tcp", "data.dst.startsWith(\"10.\")", "user"},
      {"net_packet_ipv4", "data.proto_ipv4.TTL < 5 && data.proto_ipv4.protocol == \"UDP\"",
       "kernel kernel"},
      {"net_packet_ipv6", "data.proto_ipv6.nextHeader != \"TCP\"", "kernel"},
      {"net_packet_udp", "process.name == \"dig\" && process.uid >= 1000", "kernel kernel"},
      {"net_packet_udp", "process.name.matches(\"^d\") || process.hostPid == 1", "user"},
      {"net_packet_udp", "process.executable == \"/bin/x\" && container.id == \"\"", "user user"},
      {"net_packet_udp", "network.direction == \"ingress\" && network.ifindex == 2",
       "kernel kernel"},
      {"net_packet_udp", "network.interface == \"eth0\" && syscall == \"sendto\"", "user user"},
      // Both directions of a connection come up, whoever owns it at the moment.
      {"net_packet_http", "data.dst_port == 80", "both"},
      {"net_packet_http_request", "data.metadata.dst_port == 80", "both"},
      {"net_packet_http", "process.name == \"curl\"", "user"},
      {"net_packet_http", "network.direction == \"egress\"", "user"},
      {"net_packet_dns", "process.name == \"dig\"", "both"},  // UDP and TCP
      {"net_packet_dns", "data.proto_dns.questions.name == \"a.test\"", "user"},
      {"net_packet_dns_request", "data.metadata.src_ip in fe80::/10", "both"},
  };
  for (const auto& one : kCases) EXPECT_EQ(places(one.event, one.filter), one.places) << one.filter;
}

TEST(PushDown, ContradictionsAskForNothing) {
  const Pushed none =
      pushed({{"net_packet_tcp"}, {}, {}, {"data.dst_port == 80 && data.dst_port == 81"}});
  EXPECT_TRUE(none.rules.empty()) << none.explained;
}

TEST(PushDown, AlternativesOnOneFieldAreOneRule) {
  std::string filter = "data.dst_port == 1";
  for (int i = 3; i < 200; i += 2) filter += " || data.dst_port == " + std::to_string(i);
  EXPECT_EQ(pushed({{"net_packet_tcp"}, {}, {}, {filter}}).rules.size(), 1u);
}

// ---- the table, read as the kernel reads it

using Keys = std::map<wire_dimension, Key>;

uint64_t in_table(const struct wire_rules& table, const Keys& keys) {
  uint64_t out = UINT64_MAX;
  for (const auto& [dimension, key] : keys) {
    if ((table.restricted >> dimension & 1) == 0) continue;
    uint16_t slot = table.roots[dimension];
    unsigned left = key_bytes(dimension);
    const bool mapped = left == 16 && key >> 32 == 0xffff && dimension <= WIRE_DST;
    if (mapped) {  // as an IPv4 packet comes in
      slot = dimension == WIRE_SRC ? table.src_v4 : table.dst_v4;
      left = 4;
    }
    while ((slot & WIRE_LEAF) == 0 && left > 0) {
      slot = table.nodes[slot][static_cast<uint8_t>(key >> (8 * --left))];
    }
    EXPECT_NE(slot & WIRE_LEAF, 0);
    out &= table.masks[slot & ~WIRE_LEAF];
  }
  return out;
}

bool in_box(const Box& box, const Keys& keys) {
  for (const auto& [dimension, ranges] : box.sides) {
    if (!ranges.contains(keys.at(dimension))) return false;
  }
  return true;
}

class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}
  size_t pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  Key key(unsigned bytes) {
    const Key any = Key{random_()} << 64 | random_();
    // Often near a border of bytes, or IPv4.
    const Key chosen = pick(3) == 0 ? any >> 8 * pick(16) : any;
    if (bytes == 16 && pick(2) == 0) return (Key{0xffff} << 32) | (chosen & 0xffffffff);
    return chosen & key_max(bytes);
  }
  KeyRanges ranges(unsigned bytes, size_t most) {
    KeyRanges out;
    for (size_t i = pick(most) + 1; i > 0; --i) {
      Key low = key(bytes), high = pick(2) == 0 ? low : low | key_max(bytes) >> 8 * pick(bytes);
      out.add(low, std::max(low, high));
    }
    return out;
  }

 private:
  std::mt19937_64 random_;
};

constexpr wire_dimension kDimensions[] = {WIRE_SRC,     WIRE_DST, WIRE_DST_PORT, WIRE_TCP_FLAGS,
                                          WIRE_IFINDEX, WIRE_UID, WIRE_CGROUP,   WIRE_COMM};

// `room`: the nodes suffice, so nothing but the rules' keys is kept.
void check_table(Random& random, size_t rules_count, size_t most_ranges, bool room) {
  std::vector<KernelRule> rules(rules_count);
  std::vector<Key> borders[WIRE_DIMENSIONS];
  for (KernelRule& rule : rules) {
    rule.wants = 1u << random.pick(WIRE_CLASSES);
    for (const wire_dimension dimension : kDimensions) {
      if (random.pick(2) == 0) continue;
      KeyRanges ranges = random.ranges(key_bytes(dimension), most_ranges);
      for (const KeyRange& range : ranges.ranges()) {
        for (const Key border : {range.low, range.high, range.low - 1, range.high + 1}) {
          borders[dimension].push_back(border & key_max(key_bytes(dimension)));
        }
      }
      rule.box.sides.emplace(dimension, std::move(ranges));
    }
  }
  const auto table = wire_rules_of(rules, 7);
  EXPECT_EQ(table->generation, 7u);
  EXPECT_LE(table->node_count, uint32_t{WIRE_NODES});
  size_t wrong = 0;
  for (int i = 0; i < 2000; ++i) {
    Keys keys;
    for (const wire_dimension dimension : kDimensions) {
      const auto& known = borders[dimension];
      const bool take = !known.empty() && random.pick(4) != 0;
      keys[dimension] = take ? known[random.pick(known.size())] : random.key(key_bytes(dimension));
    }
    const uint64_t got = in_table(*table, keys);
    for (size_t r = 0; r < rules.size(); ++r) {
      const bool kept = (got >> r & 1) != 0, meant = in_box(rules[r].box, keys);
      ASSERT_TRUE(kept || !meant) << "rule " << r << " loses a packet";
      wrong += kept && !meant;
    }
  }
  if (room) {
    EXPECT_EQ(wrong, 0u);
  }
  for (uint32_t set = 0; set <= WIRE_WANT_ALL; ++set) {
    for (size_t r = 0; r < rules.size(); ++r) {
      ASSERT_EQ((table->of_classes[set] >> r & 1) != 0, (rules[r].wants & set) != 0);
    }
  }
}

TEST(PushDown, TheTableSaysWhatTheRulesSay) {
  Random random(1);
  for (int i = 0; i < 40; ++i) check_table(random, 1 + random.pick(8), 3, true);
}

TEST(PushDown, WhatDoesNotFitIsKept) {
  Random random(2);
  for (int i = 0; i < 5; ++i) check_table(random, WIRE_RULES, 40, false);
}

// More rules than there are bits: whatever a rule keeps, its bits keep.
TEST(PushDown, TooManyRulesAreMadeWider) {
  std::vector<RuleTerm> terms;
  for (int i = 0; i < 100; ++i) {
    const std::string port = std::to_string(1000 + 7 * i), net = std::to_string(i);
    auto read = read_expression("test",
                                "data.dst_port == " + port + " && data.src in 10." + net +
                                    ".0.0/16 || data.src_port == " + port,
                                std::vector<const EventSpec*>{&kNetPacketTcp}, test::catalog());
    ASSERT_TRUE(read) << read.error().what;
    ASSERT_EQ((*read)[0].size(), 1u);
    terms.push_back(std::move((*read)[0][0]));
  }
  std::vector<AskedRule> asked;
  for (const RuleTerm& term : terms) asked.push_back({&kNetPacketTcp, {&term}});
  const PushDown pushed(asked, &wire_wants);
  EXPECT_TRUE(pushed.widened());
  EXPECT_LE(pushed.rules().size(), size_t{WIRE_RULES});
  EXPECT_GT(pushed.rules().size(), size_t{WIRE_RULES} / 2);
  const auto table = wire_rules_of(pushed.rules(), 1);
  size_t widened = 0;
  for (size_t i = 0; i < asked.size(); ++i) {
    const Key port = 1000 + 7 * i;
    const Key src = (Key{0xffff} << 32) | 10u << 24 | i << 16 | 9;
    const Keys near = {{WIRE_DST_PORT, port}, {WIRE_SRC, src}, {WIRE_SRC_PORT, 9}};
    const Keys back = {{WIRE_DST_PORT, 9}, {WIRE_SRC, 9}, {WIRE_SRC_PORT, port}};
    EXPECT_NE(in_table(*table, near) & pushed.mask(i), 0u);
    EXPECT_NE(in_table(*table, back) & pushed.mask(i), 0u);
    widened += pushed.places(i)[0] == Place::Both;
  }
  EXPECT_GT(widened, 0u);
  EXPECT_LT(widened, asked.size());
}

// Only rules whose bits the packet satisfies are asked; the others are not kept.
TEST(PushDown, MatchedAsksTheRulesOfTheMask) {
  auto selection =
      Selection::parse(Wishes{{"net_packet_tcp.data.dst_port=443"}, {}, {}, {}}, test::catalog());
  ASSERT_TRUE(selection);
  ASSERT_EQ(selection->push_down(&wire_wants).size(), 1u);
  test::Fixtures fixtures;
  fixtures.tcp.header.dst_port = 443;
  EXPECT_EQ(selection->matched(fixtures.event('t'), 1), 1u);
  EXPECT_EQ(selection->matched(fixtures.event('t'), 2), 0u);
  EXPECT_EQ(selection->matched(fixtures.event('t')), 1u);
}

}  // namespace
}  // namespace tracee
