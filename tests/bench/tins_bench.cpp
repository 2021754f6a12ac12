// SPDX-License-Identifier: Apache-2.0
// What libtins takes for the packets of events_bench: EVENT, NS a packet, a line, separated by a
// tab. It makes an object of each header, and of a DNS message the lists of its records; HTTP it
// does not know, so of those packets it has the headers alone and they are left out.
#include <tins/dns.h>
#include <tins/ip.h>
#include <tins/ipv6.h>
#include <tins/rawpdu.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "measure.h"
#include "packets.h"

namespace tracee::bench {
namespace {

// Something of what was read, so that reading cannot be left out.
size_t read_dns(const Tins::PDU& packet) {
  const auto message = packet.rfind_pdu<Tins::RawPDU>().to<Tins::DNS>();
  return message.queries().size() + message.answers().size();
}

size_t read(const Packet& bytes, bool is_dns) {
  const auto size = static_cast<uint32_t>(bytes.size());
  if (bytes[0] >> 4 == 6) {
    const Tins::IPv6 packet(bytes.data(), size);
    return is_dns ? read_dns(packet) : packet.inner_pdu()->header_size();
  }
  const Tins::IP packet(bytes.data(), size);
  return is_dns ? read_dns(packet) : packet.inner_pdu()->header_size();
}

void measure(const Kind& kind) {
  constexpr size_t kPackets = 512;
  const std::vector<Packet> packets = make_packets(kind.make, kPackets);
  const bool is_dns = kind.event.find("dns") != std::string_view::npos;
  size_t sum = 0;
  const double ns = time_of(kPackets, [&] {
    for (const Packet& packet : packets) sum += read(packet, is_dns);
  });
  if (sum == 0) std::fputs("tins_bench: nothing was read\n", stderr);
  std::printf("%.*s\t%.1f\n", static_cast<int>(kind.event.size()), kind.event.data(), ns);
}

}  // namespace
}  // namespace tracee::bench

int main() {
  for (const auto& kind : tracee::bench::kinds()) {
    if (kind.event.find("http") == std::string_view::npos) tracee::bench::measure(kind);
  }
}
