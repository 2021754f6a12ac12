// SPDX-License-Identifier: Apache-2.0
// The envelope as each format shows it, with an owner in a container.
#include "output/format/format.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tracee {
namespace {

struct Inner {
  uint16_t port;
  std::string_view name;
};
constexpr Field kInnerFields[] = {
    field<&Inner::port, "srcPort">("A port."),
    field<&Inner::name, "MName">("A name."),
};
constexpr RecordSpec kInner{"Inner", kInnerFields};

struct Sample {
  std::string_view text;
  uint64_t big;
  int32_t small;
  bool truth;
  Flag flag;
  Address address;
  std::span<const std::string_view> texts;
  Inner inner;
};
constexpr Field kFields[] = {
    argument<&Sample::text, "text">("const char*", "A text."),
    argument<&Sample::big, "big">("u64", "A large number."),
    argument<&Sample::small, "small">("int", "A small number."),
    argument<&Sample::truth, "truth">("bool", "A truth."),
    argument<&Sample::flag, "flag">("u8", "A flag."),
    argument<&Sample::address, "address">("const char*", "An address."),
    argument<&Sample::texts, "texts">("[]string", "Texts."),
    argument<&Sample::inner, "inner">("trace.Inner", "A record.", &kInner),
};
constexpr EventSpec kSample{
    .id = 7,
    .name = "a_sample_whose_name_is_long_",
    .version = "1.0.0",
    .sets = {},
    .fields = kFields,
    .summary = "A sample.",
    .example = "tracee",
};
const Catalog& catalog() {
  static constexpr const EventSpec* kAll[] = {&kSample};
  static const Catalog kCatalog(kAll);
  return kCatalog;
}

Context some_context() {
  Context c;
  c.time_ns = 1'700'000'000'120'000'000;
  c.thread_start_ns = 1'600'000'000'000'000'000;
  c.process_id = 5;
  c.thread_id = 6;
  c.parent_id = 1;
  c.host_process_id = 4711;
  c.host_thread_id = 4712;
  c.host_parent_id = 4700;
  c.user_id = 1000;
  c.mount_namespace = 4026531841;
  c.pid_namespace = 4026531836;
  c.process_name = "co\x1bmm";
  c.executable_path = "/usr/bin/comm";
  c.host_name = "node";
  c.container = {"0123456789abcdef0123", "web", "registry.test/nginx:1", "sha256:77"};
  c.kubernetes = {"web-1", "shop", "uid-1", false};
  c.syscall = "sendto";
  c.flags = {true, true};
  c.thread_entity = 11;
  c.process_entity = 12;
  c.parent_entity = 13;
  c.direction = "egress";
  return c;
}

std::string shown(const std::string& format, const Context& context, const Sample& sample,
                  const FormatOptions& options = {}) {
  auto made = make_format(format, catalog(), options);
  EXPECT_TRUE(made) << format;
  Buffer out(1 << 16);
  (*made)->write(Event{&kSample, &context, &sample}, out);
  return std::string(out.text());
}

Sample some_sample() {
  const uint8_t bytes[] = {192, 0, 2, 1};
  static constexpr std::string_view kTexts[] = {"a", ""};
  return {"x\xff<y", 18'446'744'073'709'551'615u, -3,     true,
          {true},    Address::v4(bytes),          kTexts, {80, "m"}};
}

TEST(JsonV1, ShowsTheWorkloadAndEachKind) {
  const auto event = nlohmann::json::parse(shown("json-v1", some_context(), some_sample()));
  EXPECT_EQ(event, nlohmann::json::parse(R"({
    "timestamp": "2023-11-14T22:13:20.12Z", "id": 7, "name": "a_sample_whose_name_is_long_",
    "policies": {"matched": [""]},
    "workload": {
      "process": {
        "executable": {"path": "/usr/bin/comm"}, "unique_id": 12, "host_pid": 4711, "pid": 5,
        "real_user": {"id": 1000},
        "thread": {"start_time": "2020-09-13T12:26:40Z", "name": "co\u001bmm", "unique_id": 11,
                   "host_tid": 4712, "tid": 6, "syscall": "sendto", "compat": true},
        "ancestors": [{"unique_id": 13, "host_pid": 4700, "pid": 1}]},
      "container": {"id": "0123456789abcdef0123", "name": "web",
                    "image": {"repo_digests": ["sha256:77"], "name": "registry.test/nginx:1"},
                    "started": true},
      "k8s": {"pod": {"name": "web-1", "uid": "uid-1"}, "namespace": {"name": "shop"}}},
    "data": [
      {"name": "text", "str": "x<y"}, {"name": "big", "u_int64": "18446744073709551615"},
      {"name": "small", "int32": -3}, {"name": "truth", "bool": true},
      {"name": "flag", "u_int32": 1}, {"name": "address", "str": "192.0.2.1"},
      {"name": "texts", "str_array": {"value": ["a", ""]}},
      {"name": "inner", "struct": {"src_port": 80, "m_name": "m"}}]})"));
}

TEST(JsonV1, LeavesOutWhatIsZero) {
  Context nobody;
  nobody.time_ns = 1'700'000'000'000'000'000;
  const auto event = nlohmann::json::parse(shown("json-v1", nobody, Sample{}));
  EXPECT_FALSE(event.contains("workload"));
  EXPECT_EQ(event["timestamp"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(event["data"][7], nlohmann::json::parse(R"({"name": "inner", "struct": {}})"));
  EXPECT_EQ(event["data"][0], nlohmann::json::parse(R"({"name": "text", "str": ""})"));
}

TEST(Table, ColumnsOfEachMode) {
  const Context c = some_context();
  FormatOptions relative;
  relative.relative = true;
  relative.start_ns = c.time_ns - 3'661'000'002'000;
  FormatOptions enriched = relative;
  enriched.columns = Columns::Enriched;
  const std::string arguments =
      "text: x\\xff<y, big: 18446744073709551615, small: -3, truth: true, flag: 1, "
      "address: 192.0.2.1, texts: [a ], inner: {srcPort:80 MName:m}\n";
  EXPECT_EQ(shown("table", c, some_sample(), relative),
            "01:01:01:000002  1000   co\\x1bmm         5       6       0                "
            "a_sample_whose_name_is... " +
                arguments);
  EXPECT_EQ(shown("table", c, some_sample(), enriched),
            "01:01:01:000002  0123456789ab  registry.test/ng 1000   co\\x1bmm         "
            "5      /4711    6      /4712    0                a_sample_whose_name_is... " +
                arguments);
  EXPECT_EQ(shown("table-verbose", c, some_sample(), enriched),
            "01:01:01:000002  node              0123456789ab  registry.test/ng 4026531841   "
            "4026531836   1000   co\\x1bmm         5      /4711    6      /4712    1      /4700    "
            "0                a_sample_whose_name_is... " +
                arguments);
}

TEST(Table, NothingButItsOwnColoursReachesTheTerminal) {
  FormatOptions color;
  color.color = true;
  const std::string line = shown("table", some_context(), some_sample(), color);
  EXPECT_NE(line.find("\x1b[36m"), std::string::npos);
  EXPECT_NE(line.find("co\\x1bmm"), std::string::npos);
  // Every colour is taken back: the line ends plain.
  EXPECT_GT(line.rfind("\x1b[0m"), line.rfind("\x1b[2m"));
}

TEST(Formats, AnUnknownOneIsCorrected) {
  auto made = make_format("tabel", catalog(), {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().hint, "did you mean 'table'?");
}

}  // namespace
}  // namespace tracee
