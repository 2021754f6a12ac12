// SPDX-License-Identifier: Apache-2.0
// ns to decide on one event, for filters of different shapes: FILTER, KEPT_SHARE,
// NS a line, separated by tabs. "empty" is what the loop and the call cost.
#include <cstdio>
#include <random>
#include <vector>

#include "filter/selection.h"
#include "filters/fixtures.h"
#include "measure.h"

namespace tracee::bench {
namespace {

constexpr const char* kFilters[] = {
    "true",
    "data.dst_port == 80",
    "data.dst_port == 80 && data.proto_tcp.SYN == 1 && data.proto_tcp.ACK == 0",
    "data.proto_tcp.SYN == 1 && data.dst in 10.0.0.0/8 && process.name != \"curl\"",
    "data.dst_port in [22, 80, 443, 8080] && data.src_port >= 1024 && data.src != 10.0.0.1",
    "data.dst_port == 80 && data.src.startsWith(\"10.\")",
    "process.name.matches(\"^(ssh|curl)\") && data.dst_port < 1024",
};

void measure(const char* filter, const std::vector<NetPacketTcp>& packets) {
  Wishes wishes;
  wishes.events = {"net_packet_tcp"};
  wishes.filters = {filter};
  auto selection = Selection::parse(wishes, test::catalog());
  if (!selection) {
    std::fprintf(stderr, "%s\n", selection.error().what.c_str());
    return;
  }
  const test::Fixtures fixtures;
  size_t kept = 0, asked = 0;
  const double ns = time_of(packets.size(), [&] {
    for (const NetPacketTcp& packet : packets) {
      kept += selection->keeps(Event{&kNetPacketTcp, &fixtures.context, &packet});
    }
    asked += packets.size();
  });
  std::printf("%s\t%.2f\t%.1f\n", filter, static_cast<double>(kept) / static_cast<double>(asked),
              ns);
}

}  // namespace
}  // namespace tracee::bench

int main() {
  using namespace tracee;
  // More than the branch predictor learns by heart, less than the cache.
  std::vector<NetPacketTcp> packets(512);
  std::mt19937 random(1);
  for (NetPacketTcp& packet : packets) {
    packet.src = test::address(random() % 2 == 0 ? "10.0.0.1" : "192.0.2.9");
    packet.dst = test::address(random() % 2 == 0 ? "10.0.0.2" : "198.51.100.1");
    packet.header.src_port = static_cast<uint16_t>(random());
    packet.header.dst_port = random() % 2 == 0 ? 80 : 443;
    packet.header.syn.set = random() % 2 == 0;
    packet.header.ack_flag.set = random() % 2 == 0;
  }
  for (const char* filter : bench::kFilters) bench::measure(filter, packets);
}
