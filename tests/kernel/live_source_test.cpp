// SPDX-License-Identifier: Apache-2.0
// The attached source on real traffic, on the loopback of a network namespace of
// its own. Traffic comes from child processes: the tracer does not report itself.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "base/fd.h"
#include "support.h"

namespace tracee::kernel_test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// In a child a failed step ends it; the parent sees the status.
#define MUST(condition) \
  if (!(condition)) ::_exit(__LINE__ & 0x7f)

// A child process that runs a function and is killed when the test is over.
class Child {
 public:
  Child(const char* name, const std::function<void()>& body) {
    int report[2];
    if (::pipe(report) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::prctl(PR_SET_NAME, name);
      report_ = Fd(report[1]);
      current_ = this;
      body();
      ::_exit(0);
    }
    running_ = pid_ > 0;
    ::close(report[1]);
    report_ = Fd(report[0]);
  }
  ~Child() {
    if (!running_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  uint32_t pid() const { return static_cast<uint32_t>(pid_); }

  // The child says that it is ready, in a number that may mean more.
  static void report(int value) {
    MUST(::write(current_->report_.get(), &value, sizeof value) == sizeof value);
  }
  int wait_report() const {
    int value = -1;
    return ::read(report_.get(), &value, sizeof value) == sizeof value ? value : -1;
  }
  void finish() {
    int status = -1;
    ASSERT_EQ(pid_, ::waitpid(pid_, &status, 0));
    running_ = false;
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(0, WEXITSTATUS(status)) << "the child failed near that line (modulo 128)";
  }

 private:
  static inline Child* current_ = nullptr;
  pid_t pid_ = -1;
  bool running_ = false;
  Fd report_;
};

sockaddr_in loopback(uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

const sockaddr* as_sockaddr(const sockaddr_in& a) { return reinterpret_cast<const sockaddr*>(&a); }

int open_bound(int type, uint16_t port) {
  const int fd = ::socket(AF_INET, type, 0);
  const int on = 1;
  const sockaddr_in a = loopback(port);
  MUST(fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  MUST(::bind(fd, as_sockaddr(a), sizeof a) == 0);
  MUST(type != SOCK_STREAM || ::listen(fd, 16) == 0);
  return fd;
}

int open_connected(int type, uint16_t port) {
  const int fd = ::socket(AF_INET, type, 0);
  const sockaddr_in a = loopback(port);
  MUST(fd >= 0 && ::connect(fd, as_sockaddr(a), sizeof a) == 0);
  return fd;
}

void send_text(int fd, std::string_view characters) {
  MUST(::send(fd, characters.data(), characters.size(), 0) ==
       static_cast<ssize_t>(characters.size()));
}

std::string receive_text(int fd) {
  char buffer[256];
  const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
  MUST(got >= 0);
  return {buffer, static_cast<size_t>(got)};
}

size_t network_header(const Kept& k) { return k.bytes[0] >> 4 == 4 ? (k.bytes[0] & 15) * 4u : 40u; }
unsigned source_port(const Kept& k) { return load_be16(k.bytes.data() + network_header(k)); }
unsigned destination_port(const Kept& k) {
  return load_be16(k.bytes.data() + network_header(k) + 2);
}
unsigned tcp_flags(const Kept& k) { return k.bytes[network_header(k) + 13]; }
std::string comm(const Kept& k) {
  return {k.owner.comm, ::strnlen(k.owner.comm, sizeof k.owner.comm)};
}
// Of a packet whose headers alone are kept the payload's size is still known.
size_t payload_size(const Kept& k) {
  const size_t transport = network_header(k);
  return k.record.packet_length - transport - (k.bytes[transport + 12] >> 4) * 4u;
}

constexpr unsigned kSyn = 2;

class LiveTraffic : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ready_ = ::unshare(CLONE_NEWNET) == 0;
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    const Fd fd(::socket(AF_INET, SOCK_DGRAM, 0));
    ready_ = ready_ && ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
  }

  void SetUp() override {
    if (!ready_) GTEST_SKIP() << "no network namespace of our own: missing CAP_SYS_ADMIN";
    struct stat file;
    ASSERT_EQ(0, ::stat("/proc/self/ns/net", &file));
    net_ns_ = static_cast<uint32_t>(file.st_ino);
    keeper_.net_ns = net_ns_;  // the hooks see the whole machine
  }

  static LiveOptions options(uint32_t wanted) {
    LiveOptions options;
    options.wanted = wanted;
    return options;
  }

  // Stops the source and keeps this namespace's packets from or to the port.
  std::vector<Kept> finish(LiveSource& source, uint16_t port) {
    source.stop(keeper_);
    const auto counters = source.counters();
    EXPECT_TRUE(keeps_law(counters));
    EXPECT_EQ(counters.emitted, source.received());
    EXPECT_EQ(counters.emitted, keeper_.received);
    EXPECT_EQ(0u, counters.load_failed);
    std::vector<Kept> mine;
    for (const Kept& k : keeper_.kept) {
      if (k.bytes.size() < network_header(k) + 4) continue;
      if (source_port(k) == port || destination_port(k) == port) mine.push_back(k);
    }
    return mine;
  }

  Keeper keeper_;
  uint32_t net_ns_ = 0;

 private:
  static bool ready_;
};
bool LiveTraffic::ready_ = false;

TEST_F(LiveTraffic, BothEndsOfATcpConnection) {
  constexpr uint16_t kPort = 7001;
  OPEN_OR_SKIP(source, options(WIRE_WANT_TCP));
  Child server("server", [] {
    const int listener = open_bound(SOCK_STREAM, kPort);
    Child::report(0);
    const int fd = ::accept(listener, nullptr, nullptr);
    MUST(receive_text(fd) == "question");
    send_text(fd, "answer");
    MUST(receive_text(fd).empty());
  });
  ASSERT_EQ(0, server.wait_report());
  Child client("client", [] {
    const int fd = open_connected(SOCK_STREAM, kPort);
    send_text(fd, "question");
    MUST(receive_text(fd) == "answer");
  });
  client.finish();
  server.finish();

  bool syn = false, question = false, answer = false;
  const auto packets = finish(source, kPort);
  for (const Kept& k : packets) {
    const bool from_client = destination_port(k) == kPort;
    const bool at_client = from_client == (k.record.direction == Direction::Egress);
    EXPECT_EQ(at_client ? "client" : "server", comm(k));
    EXPECT_EQ(at_client ? client.pid() : server.pid(), k.owner.host_tid);
    EXPECT_EQ(k.owner.host_tid, k.owner.host_pid);
    EXPECT_EQ(static_cast<uint32_t>(::getpid()), k.owner.host_ppid);
    EXPECT_EQ(::geteuid(), k.owner.uid);
    EXPECT_EQ(k.owner.thread_start, k.owner.leader_start);
    EXPECT_GT(k.owner.thread_start, k.owner.parent_leader_start);
    EXPECT_EQ(net_ns_, k.record.net_ns);
    EXPECT_EQ(1u, k.record.ifindex);
    if (tcp_flags(k) & kSyn) {
      syn = true;
      EXPECT_EQ(at_client ? WIRE_OWNER_USER : WIRE_OWNER_LISTENER, k.owner.attribution);
      if (at_client) {
        EXPECT_EQ(from_client ? SYS_connect : WIRE_NO_SYSCALL, k.owner.syscall);
      }
    } else if (payload_size(k) > 0 && k.record.direction == Direction::Egress) {
      EXPECT_EQ(WIRE_OWNER_USER, k.owner.attribution);
      if (source.features().call_registers) {
        EXPECT_EQ(SYS_sendto, k.owner.syscall);
      }
      (from_client ? question : answer) = true;
    } else if (payload_size(k) > 0 && from_client) {
      // The server may or may not have come back from accept() when it arrives.
      EXPECT_NE(WIRE_OWNER_CREATOR, k.owner.attribution);
    }
  }
  EXPECT_TRUE(syn && question && answer);
}

TEST_F(LiveTraffic, PreforkedWorkersOwnWhatTheyAccept) {
  constexpr uint16_t kPort = 7002;
  OPEN_OR_SKIP(source, options(WIRE_WANT_HTTP));
  Child server("parent", [] {
    const int listener = open_bound(SOCK_STREAM, kPort);
    for (int i = 0; i < 3; i++) {
      if (::fork() != 0) continue;
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::prctl(PR_SET_NAME, "worker");
      for (;;) {
        const int fd = ::accept(listener, nullptr, nullptr);
        const std::string text = "A" + std::to_string(::getpid());
        MUST(::write(fd, text.data(), text.size()) > 0);  // speaks first: no receive before
        ::close(fd);
      }
    }
    Child::report(0);
    ::pause();
  });
  ASSERT_EQ(0, server.wait_report());
  Child client("client", [] {
    for (int i = 0; i < 8; i++) {
      const int fd = open_connected(SOCK_STREAM, kPort);
      MUST(!receive_text(fd).empty());
      ::close(fd);
    }
  });
  client.finish();
  int answers = 0;
  for (const Kept& k : finish(source, kPort)) {
    if (k.record.direction != Direction::Egress || payload_size(k) == 0) continue;
    answers++;
    if (!source.features().call_registers) continue;
    const std::string payload(k.bytes.end() - static_cast<long>(payload_size(k)), k.bytes.end());
    EXPECT_EQ("worker", comm(k));
    EXPECT_EQ(payload, "A" + std::to_string(k.owner.host_pid));
    EXPECT_EQ(WIRE_OWNER_USER, k.owner.attribution);
    EXPECT_EQ(SYS_write, k.owner.syscall);
  }
  EXPECT_EQ(8, answers);
}

TEST_F(LiveTraffic, SocketPassedToAThreadOfAnotherUser) {
  constexpr uint16_t kPort = 7003;
  OPEN_OR_SKIP(source, options(WIRE_WANT_UDP));
  Child child("first", [] {
    open_bound(SOCK_DGRAM, kPort);  // without it the second send reports a refusal
    const int fd = open_connected(SOCK_DGRAM, kPort);
    send_text(fd, "one");
    ::prctl(PR_SET_NAME, "second");
    send_text(fd, "two2");
    std::thread thread([fd] {
      ::prctl(PR_SET_NAME, "third");
      MUST(::syscall(SYS_setresuid, -1, 1000, -1) == 0);
      send_text(fd, "three");
    });
    thread.join();
  });
  child.finish();
  if (!source.features().call_registers) GTEST_SKIP() << "needs bpf_task_pt_regs";
  int seen = 0;
  for (const Kept& k : finish(source, kPort)) {
    if (k.record.direction != Direction::Egress) continue;
    seen++;
    EXPECT_EQ(child.pid(), k.owner.host_pid);
    const bool in_thread = k.record.packet_length == 28 + 5;
    EXPECT_EQ(in_thread ? "third" : k.record.packet_length == 28 + 4 ? "second" : "first", comm(k));
    EXPECT_EQ(in_thread ? 1000u : 0u, k.owner.uid);
    EXPECT_EQ(in_thread, k.owner.host_tid != k.owner.host_pid);
    EXPECT_EQ(in_thread, k.owner.thread_start > k.owner.leader_start);
  }
  EXPECT_EQ(3, seen);
}

TEST_F(LiveTraffic, SocketsOlderThanTheTracer) {
  constexpr uint16_t kPort = 7004;
  Child server("older", [] {
    const int fd = open_bound(SOCK_DGRAM, kPort);
    Child::report(0);
    receive_text(fd);
    receive_text(fd);
  });
  ASSERT_EQ(0, server.wait_report());
  OPEN_OR_SKIP(source, options(WIRE_WANT_UDP));
  if (!source.features().open_files) GTEST_SKIP() << "no task_file iterator";
  Child client("client", [] {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in a = loopback(kPort);
    for (int i = 0; i < 2; i++) {
      MUST(::sendto(fd, "x", 1, 0, as_sockaddr(a), sizeof a) == 1);
      ::usleep(50000);
    }
  });
  client.finish();
  server.finish();
  std::vector<uint8_t> at_server;
  for (const Kept& k : finish(source, kPort)) {
    if (k.record.direction == Direction::Egress) {
      EXPECT_EQ(client.pid(), k.owner.host_pid);
      EXPECT_EQ(SYS_sendto, k.owner.syscall);
      continue;
    }
    EXPECT_EQ("older", comm(k));
    EXPECT_EQ(server.pid(), k.owner.host_pid);
    EXPECT_EQ(WIRE_NO_SYSCALL, k.owner.syscall);  // of what comes, whatever reads it
    at_server.push_back(k.owner.attribution);
  }
  const uint8_t second =
      source.plan().back_end == BackEnd::Cgroup ? WIRE_OWNER_CREATOR : WIRE_OWNER_USER;
  EXPECT_EQ((std::vector<uint8_t>{WIRE_OWNER_CREATOR, second}), at_server);
}

TEST_F(LiveTraffic, WholeDatagramsOf60000Bytes) {
  constexpr uint16_t kPort = 53;
  OPEN_OR_SKIP(source, options(WIRE_WANT_DNS));
  Child client("client", [] {
    const int fd = open_connected(SOCK_DGRAM, kPort);
    std::string text(60000, '\0');
    for (size_t i = 0; i < text.size(); i++) text[i] = static_cast<char>(i * 31 >> 3);
    send_text(fd, text);
  });
  client.finish();
  const auto packets = finish(source, kPort);
  ASSERT_EQ(1u, packets.size());  // nobody listens, so nothing arrives at a socket
  const Packet& bytes = packets[0].bytes;
  ASSERT_EQ(60028u, bytes.size());
  for (size_t i = 0; i < 60000; i++)
    ASSERT_EQ(static_cast<uint8_t>(i * 31 >> 3), bytes[28 + i]) << i;
}

TEST_F(LiveTraffic, Ipv4OnADualStackSocket) {
  constexpr uint16_t kPort = 7005;
  OPEN_OR_SKIP(source, options(WIRE_WANT_IPV4));
  Child server("dual", [] {
    const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0);
    sockaddr_in6 a{};
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(kPort);
    MUST(::bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0);
    Child::report(0);
    receive_text(fd);
  });
  ASSERT_EQ(0, server.wait_report());
  Child client("client", [] { send_text(open_connected(SOCK_DGRAM, kPort), "x"); });
  client.finish();
  server.finish();
  int arrived = 0;
  for (const Kept& k : finish(source, kPort)) {
    EXPECT_EQ(4, k.bytes[0] >> 4);
    if (k.record.direction != Direction::Ingress) continue;
    arrived++;
    EXPECT_EQ("dual", comm(k));
  }
  EXPECT_EQ(1, arrived);
}

TEST_F(LiveTraffic, RefusedConnectionIsAnsweredByNobody) {
  constexpr uint16_t kPort = 7006;
  OPEN_OR_SKIP(source, options(WIRE_WANT_TCP));
  Child client("client", [] {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in a = loopback(kPort);
    MUST(::connect(fd, as_sockaddr(a), sizeof a) != 0);
  });
  client.finish();
  bool reset = false;
  for (const Kept& k : finish(source, kPort)) {
    if (source_port(k) != kPort || k.record.direction != Direction::Egress) continue;
    reset = true;
    EXPECT_EQ(WIRE_OWNER_NONE, k.owner.attribution);
    EXPECT_EQ(0u, k.owner.host_pid);
    EXPECT_EQ("", comm(k));
  }
  EXPECT_TRUE(reset);
}

TEST_F(LiveTraffic, NumbersOfAPidNamespace) {
  constexpr uint16_t kPort = 7007;
  OPEN_OR_SKIP(source, options(WIRE_WANT_UDP));
  if (!source.features().probe_read) GTEST_SKIP() << "lockdown forbids probe reads";
  Child outer("outer", [] {
    MUST(::unshare(CLONE_NEWPID) == 0);
    const pid_t init = ::fork();
    if (init == 0) {
      // The first process there has no visible parent, its child has it for one.
      send_text(open_connected(SOCK_DGRAM, kPort), "a");
      const pid_t second = ::fork();
      if (second == 0) {
        // As many bytes as its number: a sanitizer's thread may have taken the 2.
        const std::string text(static_cast<size_t>(::getpid()), 'b');
        send_text(open_connected(SOCK_DGRAM, kPort), text);
        ::_exit(0);
      }
      int status;
      MUST(::waitpid(second, &status, 0) == second && status == 0);
      ::_exit(0);
    }
    Child::report(init);
    int status;
    MUST(::waitpid(init, &status, 0) == init && status == 0);
  });
  const auto init = static_cast<uint32_t>(outer.wait_report());
  outer.finish();
  int seen = 0;
  for (const Kept& k : finish(source, kPort)) {
    if (k.record.direction != Direction::Egress) continue;
    seen++;
    const bool first = k.record.packet_length == 29;
    EXPECT_EQ(k.record.packet_length - 28, k.owner.ns_pid);
    EXPECT_EQ(k.owner.ns_pid, k.owner.ns_tid);
    EXPECT_EQ(first ? 0u : 1u, k.owner.ns_ppid);
    EXPECT_EQ(first ? outer.pid() : init, k.owner.host_ppid);
    if (first) {
      EXPECT_EQ(init, k.owner.host_pid);
    }
    EXPECT_NE(0u, k.owner.pid_ns);
  }
  EXPECT_EQ(2, seen);
}

// One optional program that the kernel refuses costs what it is for, nothing else.
TEST_F(LiveTraffic, ARefusedProgramCostsOnlyItself) {
  const auto whole = probe_kernel();
  ASSERT_TRUE(whole) << whole.error().what;
  if (!whole->processes || !whole->late_owners) GTEST_SKIP() << "no processes to be refused";
  LiveOptions some = options(WIRE_WANT_UDP);
  const auto unspoilt = LiveSource::open(with_back_end(some));
  ASSERT_TRUE(unspoilt) << unspoilt.error().what;
  some.refused = "on_exec";
  OPEN_OR_SKIP(source, some);
  EXPECT_FALSE(source.features().processes);
  EXPECT_TRUE(source.features().late_owners);
  EXPECT_EQ((*unspoilt)->plan().back_end, source.plan().back_end);
  EXPECT_NE(std::string::npos, source.setback().find("on_exec")) << source.setback();

  some.refused = "on_egress";
  EXPECT_FALSE(LiveSource::open(some)) << "a trace without packets";
}

// What a kernel serves that has nothing beyond the required programs.
TEST_F(LiveTraffic, RequiredProgramsAlone) {
  constexpr uint16_t kPort = 7011;
  LiveOptions plain = options(WIRE_WANT_UDP);
  plain.required_only = true;
  OPEN_OR_SKIP(source, plain);
  Child server("server", [] {
    const int fd = open_bound(SOCK_DGRAM, kPort);
    Child::report(0);
    receive_text(fd);
  });
  ASSERT_EQ(0, server.wait_report());
  Child client("client", [] {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in a = loopback(kPort);
    MUST(::sendto(fd, "x", 1, 0, as_sockaddr(a), sizeof a) == 1);
  });
  client.finish();
  server.finish();
  int seen = 0;
  for (const Kept& k : finish(source, kPort)) {
    seen++;
    const bool out = k.record.direction == Direction::Egress;
    EXPECT_EQ(out ? "client" : "server", comm(k));
    EXPECT_EQ(out ? client.pid() : server.pid(), k.owner.host_pid);
    EXPECT_EQ(WIRE_OWNER_USER, k.owner.attribution);
    // The server has only set an option, and which call that was is not told.
    EXPECT_EQ(out ? SYS_sendto : WIRE_NO_SYSCALL, k.owner.syscall);
  }
  EXPECT_EQ(2, seen);
}

// With MPTCP the sockets under the packets are the kernel's. A peer without it
// makes the listener produce plain ones.
TEST_F(LiveTraffic, MptcpOnOneOrBothEnds) {
  constexpr uint16_t kPort = 7012;
  const Fd probe(::socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
  if (!probe) GTEST_SKIP() << "no MPTCP";
  OPEN_OR_SKIP(source, options(WIRE_WANT_HTTP));
  if (!source.features().mptcp) GTEST_SKIP() << "connections cannot be found";
  Child server("server", [] {
    const int listener = ::socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    const sockaddr_in a = loopback(kPort);
    MUST(::bind(listener, as_sockaddr(a), sizeof a) == 0 && ::listen(listener, 4) == 0);
    Child::report(0);
    for (int i = 0; i < 2; i++) {
      const int fd = ::accept(listener, nullptr, nullptr);
      MUST(receive_text(fd) == "question");
      send_text(fd, "answer");
      ::close(fd);
    }
  });
  ASSERT_EQ(0, server.wait_report());
  Child client("client", [] {
    for (const int protocol : {IPPROTO_MPTCP, IPPROTO_TCP}) {
      const int fd = ::socket(AF_INET, SOCK_STREAM, protocol);
      const sockaddr_in a = loopback(kPort);
      MUST(::connect(fd, as_sockaddr(a), sizeof a) == 0);
      send_text(fd, "question");
      MUST(receive_text(fd) == "answer");
      ::close(fd);
    }
  });
  client.finish();
  server.finish();
  int seen = 0;
  for (const Kept& k : finish(source, kPort)) {
    if (payload_size(k) == 0) continue;
    seen++;
    const bool question = destination_port(k) == kPort;
    const bool at_client = question == (k.record.direction == Direction::Egress);
    EXPECT_EQ(at_client ? "client" : "server", comm(k));
    if (!question || at_client) {
      EXPECT_EQ(WIRE_OWNER_USER, k.owner.attribution);
    }
  }
  EXPECT_EQ(8, seen);  // two questions and two answers, each at both ends
}

// A socket that shows no HTTP costs no copies; of one that does every byte comes.
TEST_F(LiveTraffic, TheVerdictIsTheSockets) {
  constexpr uint16_t kPort = 7013;
  OPEN_OR_SKIP(source, options(WIRE_WANT_HTTP));
  const std::string body("\0{[\xff binary", 11);
  Child server("server", [&] {
    const int listener = open_bound(SOCK_STREAM, kPort);
    Child::report(0);
    for (int i = 0; i < 2; i++) {
      const int fd = ::accept(listener, nullptr, nullptr);
      MUST(receive_text(fd) == "{");
      send_text(fd, i == 0 ? body : "HTTP/1.1 200 OK\r\n\r\n");
      MUST(receive_text(fd) == "{");
      send_text(fd, body);
      ::close(fd);
    }
  });
  ASSERT_EQ(0, server.wait_report());
  Child client("client", [&] {
    for (int i = 0; i < 2; i++) {
      const int fd = open_connected(SOCK_STREAM, kPort);
      send_text(fd, "{");
      MUST(!receive_text(fd).empty());
      send_text(fd, "{");
      MUST(!receive_text(fd).empty());
      ::close(fd);
    }
  });
  client.finish();
  server.finish();
  std::string at_client, at_server;
  for (const Kept& k : finish(source, kPort)) {
    if (destination_port(k) == kPort) continue;
    const std::string payload(k.bytes.end() - static_cast<long>(payload_size(k)), k.bytes.end());
    (k.record.direction == Direction::Egress ? at_server : at_client) += payload;
  }
  const std::string wanted = "HTTP/1.1 200 OK\r\n\r\n" + body;
  EXPECT_EQ(wanted, at_server);
  EXPECT_EQ(wanted, at_client);
}

TEST_F(LiveTraffic, TheTracerDoesNotReportItself) {
  constexpr uint16_t kPort = 7008;
  OPEN_OR_SKIP(source, options(WIRE_WANT_UDP));
  const Fd fd(::socket(AF_INET, SOCK_DGRAM, 0));
  const sockaddr_in a = loopback(kPort);
  ASSERT_EQ(1, ::sendto(fd.get(), "x", 1, 0, as_sockaddr(a), sizeof a));
  EXPECT_TRUE(finish(source, kPort).empty());
  EXPECT_GT(source.counters().filtered, 0u);
}

// The sender leaves gaps around the length of a nap, so that packets meet the
// reader in every state; a wake-up that gets lost shows as a wait to the limit.
TEST_F(LiveTraffic, EveryPacketIsSeenSoon) {
  constexpr uint16_t kPort = 7009;
  constexpr int kPackets = 500;
  OPEN_OR_SKIP(source, options(WIRE_WANT_UDP));
  Child client("client", [] {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in a = loopback(kPort);
    for (int i = 0; i < kPackets; i++) {
      MUST(::sendto(fd, "x", 1, 0, as_sockaddr(a), sizeof a) == 1);
      ::usleep(static_cast<useconds_t>(i * 7919 % 12000));
    }
  });
  size_t slept = 0, late = 0;
  const auto end = Clock::now() + std::chrono::seconds(40);
  while (keeper_.kept.size() < kPackets && Clock::now() < end) {
    const int limit = source.before_wait();
    pollfd fd{source.wait_fd(), POLLIN, 0};
    const bool woken = ::poll(&fd, 1, limit < 0 ? 2000 : limit) > 0;
    if (limit < 0) (woken ? slept : late)++;
    source.drain(keeper_);
  }
  client.finish();
  EXPECT_GE(finish(source, kPort).size(), static_cast<size_t>(kPackets));
  EXPECT_EQ(0u, late);
  if (keeper_.received < 2 * kPackets) {
    EXPECT_GT(slept, 50u);  // with much traffic of others there is no sleep
  }
}

TEST_F(LiveTraffic, CountersHoldUnderABurst) {
  constexpr uint16_t kPort = 7010;
  LiveOptions small = options(WIRE_WANT_IPV4);
  small.ring_bytes = 256 << 10;
  OPEN_OR_SKIP(source, small);
  const auto flood = [] {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in a = loopback(kPort);
    for (int i = 0; i < 50000; i++) ::sendto(fd, "x", 1, 0, as_sockaddr(a), sizeof a);
  };
  Child one("one", flood), two("two", flood);
  // Nobody drains it yet; an emulated machine takes its time to fill it.
  const auto end = Clock::now() + std::chrono::seconds(40);
  while (source.counters().ring_full == 0 && Clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  for (int i = 0; i < 50; i++) source.drain(keeper_);
  finish(source, kPort);  // while they still send
  EXPECT_GT(source.counters().ring_full, 0u);
}

}  // namespace
}  // namespace tracee::kernel_test
