// SPDX-License-Identifier: Apache-2.0
#include "enrich/interfaces.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/stat.h>

namespace tracee {
namespace {

TEST(Interfaces, OwnNamespaceOnly) {
  struct stat own;
  ASSERT_EQ(stat("/proc/self/ns/net", &own), 0);
  const auto net_ns = static_cast<uint32_t>(own.st_ino);
  const unsigned lo = if_nametoindex("lo");
  ASSERT_GT(lo, 0u);
  Interfaces interfaces;
  EXPECT_EQ(interfaces.name(net_ns, lo), "lo");
  EXPECT_EQ(interfaces.name(net_ns + 1, lo), "");
  EXPECT_EQ(interfaces.name(0, lo), "");
  EXPECT_EQ(interfaces.name(net_ns, 0), "");
  EXPECT_EQ(interfaces.name(net_ns, 60000), "");
  interfaces.refresh();
  EXPECT_EQ(interfaces.name(net_ns, lo), "lo");
}

}  // namespace
}  // namespace tracee
