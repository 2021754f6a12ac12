// SPDX-License-Identifier: Apache-2.0
// ns a run of the attached packet programs, as the kernel counts them itself
// (BPF_ENABLE_STATS), beside an empty program on the same cgroup, while datagrams
// go over loopback: NAME, INGRESS, EGRESS a line, separated by tabs. No datagram is
// wanted. Exits 77 and says why where it may not load programs.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "base/fd.h"
#include "capture/live.h"
#include "decode/decoder.h"
#include "empty_program.h"
#include "filter/selection.h"
#include "measure.h"
#include "run_time.h"
#include "tracee.skel.h"

namespace tracee::bench {
namespace {

constexpr int kSkipped = 77, kDatagrams = 20'000;

class Nobody final : public RecordHandler {
 public:
  void on_record(const Record&) noexcept override {}
};

// To ourselves, so that every datagram meets both hooks with a socket that has an owner.
void send_datagrams() {
  const Fd fd(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof to;
  auto* address = reinterpret_cast<sockaddr*>(&to);
  if (::bind(fd.get(), address, size) != 0 || ::getsockname(fd.get(), address, &size) != 0 ||
      ::connect(fd.get(), address, size) != 0)
    return;
  char byte = 1;
  for (int i = 0; i < kDatagrams; ++i) {
    if (::send(fd.get(), &byte, 1, 0) != 1 || ::recv(fd.get(), &byte, 1, 0) != 1) return;
  }
}

// Median ns a run over rounds, of each program.
std::vector<double> measure(const std::vector<int>& programs) {
  std::vector<std::vector<double>> rounds(programs.size());
  for (size_t round = 0; round < kRounds; ++round) {
    std::vector<Runs> before;
    before.reserve(programs.size());
    for (const int program : programs) before.push_back(runs_of(program));
    send_datagrams();
    for (size_t i = 0; i < programs.size(); ++i) {
      rounds[i].push_back(mean(before[i], runs_of(programs[i])));
    }
  }
  std::vector<double> out;
  for (auto& each : rounds) {
    std::ranges::sort(each);
    out.push_back(each[each.size() / 2]);
  }
  return out;
}

// The programs beside the empty ones, with a filter that keeps no datagram.
bool report(const char* name, const Wishes& wishes, const std::vector<int>& empty) {
  const Catalog catalog(packet_events());
  auto selection = Selection::parse(wishes, catalog);
  if (!selection) {
    std::printf("%s\n", selection.error().what.c_str());
    return false;
  }
  const auto rules = wire_rules_of(selection->push_down(&wire_wants), 1);
  LiveOptions options;
  options.rules = rules.get();
  auto source = LiveSource::open(options);
  if (!source) {
    std::printf("%s\n", source.error().what.c_str());
    return false;
  }
  const auto& programs = (*source)->object()->progs;
  const auto ns = measure({empty[0], empty[1], bpf_program__fd(programs.on_ingress),
                           bpf_program__fd(programs.on_egress)});
  std::printf("%s\t%.0f\t%.0f\t%.0f\t%.0f\n", name, ns[0], ns[1], ns[2], ns[3]);
  Nobody nobody;
  (*source)->stop(nobody);
  return true;
}

std::string sixty_four() {
  std::string out;
  for (int i = 1; i <= WIRE_RULES; ++i) {
    const std::string n = std::to_string(i);
    if (i > 1) out += " || ";
    out += "data.dst_port == ";
    out += n;
    out += " && data.src in 10.";
    out += n;
    out += ".0.0/16";
  }
  return out;
}

int run() {
  const Fd statistics(bpf_enable_stats(BPF_STATS_RUN_TIME));
  EmptyPrograms programs;
  if (!statistics || !programs.attach()) {
    std::puts("the kernel refused the programs or to count their time (needs root)");
    return kSkipped;
  }
  const std::vector<int> empty = {programs.in.get(), programs.out.get()};
  const bool done =
      report("another class", {{"net_packet_tcp"}, {}, {}, {}}, empty) &&
      report("a port", {{"net_packet_udp.data.dst_port=1"}, {}, {}, {}}, empty) &&
      report("a port and a network, 1 rule",
             {{"net_packet_udp"}, {}, {}, {"data.dst_port == 1 && data.src in 10.0.0.0/16"}},
             empty) &&
      report("a port and a network, 64 rules", {{"net_packet_udp"}, {}, {}, {sixty_four()}},
             empty) &&
      report("the owner's name", {{"net_packet_udp"}, {"comm=nobody"}, {}, {}}, empty);
  return done ? 0 : kSkipped;
}

}  // namespace
}  // namespace tracee::bench

int main() { return tracee::bench::run(); }
