// SPDX-License-Identifier: Apache-2.0
// open_streams COUNT: so many TCP connections over loopback, each with the beginning of an
// HTTP request whose end never comes. Says "open" when they are, and holds them until its
// standard input ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

// Of one process, which has a listener of its own: fewer than there are ephemeral ports.
constexpr size_t kMost = 16'384;
constexpr std::string_view kBeginning = "GET /index.html HTTP/1.1\r\nHost: example.test\r\n";

int check(ssize_t result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::exit(1);
  }
  return static_cast<int>(result);
}

// Nobody closes the descriptors; they are the process's.
void open_connections(size_t count) {
  const int listener = check(socket(AF_INET, SOCK_STREAM, 0), "open_streams: socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* at = reinterpret_cast<sockaddr*>(&address);
  check(bind(listener, at, size), "open_streams: bind");
  check(listen(listener, 1), "open_streams: listen");
  check(getsockname(listener, at, &size), "open_streams: name");
  for (size_t i = 0; i < count; ++i) {
    const int near = check(socket(AF_INET, SOCK_STREAM, 0), "open_streams: socket");
    check(connect(near, at, size), "open_streams: connect");
    check(accept(listener, nullptr, nullptr), "open_streams: accept");
    check(send(near, kBeginning.data(), kBeginning.size(), 0), "open_streams: send");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const size_t count = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  if (count == 0) {
    std::fputs("usage: open_streams COUNT\n", stderr);
    return 2;
  }
  rlimit files{};
  check(getrlimit(RLIMIT_NOFILE, &files), "open_streams: files");
  files.rlim_cur = files.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &files), "open_streams: files");
  constexpr size_t kOtherFiles = 16;
  const size_t most = std::min<size_t>(kMost, (files.rlim_cur - kOtherFiles) / 2);

  int ready[2], hold[2];
  check(pipe(ready), "open_streams: pipe");
  check(pipe(hold), "open_streams: pipe");
  size_t processes = 0;
  for (size_t left = count; left > 0; ++processes) {
    const size_t share = std::min(left, most);
    left -= share;
    if (check(fork(), "open_streams: fork") > 0) continue;
    close(hold[1]);
    close(ready[0]);
    open_connections(share);
    check(write(ready[1], "o", 1), "open_streams: write");
    char end;
    _exit(read(hold[0], &end, 1) == 0 ? 0 : 1);  // the parent's end has closed it
  }
  close(ready[1]);
  size_t done = 0;
  char byte;
  while (read(ready[0], &byte, 1) == 1) {
    if (++done == processes) break;
  }
  if (done < processes) return 1;  // who failed has said why
  std::puts("open");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  close(hold[1]);
  int failed = 0, status;
  while (wait(&status) > 0) failed |= status;
  return failed == 0 ? 0 : 1;
}
