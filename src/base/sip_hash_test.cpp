// SPDX-License-Identifier: Apache-2.0
#include "base/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace tracee {
namespace {

// By another implementation, which gives the vectors of the paper with its two rounds and four:
// octets 00, 01, … under the key 00 … 0f.
TEST(SipHash, IsWhatThePaperSays) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string text;
  for (char c = 0; c < 15; ++c) text += c;
  EXPECT_EQ(sip_hash(key, ""), 0xabac0158050fc4dc);
  EXPECT_EQ(sip_hash(key, text.substr(0, 8)), 0x369095118d299a8e);
  EXPECT_EQ(sip_hash(key, text), 0xd320d86d2a519956);
}

TEST(SipHash, OfAProcessHasOneSecret) {
  EXPECT_EQ(SecretHash()("name"), SecretHash()("name"));
  EXPECT_NE(secret_key(), SipKey{});
}

}  // namespace
}  // namespace tracee
