// SPDX-License-Identifier: Apache-2.0
#include "event/catalog.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

TEST(Nearest, ProposesTyposOnly) {
  const std::string_view names[] = {"net_packet_tcp", "net_packet_udp", "lost_events"};
  EXPECT_EQ(nearest("net_packet_tpc", names), "net_packet_tcp");
  EXPECT_EQ(nearest("net_paket_udp", names), "net_packet_udp");
  EXPECT_EQ(nearest("zebra", names), std::nullopt);
  EXPECT_EQ(did_you_mean("lost_event", names), "did you mean 'lost_events'?");
  EXPECT_EQ(did_you_mean("zebra", names), "");
}

}  // namespace
}  // namespace tracee
