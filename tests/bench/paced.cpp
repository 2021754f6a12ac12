// SPDX-License-Identifier: Apache-2.0
// paced RATE SECONDS [SOCKETS [BATCH [PORT [LISTENERS]]]]: datagrams over loopback at so many a
// second (0: as fast as it can), BATCH of them with one call, from SOCKETS sockets in turn, each
// to itself; their ports are PORT and those behind it (0: any). With LISTENERS all go to a
// multicast group of so many sockets instead, so that a send makes more packets to look at.
// Nobody reads: what finds no room in a socket is dropped behind the hooks that a tracer
// looks through, so that the load is packets and not their reader. Says `ready` when the
// sockets are there, and sends after a pause in which one can take a first look. Prints at the
// end, with tabs between: datagrams sent, the seconds it took, microseconds of processor time for
// each, and the milliseconds it was late at worst.
#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

constexpr unsigned kMostBatch = 1024;
constexpr int kReceiveBytes = 4096;  // 10,000 sockets must not fill the memory
constexpr size_t kDatagram = 64;
constexpr double kPause = 0.2;            // seconds
constexpr in_addr_t kGroup = 0xefff0001;  // 239.255.0.1: of this host, RFC 2365
constexpr uint16_t kGroupPort = 9999;

double number(const char* text) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || value < 0) {
    std::fprintf(stderr, "paced: '%s' is no number\n", text);
    std::exit(2);
  }
  return value;
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

int bound_socket(in_addr_t to, uint16_t port) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(to);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes) != 0 ||
      (to == kGroup && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
      bind(fd, generic(address), sizeof address) != 0)
    die("paced: socket");
  return fd;
}

int socket_to_itself(uint16_t port) {
  const int fd = bound_socket(INADDR_LOOPBACK, port);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, generic(address), &size) != 0 || connect(fd, generic(address), size) != 0)
    die("paced: connect");
  return fd;
}

void listen_to_group() {
  const int fd = bound_socket(kGroup, kGroupPort);
  ip_mreq membership{};
  membership.imr_multiaddr.s_addr = htonl(kGroup);
  membership.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
  if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) != 0)
    die("paced: group");
}

int socket_to_group(uint16_t port) {
  const int fd = bound_socket(INADDR_LOOPBACK, port);
  in_addr interface {};
  interface.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kGroupPort);
  address.sin_addr.s_addr = htonl(kGroup);
  if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) != 0 ||
      connect(fd, generic(address), sizeof address) != 0)
    die("paced: group");
  return fd;
}

double now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void sleep_until(double moment) {
  timespec time;
  time.tv_sec = static_cast<time_t>(moment);
  time.tv_nsec = static_cast<long>((moment - static_cast<double>(time.tv_sec)) * 1e9);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

double cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 7) {
    std::fputs("usage: paced RATE SECONDS [SOCKETS [BATCH [PORT [LISTENERS]]]]\n", stderr);
    return 2;
  }
  const double rate = number(argv[1]), duration = number(argv[2]);
  const size_t sockets = argc > 3 ? static_cast<size_t>(number(argv[3])) : 1;
  const unsigned batch = argc > 4 ? static_cast<unsigned>(number(argv[4])) : 64;
  const size_t listeners = argc > 6 ? static_cast<size_t>(number(argv[6])) : 0;
  const size_t port = argc > 5 ? static_cast<size_t>(number(argv[5])) : 0;
  if (sockets == 0 || batch == 0 || batch > kMostBatch) {
    std::fprintf(stderr, "paced: at least 1 socket, and a batch of 1 to %u\n", kMostBatch);
    return 2;
  }
  if (port > UINT16_MAX || (port > 0 && port + sockets > UINT16_MAX)) {
    std::fputs("paced: there are not so many ports\n", stderr);
    return 2;
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) die("paced: files");
  files.rlim_cur = std::max<rlim_t>(files.rlim_cur, sockets + 64);
  files.rlim_max = std::max(files.rlim_cur, files.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) die("paced: files");
  prctl(PR_SET_TIMERSLACK, 1UL);
  std::vector<int> fds(sockets);
  for (size_t i = 0; i < listeners; ++i) listen_to_group();
  for (size_t i = 0; i < sockets; ++i) {
    const auto own = static_cast<uint16_t>(port > 0 ? port + i : 0);
    fds[i] = listeners > 0 ? socket_to_group(own) : socket_to_itself(own);
  }

  char text[kDatagram] = {};
  iovec piece = {text, sizeof text};
  std::vector<mmsghdr> messages(batch);
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &piece;
    message.msg_hdr.msg_iovlen = 1;
  }
  if (std::puts("ready") < 0 || std::fflush(stdout) != 0) die("paced: output");
  sleep_until(now() + kPause);
  // The deadline of a batch is the start's, not the batch's before: who was held up catches up.
  const double used = cpu(), start = now();
  double sent = 0, late = 0, passed = 0;
  for (size_t turn = 0; passed < duration; turn = turn + 1 == sockets ? 0 : turn + 1) {
    if (rate > 0) {
      const double due = start + sent / rate;
      if (now() < due) sleep_until(due);
      late = std::max(late, now() - due);
    }
    const int done = sendmmsg(fds[turn], messages.data(), batch, 0);
    if (done < 0 && errno != ENOBUFS) die("paced: sendmmsg");
    sent += std::max(done, 0);
    passed = now() - start;
  }
  std::printf("%.0f\t%.6f\t%.4f\t%.3f\n", sent, passed, (cpu() - used) * 1e6 / sent, late * 1e3);
}
