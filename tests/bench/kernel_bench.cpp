// SPDX-License-Identifier: Apache-2.0
// ns/packet of the kernel's program by BPF_PROG_TEST_RUN: NAME, NS a line,
// separated by a tab. Exits 77 and says why where it may not load programs. The
// packets belong to no socket, so finding an owner is not part of the figures.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string>

#include "capture/live.h"
#include "decode/decoder.h"
#include "empty_program.h"
#include "filter/selection.h"
#include "measure.h"
#include "packets.h"
#include "tracee.skel.h"

namespace tracee::bench {
namespace {

constexpr int kSkipped = 77;

class Counter final : public RecordHandler {
 public:
  void on_record(const Record&) noexcept override { ++count; }
  size_t count = 0;
};

Packet framed(const Packet& packet) {
  constexpr std::ptrdiff_t kEthernet = 14;  // the kernel takes it off before the program runs
  Packet frame(kEthernet + packet.size());
  frame[12] = 0x08;
  std::ranges::copy(packet, frame.begin() + kEthernet);
  return frame;
}

// Mean of `repeat` runs, in ns, as the kernel measures it; none if it refuses.
std::optional<double> run_program(int program, const Packet& frame, int repeat) {
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
              .data_size_in = static_cast<uint32_t>(frame.size()), .repeat = repeat);
  if (bpf_prog_test_run_opts(program, &options) != 0) return std::nullopt;
  return options.duration;
}

// Median over rounds; `after` runs between them.
template <class After>
bool report(const char* name, int program, const Packet& packet, After&& after) {
  constexpr int kRepeat = 20'000;  // records of which fit in the ring
  const Packet frame = framed(packet);
  std::array<double, kRounds> rounds{};
  for (double& round : rounds) {
    const auto ns = run_program(program, frame, kRepeat);
    if (!ns) return false;
    round = *ns;
    after();
  }
  std::printf("%s\t%.0f\n", name, median(rounds));
  return true;
}

// A program that lets every packet pass: what the rest is measured against.
bool report_empty() {
  const Fd program = empty_program(BPF_CGROUP_INET_INGRESS);
  return program && report("empty program", program.get(), Traffic(1).tcp_segment(), [] {});
}

bool report_with(const char* name, LiveOptions options, const Packet& packet) {
  options.attach = false;
  auto source = LiveSource::open(options);
  if (!source) {
    std::printf("%s\n", source.error().what.c_str());
    return false;
  }
  LiveSource& live = **source;
  Counter counter;
  return report(name, bpf_program__fd(live.object()->progs.on_ingress), packet, [&] {
    while (live.drain(counter) > 0) {
    }
  });
}

bool report_with(const char* name, uint32_t wanted, const Packet& packet) {
  LiveOptions options;
  options.wanted = wanted;
  return report_with(name, options, packet);
}

bool report_filter(const char* name, const std::string& filter, const Packet& packet) {
  const Catalog catalog(packet_events());
  auto selection = Selection::parse(Wishes{{"net_packet_tcp"}, {}, {}, {filter}}, catalog);
  if (!selection) {
    std::printf("%s\n", selection.error().what.c_str());
    return false;
  }
  const auto rules = wire_rules_of(selection->push_down(&wire_wants), 1);
  LiveOptions options;
  options.rules = rules.get();
  return report_with(name, options, packet);
}

// `question` asked with 64 numbers, none of which any packet answers.
std::string sixty_four(std::string (*question)(int)) {
  std::string out;
  for (int i = 0; i < WIRE_RULES; ++i) out += (i == 0 ? "" : " || ") + question(i);
  return out;
}

// Two fields each, or they would be one rule with many values.
std::string port(int i) {
  const std::string n = std::to_string(i + 1);
  return "data.dst_port == " + n + " && data.src_port != " + n;
}
std::string networks(int i) {
  return "data.src_port != " + std::to_string(i + 1) + " && data.dst in 203." + std::to_string(i) +
         ".113.0/24 && data.src in 203." + std::to_string(i) + ".112.0/24";
}
std::string all_headers(int i) {
  const std::string n = std::to_string(i);
  return "data.src_port >= " + n + " && data.dst_port >= " + n +
         " && data.proto_tcp.URG == 0 && network.direction == \"ingress\" && data.dst != 203." + n +
         ".113.1 && data.src in 203." + n + ".112.0/24";
}

int run() {
  Traffic traffic(1);
  const Packet segment = traffic.tcp_segment();
  // One in ten is IPv6, and the frame says IPv4.
  Packet response = traffic.dns_response();
  while (response[0] >> 4 != 4) response = traffic.dns_response();
  constexpr uint32_t kDefault = WIRE_WANT_ICMP | WIRE_WANT_ICMPV6 | WIRE_WANT_DNS | WIRE_WANT_HTTP;
  const bool done =
      report_empty() &&
      report_with("unwanted packet (TCP, UDP is wanted)", WIRE_WANT_UDP, segment) &&
      report_with("unwanted packet (TCP, default events)", kDefault, segment) &&
      report_filter("unwanted, by a port, 1 rule", port(0), segment) &&
      report_filter("unwanted, by a port, 64 rules", sixty_four(port), segment) &&
      report_filter("unwanted, by networks, 1 rule", networks(0), segment) &&
      report_filter("unwanted, by networks, 64 rules", sixty_four(networks), segment) &&
      report_filter("unwanted, by all headers, 1 rule", all_headers(0), segment) &&
      report_filter("unwanted, by all headers, 64 rules", sixty_four(all_headers), segment) &&
      report_with("wanted, headers (TCP)", WIRE_WANT_TCP, segment) &&
      report_with("wanted, whole message (DNS response)", WIRE_WANT_DNS, response);
  if (!done) std::puts("the kernel refused to load or run a program (needs root)");
  return done ? 0 : kSkipped;
}

}  // namespace
}  // namespace tracee::bench

int main() { return tracee::bench::run(); }
