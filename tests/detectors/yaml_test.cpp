// SPDX-License-Identifier: Apache-2.0
// Detectors that are YAML files, on the known events.
#include "detectors/folder.h"

namespace tracee {
namespace {

using test::Folder;
using test::head;
using test::Texts;

TEST(Yaml, AllConditionsMustHoldAndOutputsAreTyped) {
  Folder folder({head("net_packet_tcp", "string") +
                 "conditions: ['data.dst_port == 80u', 'process.name == \"curl\"']\n"
                 "output: {fields: [{name: f, expression: 'getEventData(\"dst\")'}]}\n"});
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t'), Texts{"one f=192.0.2.9"});
  folder.fixtures.context.process_name = "wget";
  EXPECT_EQ(folder.feed('t'), Texts{});
}

TEST(Yaml, NumbersThatDoNotFitAreNoValues) {
  // 4294967295 is no int32: no finding where it is required, no field where not.
  const std::string output = "output: {fields: [{name: f, expression: data.proto_tcp.seq";
  EXPECT_EQ(Folder({head("net_packet_tcp", "int32") + output + "}]}\n"}).feed('t'), Texts{});
  EXPECT_EQ(Folder({head("net_packet_tcp", "int32") + output + ", optional: true}]}\n"}).feed('t'),
            Texts{"one"});
  EXPECT_EQ(Folder({head("net_packet_tcp", "uint32") + output + "}]}\n"}).feed('t'),
            Texts{"one f=4294967295"});
}

TEST(Yaml, ListsAreVariablesOfTheirFolder) {
  const std::string list =
      "{type: STRING_LIST, name: NAMES, values: [www.example.test, web.example.test]}\n";
  const std::string output =
      "output: {fields: [{name: f, expression: 'size(data.proto_dns.answers)'}]}\n";
  const auto found = [&](const std::string& condition) {
    Folder folder(
        {list, head("net_packet_dns", "int32") + "conditions: ['" + condition + "']\n" + output});
    EXPECT_EQ(folder.warnings(), "") << condition;
    return !folder.feed('d').empty();
  };
  EXPECT_TRUE(found("data.proto_dns.answers.name in NAMES"));
  EXPECT_TRUE(found("NAMES.exists(n, data.proto_dns.answers.CNAME == n)"));
  EXPECT_FALSE(found("NAMES.all(n, data.proto_dns.answers.CNAME == n)"));
  EXPECT_FALSE(found("process.name in NAMES"));
  EXPECT_TRUE(found("size(data.proto_dns.answers) > size(NAMES)"));
}

TEST(Yaml, ASecondListOfANameAbortsTheFolder) {
  const std::string list = "{type: string_list, name: NAMES, values: [a]}\n";
  Folder folder(
      {list, list,
       head("net_packet_tcp", "string") + "output: {fields: [{name: f, expression: data.dst}]}\n"});
  EXPECT_NE(folder.warnings().find("a second list 'NAMES'"), std::string::npos);
  EXPECT_EQ(folder.feed('t'), Texts{});
}

TEST(Yaml, ABadFileIsToldAndTheOthersLoad) {
  const std::string good =
      head("net_packet_tcp", "string") + "output: {fields: [{name: f, expression: data.dst}]}\n";
  struct Bad {
    std::string from, to, complaint;
  };
  const Bad bads[] = {
      {"id: one\n", "", "no id"},
      {"version: 1.0.0", "version: 1", "'1' is no version"},
      {"type: string}", "type: int64}", "'int64' is no type"},
      {"name: net_packet_tcp", "name: net_packet_tpc", "unknown event 'net_packet_tpc'"},
      {"data.dst}", "data.dts}", "did you mean 'dst'?"},
      {"data.dst}", "data.dst_port}", "this is a number, the field 'f' is declared string"},
      {"{name: f, expression", "{name: g, expression", "declares no field 'g'"},
      {"id: one\n", "id: one\nthreat: {description: d, severity: info}\n", "is no severity"},
      {"id: one\n", "id: one\nconditon: [x]\n", "did you mean 'conditions'?"},
      {"id: one\n", "id: one\nconditions: [data.dst]\n", "not a condition"},
      {"id: one\n", "id: one\nconditions: ['data.dst in NO_LIST']\n", "NO_LIST"},
      {"type: detector", "type: nonsense", "this is no detector"},
      {"id: one\n", "id: [one\n", "0.yaml:"},
  };
  for (const Bad& bad : bads) {
    std::string text = good;
    text.replace(text.find(bad.from), bad.from.size(), bad.to);
    std::string other = good;
    other.replace(other.find("id: one"), 7, "id: two");
    other.replace(other.find("{name: one"), 10, "{name: two");
    Folder folder({text, other});
    EXPECT_NE(folder.warnings().find(bad.complaint), std::string::npos) << bad.complaint << "\n"
                                                                        << folder.warnings();
    EXPECT_NE(folder.warnings().find("0.yaml:"), std::string::npos) << bad.complaint;
    EXPECT_EQ(folder.feed('t'), Texts{"two f=192.0.2.9"}) << bad.complaint;
  }
}

TEST(Yaml, AThresholdCountsByKeyWithinATime) {
  Folder folder({head("net_packet_tcp", "string") +
                 "threshold: {by: [process.name], count: 3, within: 10s}\n"
                 "output: {fields: [{name: f, expression: process.name}]}\n"});
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t'), Texts{});
  EXPECT_EQ(folder.feed('t'), Texts{});
  folder.fixtures.context.process_name = "wget";
  EXPECT_EQ(folder.feed('t'), Texts{}) << "another key";
  folder.fixtures.context.process_name = "curl";
  folder.later(11);
  EXPECT_EQ(folder.feed('t'), Texts{}) << "the first two are too old";
  EXPECT_EQ(folder.feed('t'), Texts{});
  EXPECT_EQ(folder.feed('t'), Texts{"one f=curl"});
  EXPECT_EQ(folder.feed('t'), Texts{}) << "it counts anew";
}

TEST(Yaml, AThresholdMayCountDistinctValues) {
  Folder folder({head("net_packet_tcp", "uint32") +
                 "threshold: {by: [data.src], count: 3, within: 10s, distinct: data.dst_port}\n"
                 "output: {fields: [{name: f, expression: data.dst_port}]}\n"});
  EXPECT_EQ(folder.warnings(), "");
  Texts found;
  for (const uint16_t port : std::initializer_list<uint16_t>{1, 1, 1, 2, 2, 3}) {
    folder.fixtures.tcp.header.dst_port = port;
    found = folder.feed('t');
    EXPECT_EQ(found.empty(), port != 3) << port;
  }
  EXPECT_EQ(found, Texts{"one f=3"});
}

TEST(Yaml, ASequenceIsFollowedByKeyAndTime) {
  const std::string text =
      head("net_packet_dns", "string") +
      "conditions: ['data.proto_dns.QR == 1']\n"
      "sequence: {by: [process.name], within: 5s, then: [{event: net_packet_tcp, conditions: "
      "['data.proto_tcp.SYN == 1']}]}\n"
      "output: {fields: [{name: f, expression: data.dst}]}\n";
  Folder folder({text});
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t'), Texts{}) << "the first part is missing";
  EXPECT_EQ(folder.feed('d'), Texts{});
  EXPECT_EQ(folder.feed('t'), Texts{"one f=192.0.2.9"});
  EXPECT_EQ(folder.feed('t'), Texts{}) << "once";
  folder.feed('d');
  folder.later(6);
  EXPECT_EQ(folder.feed('t'), Texts{}) << "too late";
  folder.feed('d');
  folder.fixtures.context.process_name = "wget";
  EXPECT_EQ(folder.feed('t'), Texts{}) << "another key";
}

TEST(Yaml, SuppressionKeepsQuietForAWhile) {
  Folder folder({head("net_packet_tcp", "string") +
                 "suppress: {by: [data.src], for: 60s}\n"
                 "output: {fields: [{name: f, expression: data.src}]}\n"});
  EXPECT_EQ(folder.feed('t').size(), 1u);
  EXPECT_EQ(folder.feed('t').size(), 0u);
  folder.later(61);
  EXPECT_EQ(folder.feed('t').size(), 1u);
}

TEST(Yaml, WhatIsRememberedIsBounded) {
  Folder folder({head("net_packet_tcp", "uint32") +
                 "threshold: {by: [data.dst_port], count: 2, within: 1h}\nmax_keys: 2\n"
                 "output: {fields: [{name: f, expression: data.dst_port}]}\n"});
  const auto feed = [&](uint16_t port) {
    folder.fixtures.tcp.header.dst_port = port;
    return folder.feed('t').size();
  };
  EXPECT_EQ(feed(1) + feed(2) + feed(3), 0u);
  EXPECT_EQ(feed(1), 0u) << "the oldest key is forgotten";
  EXPECT_EQ(feed(3), 1u);
}

}  // namespace
}  // namespace tracee
