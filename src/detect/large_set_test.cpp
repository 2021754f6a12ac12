// SPDX-License-Identifier: Apache-2.0
#include "detect/large_set.h"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/sanitizer.h"
#include "event/address.h"

namespace tracee {
namespace {

class LargeSet : public testing::Test {
 protected:
  ~LargeSet() override { std::filesystem::remove(path_); }

  Result<std::shared_ptr<const OuterSet>> read(SetKind kind, const std::string& text) {
    std::ofstream(path_) << text;
    return read_set(kind, path_);
  }
  static bool has(const OuterSet& set, std::string_view text) {
    return set.contains(value_of(text));
  }
  static bool holds(const OuterSet& set, std::string_view text) {
    const Address address = *parse_address(text);
    return set.contains(value_of(address));
  }

  std::string path_ =
      std::filesystem::temp_directory_path() / ("tracee-set-" + std::to_string(getpid()));
};

TEST_F(LargeSet, TextsAreWhole) {
  const auto set = *read(SetKind::Texts, "one\ntwo words\n192.0.2.1\n");
  EXPECT_TRUE(has(*set, "one"));
  EXPECT_TRUE(has(*set, "two words"));
  EXPECT_FALSE(has(*set, "two"));
  EXPECT_FALSE(has(*set, ""));
  EXPECT_TRUE(holds(*set, "192.0.2.1"));
}

TEST_F(LargeSet, DomainsHoldWhatIsBelow) {
  const auto set = *read(SetKind::Domains, "Example.org\n*.a.test\n.b.test.\n");
  for (const char* name :
       {"example.org", "EXAMPLE.ORG.", "x.y.example.org", "a.test", "z.b.test"}) {
    EXPECT_TRUE(has(*set, name)) << name;
  }
  for (const char* name : {"org", "notexample.org", "example.org.test", "c.test", "", "."}) {
    EXPECT_FALSE(has(*set, name)) << name;
  }
  EXPECT_TRUE(has(*set, std::string(400, 'x') + ".example.org")) << "longer than any name";
}

TEST_F(LargeSet, AddressesAreInNetworks) {
  const auto set = *read(SetKind::Addresses, "10.0.0.0/8\n192.0.2.7\n2001:db8::/33\n0.0.0.0/32\n");
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8::1"}) {
    EXPECT_TRUE(holds(*set, inside)) << inside;
  }
  for (const char* outside : {"9.255.255.255", "11.0.0.0", "192.0.2.8", "2001:db8:8000::", "::"}) {
    EXPECT_FALSE(holds(*set, outside)) << outside;
  }
  EXPECT_FALSE(set->contains(value_of(Address::none())));
  EXPECT_TRUE(has(*set, "10.1.2.3")) << "as text, as some events have it";
}

TEST_F(LargeSet, ComplaintsHaveAPlace) {
  const auto complaint = [&](SetKind kind, const std::string& text) {
    const auto set = read(kind, text);
    return set ? std::string() : set.error().what.substr(path_.size());
  };
  EXPECT_EQ(complaint(SetKind::Addresses, "10.0.0.0/8\n\n 10.0.0.0/33 # x\n"),
            ":3:2: '10.0.0.0/33' is no address or network");
  EXPECT_EQ(complaint(SetKind::Domains, "http://example.org/\n"),
            ":1:1: 'http://example.org/' is no domain");
  EXPECT_FALSE(read_set(SetKind::Texts, "/nonexistent/list"));
}

// CPU time: the machine may have other things to do.
double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

TEST_F(LargeSet, AMillionEntriesAreReadWithinASecond) {
  std::string domains, addresses;
  for (size_t i = 0; i < kMaxSetEntries; ++i) {
    domains += "host" + std::to_string(i) + ".some-domain.example\n";
    addresses += std::to_string(1 + i % 200) + "." + std::to_string(i / 200 % 256) + "." +
                 std::to_string(i / 51200) + ".0/24\n";
  }
  for (const auto& [kind, text, name] : {std::tuple{SetKind::Domains, &domains, "domains"},
                                         {SetKind::Texts, &domains, "texts"},
                                         {SetKind::Addresses, &addresses, "addresses"}}) {
    std::ofstream(path_) << *text;
    const double limit = kSanitized ? 60.0 : 1.0;
    double took = limit;
    for (int i = 0; i < 3 && took >= limit; ++i) {  // others disturb one of them, or two
      const double start = seconds();
      const auto set = read_set(kind, path_);
      took = seconds() - start;
      ASSERT_TRUE(set);
      std::printf("a million %s: %.2f s of CPU time\n", name, took);
    }
    EXPECT_LT(took, limit) << name;
  }
  std::ofstream(path_, std::ios::app) << "one.more.example\n";
  EXPECT_FALSE(read_set(SetKind::Texts, path_)) << "a million and one";
}

}  // namespace
}  // namespace tracee
