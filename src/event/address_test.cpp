// SPDX-License-Identifier: Apache-2.0
#include "event/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tracee {
namespace {

std::string text_of(const Address& address) {
  char out[kAddressTextMax];
  return std::string(out, format_address(out, address));
}

std::string round_trip(const char* text) {
  const auto address = parse_address(text);
  return address ? text_of(*address) : "?";
}

TEST(AddressText, V4) {
  EXPECT_EQ(round_trip("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(round_trip("192.168.200.50"), "192.168.200.50");
  EXPECT_EQ(round_trip("255.255.255.255"), "255.255.255.255");
}

// RFC 5952, section 4.
TEST(AddressText, V6) {
  EXPECT_EQ(round_trip("::"), "::");
  EXPECT_EQ(round_trip("::1"), "::1");
  EXPECT_EQ(round_trip("1::"), "1::");
  EXPECT_EQ(round_trip("2001:0DB8::0001"), "2001:db8::1");
  EXPECT_EQ(round_trip("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // one zero stays
  EXPECT_EQ(round_trip("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");           // the longest run
  EXPECT_EQ(round_trip("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");     // the first of equals
  EXPECT_EQ(round_trip("0:0:1:2:3:4:5:6"), "::1:2:3:4:5:6");
  EXPECT_EQ(round_trip("1:2:3:4:5:6:0:0"), "1:2:3:4:5:6::");
  EXPECT_EQ(round_trip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(AddressText, MappedIsADottedQuad) {
  EXPECT_EQ(round_trip("::ffff:10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(round_trip("::10.1.2.3"), "::a01:203");  // compatible, not mapped
}

TEST(AddressText, NoneIsEmpty) { EXPECT_EQ(text_of(Address::none()), ""); }

TEST(AddressText, AgreesWithTheCLibrary) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    uint8_t bytes[16];
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 3 == 0 ? random() : 0);
    char theirs[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, bytes, theirs, sizeof theirs);
    // Go prints no dotted quad inside, so addresses the C library prints so are left out.
    if (std::string_view(theirs).find('.') != std::string_view::npos) continue;
    EXPECT_EQ(text_of(Address::v6(bytes)), theirs);
  }
}

TEST(ParseAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "300.1.1.1", "fe80::1%eth0", "g::"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

}  // namespace
}  // namespace tracee
