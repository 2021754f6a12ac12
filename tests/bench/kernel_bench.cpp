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

#include "capture/live.h"
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
  const bpf_insn instructions[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_CGROUP_INET_INGRESS);
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "empty", "GPL", instructions,
                                 std::size(instructions), &options));
  return program && report("empty program", program.get(), Traffic(1).tcp_segment(), [] {});
}

bool report_with(const char* name, uint32_t wanted, const Packet& packet) {
  LiveOptions options;
  options.wanted = wanted;
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

int run() {
  Traffic traffic(1);
  const Packet segment = traffic.tcp_segment();
  // One in ten is IPv6, and the frame says IPv4.
  Packet response = traffic.dns_response();
  while (response[0] >> 4 != 4) response = traffic.dns_response();
  constexpr uint32_t kDefault = WIRE_WANT_ICMP | WIRE_WANT_ICMPV6 | WIRE_WANT_DNS | WIRE_WANT_HTTP;
  const bool done = report_empty() &&
                    report_with("unwanted packet (TCP, UDP is wanted)", WIRE_WANT_UDP, segment) &&
                    report_with("unwanted packet (TCP, default events)", kDefault, segment) &&
                    report_with("wanted, headers (TCP)", WIRE_WANT_TCP, segment) &&
                    report_with("wanted, whole message (DNS response)", WIRE_WANT_DNS, response);
  if (!done) std::puts("the kernel refused to load or run a program (needs root)");
  return done ? 0 : kSkipped;
}

}  // namespace
}  // namespace tracee::bench

int main() { return tracee::bench::run(); }
