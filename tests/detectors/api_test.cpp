// SPDX-License-Identifier: Apache-2.0
// The public interface: what a detector is given, and how it asks for it.
#include "detect/engine.h"
#include "detectors/fixtures.h"

namespace tracee {
namespace {

using test::Script;
using test::script;
using test::Trial;

// What `look` finds out about one fixture; it must be called.
void with(char letter, const std::string& event,
          const std::function<void(const detection::Event&)>& look) {
  Script one = script("one", event);
  int calls = 0;
  one.on_event = [&](const detection::Event& given) {
    ++calls;
    look(given);
    return detection::Outputs();
  };
  Trial run({one});
  run.select({"one"}).feed(letter);
  EXPECT_EQ(calls, 1);
}

TEST(Api, PortsAreUint32AndAddressesText) {
  with('t', "net_packet_tcp", [](const detection::Event& event) {
    EXPECT_EQ(event.id, 2002u);
    EXPECT_EQ(event.name, "net_packet_tcp");
    EXPECT_EQ(*event.get<uint32_t>("dst_port"), 80u);
    EXPECT_EQ(*event.get<std::string_view>("dst"), "192.0.2.9");
    EXPECT_EQ(*event.get<std::string_view>("metadata"), "egress");
  });
}

TEST(Api, MissingAndWrongTypeAreToldApart) {
  with('t', "net_packet_tcp", [](const detection::Event& event) {
    EXPECT_EQ(event.get<uint32_t>("nothing").lack, detection::Lack::Missing);
    EXPECT_EQ(event.get<uint32_t>("dst").lack, detection::Lack::WrongType);
    EXPECT_EQ(event.get<uint32_t>("src_port").lack, detection::Lack::None);
    EXPECT_EQ(event.message<detection::Dns>("proto_tcp"), nullptr);
  });
}

TEST(Api, TcpHeader) {
  with('t', "net_packet_tcp", [](const detection::Event& event) {
    const auto* tcp = event.message<detection::Tcp>("proto_tcp");
    ASSERT_NE(tcp, nullptr);
    EXPECT_EQ(tcp->src_port, 40000u);
    EXPECT_EQ(tcp->seq, 4294967295u);
    EXPECT_TRUE(tcp->syn && tcp->ece);
    EXPECT_FALSE(tcp->ack_flag || tcp->fin || tcp->cwr);
    EXPECT_EQ(tcp->window, 64240u);
  });
}

TEST(Api, Ipv6Header) {
  with('6', "net_packet_ipv6", [](const detection::Event& event) {
    const auto* ip = event.message<detection::Ipv6>("proto_ipv6");
    ASSERT_NE(ip, nullptr);
    EXPECT_EQ(ip->hop_limit, 64u);
    EXPECT_EQ(ip->flow_label, 0xfffffu);
    EXPECT_EQ(ip->next_header, "TCP");
    EXPECT_EQ(ip->src_ip, "2001:db8::1");
  });
}

TEST(Api, DnsAnswers) {
  with('d', "net_packet_dns", [](const detection::Event& event) {
    const auto* dns = event.message<detection::Dns>("proto_dns");
    ASSERT_NE(dns, nullptr);
    EXPECT_EQ(dns->id, 57779u);
    EXPECT_EQ(dns->qr, 1u);
    ASSERT_EQ(dns->questions.size(), 1u);
    EXPECT_EQ(dns->questions[0].name, "www.Example.test");
    ASSERT_EQ(dns->answers.size(), 4u);
    EXPECT_EQ(dns->answers[0].cname, "web.example.test");
    EXPECT_EQ(dns->answers[0].mx, nullptr) << "of another type";
    EXPECT_EQ(dns->answers[1].ip, "192.0.2.1");
    EXPECT_EQ(dns->answers[1].ttl, 60u);
    ASSERT_NE(dns->answers[2].mx, nullptr);
    EXPECT_EQ(dns->answers[2].mx->preference, 10u);
    EXPECT_EQ(dns->answers[2].mx->name, "mail.example.test");
    ASSERT_EQ(dns->answers[3].txts.size(), 2u);
    EXPECT_EQ(dns->answers[3].txts[0], "v=spf1 -all");
  });
}

TEST(Api, HttpHeaders) {
  with('h', "net_packet_http", [](const detection::Event& event) {
    const auto* http = event.message<detection::Http>("proto_http");
    ASSERT_NE(http, nullptr);
    EXPECT_EQ(http->method, "GET");
    EXPECT_EQ(http->uri_path, "/a/b c");
    EXPECT_EQ(http->content_length, -1);
    EXPECT_EQ(http->headers.first("User-Agent"), "curl/8.1");
    EXPECT_EQ(http->headers.first("None"), "");
    ASSERT_EQ(http->headers.all.size(), 3u);
    EXPECT_EQ(http->headers.all[2].values[1], "two");
  });
}

TEST(Api, Workload) {
  with('t', "net_packet_tcp", [](const detection::Event& event) {
    EXPECT_EQ(event.workload.process.name, "curl");
    EXPECT_EQ(event.workload.process.host_pid, 4711u);
    EXPECT_EQ(event.workload.process.real_user_id, 1000u);
    EXPECT_EQ(event.workload.container.name, "web");
    EXPECT_EQ(event.workload.k8s.pod_name, "web-1");
  });
}

TEST(Api, FindingsAreEventsWithAChain) {
  Script one = script("one"), two = script("two", "one");
  one.definition.auto_populate.detected_from = two.definition.auto_populate.detected_from = true;
  one.on_event = [](const detection::Event&) {
    return detection::detected(detection::with_fields(detection::int32_value("n", -3)));
  };
  uint32_t depth = 0;
  std::string root;
  int32_t n = 0;
  two.on_event = [&](const detection::Event& event) {
    depth = detection::chain_depth(event);
    root = detection::chain_root(event)->name;
    n = *event.get<int32_t>("n");
    EXPECT_EQ(detection::chain(event).size(), 1u);
    EXPECT_GE(event.detected_from->data.size(), 5u) << "the packet's own data";
    return detection::Outputs();
  };
  Trial run({one, two});
  run.select({"two"}).feed('t');
  EXPECT_EQ(depth, 1u);
  EXPECT_EQ(root, "net_packet_tcp");
  EXPECT_EQ(n, -3);
}

TEST(Stores, DnsKnowsWhatTheAnswersSaid) {
  Script one = script("one");
  one.definition.requirements.data_stores = {{"dns"}};
  const detection::DataStores* stores = nullptr;
  one.init = [&](const detection::DetectorParams& params) { stores = params.stores; };
  Trial run({one});
  run.select({"one"});
  EXPECT_EQ(run.engine().required().size(), 2u) << "the store needs net_packet_dns";
  run.feed('d');
  const auto by_name = stores->dns().response("WWW.example.test");
  ASSERT_TRUE(by_name);
  EXPECT_EQ(by_name->ips, std::vector<std::string>{"192.0.2.1"});
  const auto by_address = stores->dns().response("192.0.2.1");
  ASSERT_TRUE(by_address);
  EXPECT_EQ(by_address->domains,
            (std::vector<std::string>{"www.example.test", "web.example.test"}));
  EXPECT_EQ(stores->dns().response("nothing.test").error, detection::StoreError::NotFound);
  EXPECT_EQ(stores->dns().response("").error, detection::StoreError::InvalidArgument);
  // The A record lives a minute, the CNAME five.
  run.fixtures().context.time_ns += uint64_t{120} * 1'000'000'000;
  run.feed('t');
  EXPECT_TRUE(stores->dns().response("www.example.test")->ips.empty());
}

TEST(Stores, ProcessesAndContainersOfTheEvents) {
  Script one = script("one");
  one.definition.requirements.data_stores = {{"process"}, {"container"}};
  const detection::DataStores* stores = nullptr;
  one.init = [&](const detection::DetectorParams& params) { stores = params.stores; };
  Trial run({one});
  run.select({"one"});
  Context& context = run.fixtures().context;
  context.process_entity = 77;
  context.parent_entity = 76;
  run.feed('t');
  EXPECT_EQ(stores->process().get(77)->name, "curl");
  EXPECT_EQ(stores->process().get(78).error, detection::StoreError::NotFound);
  EXPECT_EQ(stores->process().children(76)->size(), 1u);
  EXPECT_EQ(stores->process().ancestry(77, 5)->size(), 1u);
  EXPECT_EQ(stores->container().get("0123")->name, "web");
  EXPECT_EQ(stores->container().get_by_name("web")->image, "nginx:1.25");
  EXPECT_EQ(stores->container().get_by_name("db").error, detection::StoreError::NotFound);
}

TEST(Stores, SystemCallsByNumberAndName) {
  const Stores stores;
  const auto number = stores.syscall().id("sendto");
  ASSERT_TRUE(number);
  EXPECT_EQ(*stores.syscall().name(*number), "sendto");
  EXPECT_EQ(stores.syscall().id("sendtoo").error, detection::StoreError::NotFound);
  EXPECT_EQ(stores.syscall().name(99999).error, detection::StoreError::NotFound);
}

}  // namespace
}  // namespace tracee
