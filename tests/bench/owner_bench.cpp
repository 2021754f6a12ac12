// SPDX-License-Identifier: Apache-2.0
// What owners cost, by the kernel's own run-time statistics on live traffic: a child
// sends datagrams to itself over loopback. NAME, NS a line, separated by a tab:
// each send and receive beside a program there that does nothing, and a packet with
// its owner beside the same packet when no owner is kept. Exits 77 and says why where
// it may not load programs.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "capture/cgroup.h"
#include "capture/live.h"
#include "measure.h"
#include "run_time.h"
#include "tracee.skel.h"

namespace tracee::bench {
namespace {

constexpr int kSkipped = 77;
constexpr int kDatagrams = 20'000;
constexpr int kTurns = 7;

class Ignore final : public RecordHandler {
 public:
  void on_record(const Record&) noexcept override {}
};

struct CloseBtf {
  void operator()(btf* types) const noexcept { btf__free(types); }
};
struct CloseLink {
  void operator()(bpf_link* link) const noexcept { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, CloseLink>;

// In a child, because the tracer does not report itself.
bool send_datagrams(LiveSource& source) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int receiver = ::socket(AF_INET, SOCK_DGRAM, 0),
              sender = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    bool good = ::bind(receiver, where, size) == 0 && ::getsockname(receiver, where, &size) == 0 &&
                ::connect(sender, where, size) == 0;
    char text[64] = {};
    for (int i = 0; good && i < kDatagrams; i++)
      good = ::send(sender, text, sizeof text, 0) == sizeof text &&
             ::recv(receiver, text, sizeof text, 0) == sizeof text;
    ::_exit(good ? 0 : 1);
  }
  Ignore ignore;
  int status = -1;
  while (child > 0 && ::waitpid(child, &status, WNOHANG) == 0) {
    source.drain(ignore);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  source.drain(ignore);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// A program at a tracepoint that does nothing: what the statistics add there.
std::optional<std::pair<Fd, Fd>> attach_empty(const char* name) {
  const std::unique_ptr<btf, CloseBtf> types(btf__load_vmlinux_btf());
  if (!types) return std::nullopt;
  const bpf_insn program[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const int tracepoint = btf__find_by_name_kind(types.get(), name, BTF_KIND_TYPEDEF);
  if (tracepoint <= 0) return std::nullopt;
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP,
              .attach_btf_id = static_cast<uint32_t>(tracepoint));
  Fd loaded(
      bpf_prog_load(BPF_PROG_TYPE_TRACING, "empty", "GPL", program, std::size(program), &options));
  Fd link(loaded ? bpf_raw_tracepoint_open(nullptr, loaded.get()) : -1);
  if (!link) return std::nullopt;
  return std::pair(std::move(loaded), std::move(link));
}

struct Samples {
  std::vector<double> empty_send, send, empty_receive, receive, out, in;
};

void print(const char* name, const std::vector<double>& samples) {
  std::vector<double> sorted = samples;
  std::ranges::sort(sorted);
  std::printf("%s\t%.1f\n", name, sorted[sorted.size() / 2]);
}

// One turn of traffic; the means of the programs that ran.
bool take_turn(LiveSource& source, int empty_send, int empty_receive, bool with_owners,
               Samples& into) {
  const auto& programs = source.object()->progs;
  const int send = bpf_program__fd(programs.on_send),
            receive = bpf_program__fd(programs.on_receive),
            out = bpf_program__fd(programs.on_egress), in = bpf_program__fd(programs.on_ingress);
  const Runs before[] = {runs_of(empty_send), runs_of(send), runs_of(empty_receive),
                         runs_of(receive),    runs_of(out),  runs_of(in)};
  if (!send_datagrams(source)) return false;
  into.out.push_back(mean(before[4], runs_of(out)));
  into.in.push_back(mean(before[5], runs_of(in)));
  if (!with_owners) return true;
  into.empty_send.push_back(mean(before[0], runs_of(empty_send)));
  into.send.push_back(mean(before[1], runs_of(send)));
  into.empty_receive.push_back(mean(before[2], runs_of(empty_receive)));
  into.receive.push_back(mean(before[3], runs_of(receive)));
  return true;
}

int give_up(const char* why) {
  std::printf("%s\n", why);
  return kSkipped;
}

int run() {
  LiveOptions options;
  options.wanted = WIRE_WANT_UDP;
  options.attribution = BackEnd::Tracepoint;
  auto opened = LiveSource::open(options);
  if (!opened) return give_up(opened.error().what.c_str());
  LiveSource& source = **opened;
  options.attach = false;
  auto bare_opened = LiveSource::open(options);  // only its packet programs will be attached
  if (!bare_opened) return give_up(bare_opened.error().what.c_str());
  LiveSource& bare = **bare_opened;
  const auto empty_send = attach_empty("btf_trace_sock_send_length");
  const auto empty_receive = attach_empty("btf_trace_sock_recv_length");
  const Fd statistics(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!empty_send || !empty_receive || !statistics)
    return give_up("the kernel gives no run-time statistics (needs root)");
  auto root = open_cgroup_root();
  if (!root) return give_up(root.error().what.c_str());

  // Turn by turn, so that other work on the machine meets both alike.
  Samples owned, unowned;
  for (int turn = 0; turn < kTurns; turn++) {
    const int at_send = empty_send->first.get(), at_receive = empty_receive->first.get();
    if (!take_turn(source, at_send, at_receive, true, owned)) return give_up("no traffic");
    const Link links[] = {
        Link(bpf_program__attach_cgroup(bare.object()->progs.on_egress, root->get())),
        Link(bpf_program__attach_cgroup(bare.object()->progs.on_ingress, root->get()))};
    if (!links[0] || !links[1] || !take_turn(bare, at_send, at_receive, false, unowned))
      return give_up("no traffic");
  }
  print("a program at a send that does nothing", owned.empty_send);
  print("each send", owned.send);
  print("a program at a receive that does nothing", owned.empty_receive);
  print("each receive", owned.receive);
  print("a packet that leaves, no owner kept", unowned.out);
  print("a packet that leaves", owned.out);
  print("a packet that comes, no owner kept", unowned.in);
  print("a packet that comes", owned.in);
  return 0;
}

}  // namespace
}  // namespace tracee::bench

int main() { return tracee::bench::run(); }
