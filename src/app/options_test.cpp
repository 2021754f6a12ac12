// SPDX-License-Identifier: Apache-2.0
#include "app/options.h"

#include <gtest/gtest.h>

#include "app/option_table.h"

namespace tracee {
namespace {

Result<Options> parse(std::vector<const char*> args) {
  args.insert(args.begin(), "tracee");
  return parse_options(static_cast<int>(args.size()), args.data());
}

TEST(Options, TheReferenceDocumentsCommands) {
  auto tcp = parse({"--output", "json", "--events", "net_packet_tcp.data.dst_port=80"});
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->verb, Options::Verb::Trace);
  EXPECT_EQ(tcp->outputs, std::vector<std::string>{"json"});
  EXPECT_EQ(tcp->events, std::vector<std::string>{"net_packet_tcp.data.dst_port=80"});
}

TEST(Options, DefaultsAndRepetition) {
  auto none = parse({});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->outputs.empty());
  EXPECT_TRUE(none->events.empty());
  auto many = parse({"-e", "a,b", "-e", "-c", "--events", "d", "-o", "json:x", "-o", "none"});
  ASSERT_TRUE(many) << many.error().what;
  EXPECT_EQ(many->events, (std::vector<std::string>{"a,b", "-c", "d"}));
  EXPECT_EQ(many->outputs, (std::vector<std::string>{"json:x", "none"}));
}

TEST(Options, ValuesWithUnits) {
  auto options =
      parse({"-c", "3", "--duration", "2m", "--ring-size", "64KiB", "--dns-ports", "53,5353"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->count, 3u);
  EXPECT_EQ(options->duration, std::chrono::minutes(2));
  EXPECT_EQ(options->ring_bytes, 65536u);
  EXPECT_EQ(options->dns_ports, (std::vector<uint16_t>{53, 5353}));
}

TEST(Options, VerbsAndStops) {
  EXPECT_EQ(parse({"list"})->verb, Options::Verb::List);
  auto explain = parse({"explain", "net_packet_dns"});
  EXPECT_EQ(explain->verb, Options::Verb::Explain);
  EXPECT_EQ(explain->explain, "net_packet_dns");
  EXPECT_EQ(parse({"--help"})->verb, Options::Verb::Stop);
  EXPECT_NE(parse({"--help"})->text.find("--events"), std::string::npos);
  EXPECT_EQ(parse({"--version"})->text.substr(0, 7), "tracee ");
}

TEST(Options, Filters) {
  auto options = parse({"-f", "data.dst_port == 80", "--filter", "true", "-s", "uid=0", "-p",
                        "a.yaml", "--policy", "b", "--pcap-filter", "tcp port 80", "--explain"});
  ASSERT_TRUE(options) << options.error().what;
  EXPECT_EQ(options->filters, (std::vector<std::string>{"data.dst_port == 80", "true"}));
  EXPECT_EQ(options->scopes, std::vector<std::string>{"uid=0"});
  EXPECT_EQ(options->policies, (std::vector<std::string>{"a.yaml", "b"}));
  EXPECT_EQ(options->pcap_filter, "tcp port 80");
  EXPECT_TRUE(options->explain_filters);
  auto verb = parse({"filter", "data.dst_port == 80", "--explain"});
  ASSERT_TRUE(verb) << verb.error().what;
  EXPECT_EQ(verb->verb, Options::Verb::Filter);
  EXPECT_EQ(verb->filters, std::vector<std::string>{"data.dst_port == 80"});
  EXPECT_FALSE(parse({"filter"}));
}

TEST(Options, WrongOnesAreUsageErrors) {
  for (std::vector<const char*> args : std::vector<std::vector<const char*>>{
           {"--evnets", "x"},
           {"--events"},
           {"-c", "0"},
           {"-c", "x"},
           {"-c", "-1"},
           {"--workers", "0"},
           {"--workers", "17"},
           {"--duration", "0"},
           {"--duration", "5 s"},
           {"--duration", "99999999999999999999h"},
           {"--ring-size", "1"},
           {"--ring-size", "12parsecs"},
           {"--dns-ports", "0"},
           {"--dns-ports", "53,x"},
           {"explain"},
           {"lsit"},
           {"list", "extra"},
       }) {
    auto options = parse(args);
    ASSERT_FALSE(options) << args[0];
    EXPECT_EQ(options.error().code, Exit::Usage) << args[0];
    EXPECT_FALSE(options.error().hint.empty()) << args[0];
  }
  EXPECT_EQ(parse({"--evnets", "x"}).error().hint, "did you mean '--events'?");
  EXPECT_EQ(parse({"lsit"}).error().hint, "did you mean 'list'?");
}

// What the table calls the default is what Options begin with.
TEST(Options, TheTablesDefaultsAreTheOptions) {
  const Options plain;
  Options set;
  set.dns_ports.clear();
  set.runtimes.clear();
  set.ring_bytes = 0;
  for (const OptionRow& row : option_table()) {
    EXPECT_EQ(find_option(row.name), &row) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_TRUE(row.set != nullptr) << row.name;
    if (row.fallback != nullptr) {
      EXPECT_TRUE(row.set(set, row.fallback())) << row.name;
    }
  }
  EXPECT_EQ(set.dns_ports, plain.dns_ports);
  EXPECT_EQ(set.ring_bytes, plain.ring_bytes);
  EXPECT_EQ(set.attribution, plain.attribution);
  ASSERT_EQ(set.runtimes.size(), plain.runtimes.size());
  for (size_t i = 0; i < plain.runtimes.size(); ++i) {
    EXPECT_EQ(set.runtimes[i].path, plain.runtimes[i].path);
    EXPECT_EQ(set.runtimes[i].runtime, plain.runtimes[i].runtime);
  }
}

TEST(Options, SecretsInTheCommandLineAreOverwritten) {
  std::string words[] = {"tracee",
                         "-o",
                         "webhook:http://joe:secret@h/?token=abc&queue=2MiB",
                         "--output=nats:nats://h/s?password=xyz",
                         "--filter",
                         "a?token=b"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  EXPECT_TRUE(hide_secrets(static_cast<int>(argv.size()), argv.data()));
  EXPECT_EQ(words[2], "webhook:http://joe:******@h/?token=***&queue=2MiB");
  EXPECT_EQ(words[3], "--output=nats:nats://h/s?password=***");
  EXPECT_EQ(words[5], "a?token=b");
  EXPECT_FALSE(hide_secrets(2, argv.data()));
}

}  // namespace
}  // namespace tracee
