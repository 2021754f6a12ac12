// SPDX-License-Identifier: Apache-2.0
#include "output/sink/connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace tracee {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kStepMs = 100;

}  // namespace

std::string Connection::failed(std::string what) {
  close();
  return what;
}

std::string Connection::wait(short events, Clock::time_point end) {
  for (;;) {
    pollfd ready{fd_.get(), events, 0};
    const int answers = poll(&ready, 1, kStepMs);
    if (answers > 0) return {};
    if (answers < 0 && errno != EINTR) return strerror(errno);
    if (stop_()) return "given up";
    if (Clock::now() >= end) return "no answer in time";
  }
}

std::string Connection::open(const std::string& host, uint16_t port, milliseconds limit) {
  close();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return std::string("cannot find the address: ") + gai_strerror(error);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  std::string problem = "no address";
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    fd_ = Fd(socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_) return strerror(errno);
    const int one = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    if (connect(fd_.get(), address->ai_addr, address->ai_addrlen) == 0) return {};
    problem = errno == EINPROGRESS ? wait(POLLOUT, Clock::now() + limit) : strerror(errno);
    if (!problem.empty()) continue;
    int why = 0;
    socklen_t size = sizeof why;
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &why, &size);
    if (why == 0) return {};
    problem = strerror(why);
  }
  return failed(problem);
}

std::string Connection::send(std::string_view bytes, milliseconds limit) {
  auto end = Clock::now() + limit;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      end = Clock::now() + limit;
    } else if (errno == EAGAIN) {
      if (std::string problem = wait(POLLOUT, end); !problem.empty()) return failed(problem);
    } else if (errno != EINTR) {
      return failed(strerror(errno));
    }
  }
  return {};
}

std::string Connection::receive(char* into, size_t room, size_t& got, milliseconds limit) {
  const auto end = Clock::now() + limit;
  for (;;) {
    const ssize_t count = recv(fd_.get(), into, room, 0);
    if (count > 0) {
      got = static_cast<size_t>(count);
      return {};
    }
    if (count == 0) return failed("closed by the peer");
    if (errno == EAGAIN) {
      if (std::string problem = wait(POLLIN, end); !problem.empty()) return failed(problem);
    } else if (errno != EINTR) {
      return failed(strerror(errno));
    }
  }
}

bool Connection::peer_has_gone() const noexcept {
  char byte;
  const ssize_t got = recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace tracee
