// SPDX-License-Identifier: Apache-2.0
// From the record to the bytes of its events, no packet of any test capture
// allocates. operator new is replaced by one that counts while it is told to.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

#include "app/pipeline.h"
#include "app/process_view.h"
#include "capture/replay.h"
#include "event/lost_events.h"
#include "support/news.h"

namespace {

thread_local bool g_counting = false;
thread_local uint64_t g_allocations = 0;

void* counted(std::size_t size) {
  if (g_counting) ++g_allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

namespace tracee {
namespace {

std::vector<std::string> captures() {
  std::vector<std::string> paths = {TRACEE_TEST_DATA "/golden/reference/reference.pcap"};
  for (const auto& entry : std::filesystem::directory_iterator(TRACEE_TEST_DATA "/captures")) {
    if (entry.path().extension().string().starts_with(".pcap")) paths.push_back(entry.path());
  }
  return paths;
}

Pipeline make_pipeline(const Wishes& wishes, const ProcessTree* tree = nullptr) {
  std::vector<const EventSpec*> all(packet_events().begin(), packet_events().end());
  all.push_back(&kLostEvents);
  static const Catalog catalog(all);
  auto selection = Selection::parse(wishes, catalog, tree);
  std::vector<std::unique_ptr<Output>> outputs;
  for (const char* spec :
       {"json:/dev/null", "json-v1:/dev/null", "table:/dev/null", "table-verbose:/dev/null"}) {
    outputs.push_back(std::move(*Output::open(spec, catalog)));
  }
  OutputOptions sorted;
  sorted.sorted = true;
  outputs.push_back(std::move(*Output::open("json:/dev/null", catalog, sorted)));
  return Pipeline(std::move(*selection), DecodeOptions{}, std::move(outputs), std::nullopt);
}

void write_packets_too(Pipeline& pipeline) {
  Options options;
  options.write = "/dev/null";
  std::vector<std::string> none;
  auto captures = Captures::open(options, none, Catalog(packet_events()));
  ASSERT_TRUE(captures);
  pipeline.capture_into(std::move(*captures));
}

// An owner, so that the records are those of the ring, not only of a file.
owner some_owner() {
  owner out{};
  out.host_tid = out.ns_tid = out.host_pid = out.ns_pid = 4711;
  out.host_ppid = out.ns_ppid = 1;
  out.syscall = WIRE_NO_SYSCALL;
  out.attribution = WIRE_OWNER_USER;
  std::memcpy(out.comm, "test", 4);
  return out;
}

// Runs every packet of every capture through `pipeline`, counting.
uint64_t allocations_of(Pipeline& pipeline) {
  write_packets_too(pipeline);
  g_allocations = 0;
  for (const std::string& path : captures()) {
    auto source = ReplaySource::open(path);
    EXPECT_TRUE(source) << path;
    Record record;
    const owner owner = some_owner();
    while ((*source)->next(record) == ReplaySource::Next::Packet) {
      record.owner = &owner;
      record.direction = Direction::Egress;
      g_counting = true;
      pipeline.on_record(record);
      g_counting = false;
    }
  }
  pipeline.flush();
  return g_allocations;
}

TEST(NoAllocation, EveryEventOfEveryCapture) {
  Pipeline pipeline = make_pipeline({{"net_packet_*"}, {}, {}, {}});
  EXPECT_EQ(allocations_of(pipeline), 0u);
  // The captures must have shown every event, or this would prove little.
  EXPECT_GT(pipeline.counters().matched, 500u);
  EXPECT_EQ(pipeline.counters().captured, pipeline.counters().received);
}

TEST(NoAllocation, Filters) {
  Pipeline pipeline = make_pipeline({{
                                         "net_packet_tcp.data.dst=10.*,192.0.2.0/24",
                                         "net_packet_tcp.data.src_port>=1024",
                                         "net_packet_tcp.data.proto_tcp.SYN=1",
                                         "net_packet_dns.data.proto_dns.questions.name=*.test",
                                         "net_packet_http.data.proto_http.headers.User-Agent=curl*",
                                     },
                                     {},
                                     {},
                                     {}});
  EXPECT_EQ(allocations_of(pipeline), 0u);
  EXPECT_GT(pipeline.counters().filtered, 0u);
}

TEST(NoAllocation, Redaction) {
  Pipeline pipeline = make_pipeline({{"net_packet_*"}, {}, {}, {}});
  pipeline.redact(*parse_redaction({"headers,query,dns=test,dns=corp.example"}));
  EXPECT_EQ(allocations_of(pipeline), 0u);
  EXPECT_GT(pipeline.counters().matched, 500u);
}

TEST(NoAllocation, Expressions) {
  const char* const kExpressions[] = {
      "data.proto_tcp.SYN == 1 && data.dst in 10.0.0.0/8 && process.name != \"curl\"",
      "data.src in [10.0.0.0/8, \"2001:db8::/32\"] || data.dst.startsWith(\"192.\")",
      "data.proto_dns.answers.exists(a, a.type == \"MX\" && a.MX.preference <= 10)",
      "data.proto_dns.questions.name.lower().split(\".\").exists(l, l == \"test\")",
      "data.proto_http.headers[\"User-Agent\"].upper().replace(\"CURL\", \"x\").endsWith(\"1\")",
      "size(data.proto_dns.answers) > 1 && data.proto_dns.answers.name != \"x\"",
      "process.executable.basename() == \"test\" || syscall != \"\"",
  };
  for (const char* expression : kExpressions) {
    Pipeline pipeline = make_pipeline({{"*"}, {"comm=test"}, {}, {expression}});
    EXPECT_EQ(allocations_of(pipeline), 0u) << expression;
    EXPECT_GT(pipeline.counters().filtered, 0u) << expression;
  }
}

// Plugins that look at every event in full and find nothing.
TEST(NoAllocation, Detectors) {
  DetectionOptions options;
  options.paths = {TRACEE_BUILD "/detectors/e2e"};
  std::vector<const EventSpec*> all(packet_events().begin(), packet_events().end());
  auto detection = Detection::load(all, std::move(options));
  ASSERT_TRUE(detection);
  static const Catalog catalog = (*detection)->catalog();
  std::vector<std::unique_ptr<Output>> outputs;
  auto selection = Selection::parse(Wishes{{"tag=detectors"}, {}, {}, {}}, catalog);
  ASSERT_TRUE(selection);
  outputs.push_back(std::move(*Output::open("json:/dev/null", catalog)));
  Pipeline pipeline(std::move(*selection), DecodeOptions{}, std::move(outputs), std::nullopt);
  pipeline.detect_with(std::move(*detection));
  EXPECT_EQ(allocations_of(pipeline), 0u);
  uint64_t looked_at = 0;
  for (const auto& each : pipeline.detectors()->status()) looked_at += each.counters.events;
  EXPECT_GT(looked_at, 500u);
  EXPECT_EQ(pipeline.counters().findings, 0u);
}

// Two hundred YAML detectors that ask about every event and find nothing.
TEST(NoAllocation, YamlDetectors) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("tracee-rules-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "set.yaml") << "{type: domain_list, name: BAD, values: [bad.invalid]}\n";
  const char* const conditions[][2] = {
      {"net_packet_tcp", "data.dst_port == 1 && data.proto_tcp.SYN == 1"},
      {"net_packet_ipv4", "data.dst in 192.88.99.0/24"},
      {"net_packet_dns", "data.proto_dns.questions.name in BAD"},
      {"net_packet_dns", "entropy(subdomain(data.proto_dns.questions.name)) > 700"},
      {"net_packet_http", "data.proto_http.headers[\"User-Agent\"].contains(\"no such agent\")"},
      {"net_packet_udp", "process.get(workload.process.unique_id).thread.name == \"none\""},
  };
  for (size_t i = 0; i < 200; ++i) {
    const auto& [event, condition] = conditions[i % std::size(conditions)];
    const std::string name = "rule" + std::to_string(i);
    std::ofstream(folder / (name + ".yaml"))
        << "type: detector\nid: " << name << "\nproduced_event: {name: " << name
        << ", version: 1.0.0}\nrequirements: {events: [{name: " << event
        << "}]}\nthreshold: {by: [data.src], count: 2, within: 1s}\nconditions:\n  - '" << condition
        << "'\n";
  }
  DetectionOptions options;
  options.paths = {folder};
  std::vector<const EventSpec*> all(packet_events().begin(), packet_events().end());
  auto detection = Detection::load(all, std::move(options));
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(detection);
  ASSERT_TRUE((*detection)->warnings().empty()) << (*detection)->warnings().front().what;
  auto selection = Selection::parse(Wishes{{"tag=detectors"}, {}, {}, {}}, (*detection)->catalog());
  ASSERT_TRUE(selection);
  std::vector<std::unique_ptr<Output>> outputs;
  outputs.push_back(std::move(*Output::open("json:/dev/null", (*detection)->catalog())));
  Pipeline pipeline(std::move(*selection), DecodeOptions{}, std::move(outputs), std::nullopt);
  pipeline.detect_with(std::move(*detection));
  // The store of processes remembers the one owner when it first comes by.
  EXPECT_LT(allocations_of(pipeline), 10u);
  EXPECT_EQ(allocations_of(pipeline), 0u);
  EXPECT_GT(pipeline.counters().decoded, 500u);
  EXPECT_EQ(pipeline.counters().findings, 0u);
}

TEST(NoAllocation, OwnersInTheTables) {
  Enricher enricher;
  const test::Name parent{1, 100}, process{4711, 0};
  enricher.take(test::Record8({WIRE_FOUND, parent, {}, "/usr/lib/systemd/systemd"}).bytes());
  enricher.take(test::Record8({WIRE_FORK, process, parent}).bytes());
  enricher.take(test::Record8({WIRE_EXEC, process, parent, "/usr/bin/test"}).bytes());
  const ProcessView view(enricher);
  Pipeline pipeline = make_pipeline(
      {{"*"}, {"tree=1", "exec=/usr/bin/test", "pid!=new", "comm=nobody,test", "follow"}, {}, {}},
      &view);
  pipeline.ask(enricher, true);
  EXPECT_EQ(allocations_of(pipeline), 0u);
  EXPECT_GT(pipeline.counters().matched, 500u);
  EXPECT_EQ(pipeline.counters().filtered, 0u);
}

TEST(NoAllocation, TheCounterCounts) {
  g_allocations = 0;
  g_counting = true;
  delete new int(1);
  g_counting = false;
  EXPECT_EQ(g_allocations, 1u);
}

}  // namespace
}  // namespace tracee
