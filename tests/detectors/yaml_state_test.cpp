// SPDX-License-Identifier: Apache-2.0
// What YAML detectors remember beyond counts: shares, rhythms, new values, what did not
// happen; and what they look up: sets and stores.
#include "detectors/folder.h"

namespace tracee {
namespace {

using test::Folder;
using test::head;
using test::Texts;

const std::string kTcp = head("net_packet_tcp", "string");
const std::string kDst = "output: {fields: [{name: f, expression: data.dst}]}\n";

TEST(Yaml, AThresholdMayAskForAShare) {
  Folder folder({kTcp +
                 "threshold: {by: [], count: 4, within: 1h, share: {of: data.dst_port == 80, "
                 "percent: 75}}\n" +
                 kDst});
  EXPECT_EQ(folder.warnings(), "");
  Texts found;
  const auto feed = [&](uint16_t port) {
    folder.fixtures.tcp.header.dst_port = port;
    return folder.feed('t').size();
  };
  EXPECT_EQ(feed(80) + feed(81) + feed(82) + feed(80), 0u) << "half of four";
  EXPECT_EQ(feed(80), 0u) << "81, 82, 80, 80";
  EXPECT_EQ(feed(80), 1u) << "82, 80, 80, 80";
}

TEST(Yaml, AThresholdMayAskForARhythm) {
  Folder folder({kTcp +
                 "threshold: {by: [data.dst], count: 5, within: 1h, regular: {percent: 10, "
                 "at_least: 10s}}\n" +
                 kDst});
  EXPECT_EQ(folder.warnings(), "");
  const auto run = [&](std::initializer_list<uint64_t> pauses) {
    size_t found = folder.feed('t').size();
    for (const uint64_t pause : pauses) {
      folder.later(pause);
      found += folder.feed('t').size();
    }
    folder.later(10'000);
    return found;
  };
  EXPECT_EQ(run({30, 31, 29, 30}), 1u);
  EXPECT_EQ(run({30, 50, 10, 30}), 0u) << "no rhythm";
  EXPECT_EQ(run({5, 5, 5, 5}), 0u) << "too fast";
  EXPECT_EQ(run({500, 30, 30, 30, 30}), 1u) << "the rhythm begins with the second";
}

TEST(Yaml, ANewValueIsFoundOnceItsKeyIsKnown) {
  Folder folder({head("net_packet_tcp", "uint32") +
                 "new_value: {by: [process.name], of: data.dst_port, learn: 10m}\n"
                 "output: {fields: [{name: f, expression: data.dst_port}]}\n"});
  EXPECT_EQ(folder.warnings(), "");
  const auto feed = [&](uint16_t port) {
    folder.fixtures.tcp.header.dst_port = port;
    return folder.feed('t');
  };
  EXPECT_EQ(feed(80), Texts{});
  EXPECT_EQ(feed(443), Texts{}) << "still learning";
  folder.later(601);
  EXPECT_EQ(feed(80), Texts{});
  EXPECT_EQ(feed(4444), Texts{"one f=4444"});
  EXPECT_EQ(feed(4444), Texts{}) << "known from now on";
  folder.fixtures.context.process_name = "wget";
  EXPECT_EQ(feed(4444), Texts{}) << "another key learns for itself";
}

TEST(Yaml, ASequenceMayRepeatItsLastStep) {
  const auto found = [](const std::string& more) {
    Folder folder({head("net_packet_dns", "string") + "sequence: {by: [], within: 5s, " + more +
                   "then: [{event: net_packet_tcp}]}\n" + kDst});
    EXPECT_EQ(folder.warnings(), "");
    folder.feed('d');
    size_t count = folder.feed('t').size() + folder.feed('t').size();
    folder.later(6);
    return count + folder.feed('t').size();
  };
  EXPECT_EQ(found(""), 1u);
  EXPECT_EQ(found("repeats: true, "), 2u) << "twice in time, once too late";
}

// A connection that no DNS answer follows within 5 s.
const std::string kUnless = kTcp +
                            "unless: {by: [process.name], event: net_packet_dns, conditions: "
                            "['data.proto_dns.QR == 1'], within: 5s}\n"
                            "auto_populate: {detected_from: true}\n" +
                            kDst;

TEST(Yaml, UnlessFindsWhatDidNotFollow) {
  Folder folder({kUnless});
  EXPECT_EQ(folder.warnings(), "");
  const uint64_t start = folder.fixtures.context.time_ns;
  EXPECT_EQ(folder.tick(), Texts{}) << "seconds count from here";
  EXPECT_EQ(folder.feed('t'), Texts{}) << "it may yet follow";
  folder.later(3);
  EXPECT_EQ(folder.tick(), Texts{});
  folder.later(3);
  folder.fixtures.context.process_name = "other";
  EXPECT_EQ(folder.tick(), Texts{"one f=192.0.2.9"});
  EXPECT_EQ(folder.found_at_ns, start) << "of the time of its event";
  EXPECT_EQ(folder.found_from, Texts{"net_packet_tcp"});
  folder.later(10);
  EXPECT_EQ(folder.tick(), Texts{}) << "once";
}

TEST(Yaml, UnlessIsQuietWhereItFollowed) {
  Folder folder({kUnless});
  folder.tick();
  folder.feed('t');
  folder.later(2);
  EXPECT_EQ(folder.feed('d'), Texts{});
  folder.later(10);
  EXPECT_EQ(folder.tick(), Texts{});
  folder.feed('t');
  folder.fixtures.context.process_name = "other";
  folder.feed('d');
  folder.later(10);
  EXPECT_EQ(folder.tick().size(), 1u) << "another key's event is no answer";
  folder.fixtures.context.process_name = "curl";
  folder.feed('t');
  folder.later(6);
  folder.feed('d');
  EXPECT_EQ(folder.tick().size(), 1u) << "too late";
}

TEST(Yaml, UnlessMayLookBack) {
  Folder folder(
      {kTcp + "unless: {by: [process.name], event: net_packet_dns, before: 5s}\n" + kDst});
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t').size(), 1u) << "nothing came before";
  folder.feed('d');
  folder.later(4);
  EXPECT_EQ(folder.feed('t').size(), 0u);
  folder.later(2);
  EXPECT_EQ(folder.feed('t').size(), 1u) << "too long ago";
}

TEST(Yaml, ConditionsOfSeveralEventsMayNameFieldsOfOne) {
  std::string text = kTcp;
  text.replace(text.find("{name: net_packet_tcp}"), 22,
               "{name: net_packet_tcp}, {name: net_packet_dns}");
  Folder folder(
      {text + "conditions: ['data.proto_dns.QR == 1 || data.proto_tcp.SYN == 1']\n" + kDst});
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t').size(), 1u);
  EXPECT_EQ(folder.feed('d').size(), 1u);
  Folder other({text + "conditions: ['data.proto_nds.QR == 1']\n" + kDst});
  EXPECT_NE(other.warnings().find("did you mean 'proto_dns'"), std::string::npos)
      << other.warnings();
}

bool holds(const std::string& event, char letter, const std::vector<std::string>& files,
           const std::string& condition, const std::map<std::string, std::string>& others = {}) {
  std::vector<std::string> all = files;
  std::string quoted = condition;
  for (size_t at = 0; (at = quoted.find('\'', at)) != quoted.npos; at += 2) quoted.insert(at, "'");
  all.push_back(head(event, "string") + "conditions: ['" + quoted +
                "']\noutput: {fields: [{name: f, expression: process.name}]}\n");
  Folder folder(all, others);
  EXPECT_EQ(folder.warnings(), "") << condition;
  return !folder.feed(letter).empty();
}

TEST(Yaml, DomainSetsMatchNamesBelow) {
  const std::vector<std::string> list = {
      "{type: domain_list, name: BAD, values: [Example.test, other.org]}\n"};
  EXPECT_TRUE(holds("net_packet_dns", 'd', list, "data.proto_dns.questions.name in BAD"));
  EXPECT_TRUE(
      holds("net_packet_dns", 'd', list, "data.proto_dns.answers.exists(a, a.CNAME in BAD)"));
  EXPECT_FALSE(holds("net_packet_dns", 'd', list, "data.proto_dns.questions.type in BAD"));
  EXPECT_FALSE(holds("net_packet_dns", 'd',
                     {"{type: domain_list, name: BAD, values: [xample.test]}\n"},
                     "data.proto_dns.questions.name in BAD"))
      << "a part of a label is no domain";
}

TEST(Yaml, AddressSetsMatchNetworks) {
  const std::vector<std::string> list = {
      "{type: address_list, name: NETS, values: [192.0.2.8/30, '2001:db8::/32']}\n"};
  EXPECT_TRUE(holds("net_packet_tcp", 't', list, "data.dst in NETS"));
  EXPECT_FALSE(holds("net_packet_tcp", 't', list, "data.src in NETS"));
  EXPECT_TRUE(holds("net_packet_ipv6", '6', list, "data.src in NETS && !(data.dst in NETS)"));
}

TEST(Yaml, ListsMayBeInFilesOfTheirOwn) {
  const std::vector<std::string> list = {"{type: domain_list, name: BAD, file: bad.txt}\n"};
  EXPECT_TRUE(holds("net_packet_dns", 'd', list, "data.proto_dns.questions.name in BAD",
                    {{"bad.txt", "# bad ones\n  *.example.test  # all of it\n\n"}}));
  Folder broken({list}, {{"bad.txt", "good.org\n  not a domain\n"}});
  EXPECT_NE(broken.warnings().find("bad.txt:2:3: 'not a domain' is no domain"), std::string::npos)
      << broken.warnings();
  Folder missing({list});
  EXPECT_NE(missing.warnings().find("bad.txt:1:1: cannot be read"), std::string::npos)
      << missing.warnings();
}

TEST(Yaml, WorkloadHasTheTypedEventsNames) {
  const auto is = [](const std::string& text) { return holds("net_packet_tcp", 't', {}, text); };
  EXPECT_TRUE(is("workload.process.thread.name == \"curl\""));
  EXPECT_TRUE(is("workload.process.host_pid == 4711 && workload.process.pid == 11"));
  EXPECT_TRUE(is("workload.process.real_user.id == 1000"));
  EXPECT_TRUE(is("workload.process.executable.path.endsWith(\"/curl\")"));
  EXPECT_TRUE(is("workload.container.image.name == \"nginx:1.25\" && workload.container.started"));
  EXPECT_TRUE(is("workload.k8s.pod.name == \"web-1\" && workload.k8s.namespace.name == \"shop\""));
  EXPECT_TRUE(is("timestamp == 1700000000000000000"));
}

TEST(Yaml, StoresAnswerInExpressions) {
  const auto is = [](const std::string& text) { return holds("net_packet_tcp", 't', {}, text); };
  EXPECT_TRUE(is("syscall.getName(syscall.getId(\"read\")) == \"read\""));
  EXPECT_FALSE(is("syscall.getName(100000) == \"read\""));
  EXPECT_TRUE(is("system.info().architecture != \"\""));
  EXPECT_TRUE(is("system.info().tracee_version == \"0.1.0\""));
  EXPECT_TRUE(is("process.get(7) == null && process.get(7).thread.name != \"x\""));
  EXPECT_TRUE(is("container.get(\"0123\") == null"))
      << "the event's own is not known without an id";
  EXPECT_FALSE(is("process.getAncestry(7, 3).exists(p, p.thread.name == \"curl\")"));
  EXPECT_TRUE(is("dns.getResponse(\"www.example.test\") == null"));
}

TEST(Yaml, StoresKnowWhatEventsHaveShown) {
  Folder folder(
      {kTcp +
       "conditions:\n"
       "  - process.get(workload.process.unique_id).thread.name == \"curl\"\n"
       "  - process.getAncestry(workload.process.unique_id, 2)[1].thread.name == \"sshd\"\n"
       "  - process.getAncestry(workload.process.unique_id, 9).exists(p, p.host_pid == 1000)\n"
       "  - process.getChildren(workload.process.parent_unique_id).exists(p, p.host_pid == 4711)\n"
       "  - container.get(\"0123\").name == \"web\"\n"
       "  - container.getByName(\"web\").image.name == \"nginx:1.25\"\n"
       "  - '\"192.0.2.1\" in dns.getResponse(\"www.example.test\").ips'\n"
       "  - dns.getResponse(\"192.0.2.1\").domains.exists(d, d == \"www.example.test\")\n" +
       kDst});
  EXPECT_EQ(folder.warnings(), "");
  Context& context = folder.fixtures.context;
  const Context curl = context;
  context.process_entity = 5;
  context.host_process_id = 1000;
  context.process_name = "sshd";
  folder.feed('d');
  context = curl;
  context.process_entity = 6;
  context.parent_entity = 5;
  EXPECT_EQ(folder.feed('t').size(), 1u);
}

TEST(Yaml, LookUpsAreChecked) {
  const auto complaint = [](const std::string& condition) {
    return Folder({kTcp + "conditions: ['" + condition + "']\n" + kDst}).warnings();
  };
  EXPECT_NE(complaint("process.gte(7) == null").find("it has get getAncestry"), std::string::npos);
  EXPECT_NE(complaint("process.get() == null").find("takes 1 arguments"), std::string::npos);
  EXPECT_NE(complaint("process.get(data.dst) == null").find("which get() does not take"),
            std::string::npos);
  EXPECT_NE(complaint("process.get(7).nam == \"x\"").find("unknown member 'nam'"),
            std::string::npos);
  EXPECT_NE(complaint("kernel.resolveSymbol(7) == \"x\"").find("no store of kernel symbols"),
            std::string::npos);
}

TEST(Yaml, WhatUnlessRemembersIsBoundedAndCounted) {
  Folder folder({kTcp +
                 "unless: {by: [data.dst_port], event: net_packet_dns, within: 5s}\nmax_keys: 2\n" +
                 kDst});
  folder.tick();
  for (const uint16_t port : std::initializer_list<uint16_t>{1, 2, 3}) {
    folder.fixtures.tcp.header.dst_port = port;
    folder.feed('t');
  }
  folder.later(10);
  EXPECT_EQ(folder.tick().size(), 2u);
  EXPECT_GT(folder.detection().engine().status()[0].registered->detector->evicted(), 0u);
}

}  // namespace
}  // namespace tracee
