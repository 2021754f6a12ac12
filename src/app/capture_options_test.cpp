// SPDX-License-Identifier: Apache-2.0
#include "app/capture_options.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

TEST(CaptureOptions, TheReferencesWords) {
  EXPECT_FALSE(parse_capture({})->has_value());
  auto plain = parse_capture({"network"});
  ASSERT_TRUE(plain);
  EXPECT_EQ((*plain)->splits, std::vector<Split>{Split::Single});
  EXPECT_EQ((*plain)->payload_bytes, 96u);
  EXPECT_EQ((*plain)->folder, "/var/lib/tracee");
  EXPECT_FALSE((*plain)->selected_only);
  auto all = parse_capture({"dir:/a:b", "pcap-snaplen:1KB", "pcap:process,command,process",
                            "pcap-options:filtered", "clear-dir"});
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ((*all)->splits, (std::vector<Split>{Split::Process, Split::Command}));
  EXPECT_EQ((*all)->payload_bytes, 1024u);  // in any order
  EXPECT_EQ((*all)->folder, "/a:b");
  EXPECT_TRUE((*all)->selected_only);
  EXPECT_TRUE((*all)->clear);
}

TEST(CaptureOptions, SnapLengths) {
  const std::pair<const char*, uint32_t> lengths[] = {
      {"headers", 0}, {"default", 96}, {"max", 65535},       {"256b", 256},
      {"2k", 2048},   {"64kb", 65535}, {"99999999b", 65535}, {"18446744073709551615k", 65535}};
  for (const auto& [text, bytes] : lengths) {
    auto parsed = parse_capture({std::string("pcap-snaplen:") + text});
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ((*parsed)->payload_bytes, bytes) << text;
  }
}

TEST(CaptureOptions, WrongOnesAreUsageErrors) {
  for (const char* word :
       {"netwrk", "network:x", "pcap", "pcap:", "pcap:proces", "pcap:single,", "pcap-snaplen:96",
        "pcap-snaplen:1q", "pcap-snaplen:-1b", "pcap-options:all", "dir", "dir:", "dir:/tmp",
        "clear-dir", "clear-dir:1", "exec", ""}) {
    auto parsed = parse_capture({word});
    ASSERT_FALSE(parsed) << word;
    EXPECT_EQ(parsed.error().code, Exit::Usage) << word;
    EXPECT_FALSE(parsed.error().hint.empty()) << word;
  }
  EXPECT_EQ(parse_capture({"pcap:proces"}).error().hint, "did you mean 'process'?");
}

}  // namespace
}  // namespace tracee
