// SPDX-License-Identifier: Apache-2.0
// UDP ping-pong between two processes on loopback, for SECONDS: prints round trips
// a second by the wall clock, and microseconds of processor time for each, with a
// tab between. The second is what other work on the machine disturbs least.
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

int bound_socket(sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("ping_pong");
    std::exit(1);
  }
  return fd;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const double duration = argc > 1 ? std::strtod(argv[1], nullptr) : 1;
  sockaddr_in ping_address, pong_address;
  const int ping = bound_socket(ping_address), pong = bound_socket(pong_address);
  const auto join = [](int fd, sockaddr_in& peer) {
    if (connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0) std::exit(1);
  };
  join(ping, pong_address);
  join(pong, ping_address);
  char byte = 1;
  const pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    while (recv(pong, &byte, 1, 0) == 1 && byte != 0) {
      if (send(pong, &byte, 1, 0) != 1) break;
    }
    _exit(0);
  }
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  long trips = 0;
  double passed = 0;
  while (passed < duration) {
    for (int i = 0; i < 256; ++i, ++trips) {
      if (send(ping, &byte, 1, 0) != 1 || recv(ping, &byte, 1, 0) != 1) return 1;
    }
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  byte = 0;
  if (send(ping, &byte, 1, 0) != 1 || waitpid(child, nullptr, 0) != child) return 1;
  const double used = cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN);
  std::printf("%.0f\t%.4f\n", static_cast<double>(trips) / passed,
              used * 1e6 / static_cast<double>(trips));
}
