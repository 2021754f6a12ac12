// SPDX-License-Identifier: Apache-2.0
#include "output/sink/unix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/fd.h"

namespace tracee {
namespace {

// One reader: what it has not read yet, in a ring of bytes.
class Reader {
 public:
  Reader(Fd socket, size_t limit_bytes)
      : socket_(std::move(socket)),
        ring_(std::make_unique_for_overwrite<char[]>(limit_bytes)),
        limit_(limit_bytes) {}

  int fd() const { return socket_.get(); }
  bool empty() const { return size_ == 0; }
  short wishes() const {
    return static_cast<short>((says_no_more_ ? 0 : POLLIN) | (size_ > 0 ? POLLOUT : 0));
  }
  // It has nothing to say, and may still listen.
  void says_no_more() { says_no_more_ = true; }
  uint64_t missed() const { return missed_; }

  bool offer(std::string_view event) {
    if (limit_ - size_ < event.size()) {
      ++missed_;
      return false;
    }
    size_t at = (first_ + size_) % limit_;
    for (std::string_view rest = event; !rest.empty();) {
      const size_t part = std::min(rest.size(), limit_ - at);
      std::memcpy(ring_.get() + at, rest.data(), part);
      rest.remove_prefix(part);
      at = (at + part) % limit_;
    }
    size_ += event.size();
    return true;
  }

  // Sends what the socket takes; false: the reader has gone.
  bool send() {
    while (size_ > 0) {
      const size_t part = std::min(size_, limit_ - first_);
      const ssize_t sent =
          ::send(socket_.get(), ring_.get() + first_, part, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) return errno == EAGAIN || errno == EINTR;
      first_ = (first_ + static_cast<size_t>(sent)) % limit_;
      size_ -= static_cast<size_t>(sent);
    }
    return true;
  }

 private:
  Fd socket_;
  std::unique_ptr<char[]> ring_;
  size_t limit_, first_ = 0, size_ = 0;
  uint64_t missed_ = 0;
  bool says_no_more_ = false;
};

class UnixSink final : public NetworkSink {
 public:
  UnixSink(std::string path, const NetworkSettings& settings, size_t reader_bytes,
           size_t most_readers, Fd listener)
      : NetworkSink("unix:" + path, settings),
        path_(std::move(path)),
        reader_bytes_(reader_bytes),
        most_readers_(most_readers),
        listener_(std::move(listener)) {}
  ~UnixSink() override { unlink(path_.c_str()); }

  bool wanted() const noexcept override {
    return reader_count_.load(std::memory_order_relaxed) > 0;
  }

  SinkCounters counters() const noexcept override {
    SinkCounters out = NetworkSink::counters();
    out.reader_dropped = reader_dropped_.load(std::memory_order_relaxed);
    return out;
  }

 private:
  void deliver(const Batch& batch) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      const std::string_view event = batch.body(i);
      bool taken = false;
      for (Reader& reader : readers_) {
        const bool took = reader.offer(event);
        if (!took) reader_dropped_.fetch_add(1, std::memory_order_relaxed);
        taken = taken || took;
      }
      if (taken) {
        delivered(1, event.size());
      } else {
        undeliverable(1);
      }
    }
  }

  void serve() override {
    std::vector<pollfd> wait;
    while (!give_up()) {
      const bool pending =
          std::ranges::any_of(readers_, [](const Reader& r) { return !r.empty(); });
      if (queue().closed() && queue().events() == 0 && !pending) return;
      wait.assign(
          {{listener_.get(), POLLIN, 0}, {queue().closed() ? -1 : queue().ready_fd(), POLLIN, 0}});
      for (const Reader& reader : readers_) wait.push_back({reader.fd(), reader.wishes(), 0});
      poll(wait.data(), wait.size(), queue().closed() ? 20 : 1000);
      serve_readers({wait.data() + 2, wait.size() - 2});
      if ((wait[0].revents & POLLIN) != 0) accept_reader();
      // A block at a time, so that readers that keep up have room for the next.
      if (Block* block = queue().pop()) {
        deliver(block->batch());
        queue().give_back(block);
        for (Reader& reader : readers_) reader.send();
      }
    }
  }

  void serve_readers(std::span<const pollfd> polled) {
    std::vector<bool> gone(readers_.size());
    for (size_t i = 0; i < polled.size(); ++i) {
      const auto came = polled[i].revents;
      gone[i] = (came & (POLLERR | POLLNVAL | POLLHUP)) != 0 || !readers_[i].send();
      char ignored[256];
      if (!gone[i] && (came & POLLIN) != 0 &&
          recv(readers_[i].fd(), ignored, sizeof ignored, MSG_DONTWAIT) == 0) {
        readers_[i].says_no_more();
      }
    }
    for (size_t i = gone.size(); i-- > 0;) {
      if (!gone[i]) continue;
      if (readers_[i].missed() > 0) {
        notice(name() + ": a reader that was too slow missed " +
               std::to_string(readers_[i].missed()) + " events");
      }
      readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    reader_count_.store(readers_.size(), std::memory_order_relaxed);
  }

  void accept_reader() {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    if (readers_.size() >= most_readers_) {
      count_failure();
      notice(name() + ": one reader too many was turned away; the limit is readers=" +
             std::to_string(most_readers_));
      return;
    }
    count_connection();
    readers_.emplace_back(std::move(socket), reader_bytes_);
    reader_count_.store(readers_.size(), std::memory_order_relaxed);
  }

  const std::string path_;
  const size_t reader_bytes_, most_readers_;
  Fd listener_;
  std::vector<Reader> readers_;
  std::atomic<size_t> reader_count_ = 0;
  std::atomic<uint64_t> reader_dropped_ = 0;
};

// A socket that an earlier run left behind is in the way; one that somebody listens
// on, or anything else, is not ours to remove.
Result<> make_way(const std::string& label, const std::string& path, const sockaddr_un& address) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return fail(Exit::Usage, label + ": " + path + " exists and is no socket", "name another path");
  }
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return fail(Exit::RunTime, label + ": another process listens on " + path,
                "end it, or name another path");
  }
  unlink(path.c_str());
  return {};
}

}  // namespace

Result<std::unique_ptr<Sink>> open_unix_sink(const std::string& path, Settings& settings,
                                             const SinkWorld& world) {
  const std::string label = "--output unix:" + path;
  NetworkSettings network = NetworkSettings::read(settings, world);
  const auto reader_bytes =
      settings.bytes("reader-buffer", 2 * kBlockBytes, kBlockBytes, 1024 * kBlockBytes);
  const auto readers = settings.number("readers", 16, 1, 1024);
  const std::string mode_text = settings.text("mode", "0600");
  char* end = nullptr;
  const auto mode = strtoul(mode_text.c_str(), &end, 8);
  if (*end != 0 || mode > 0777) {
    settings.complain("mode: '" + mode_text + "' is no permission", "write mode=0660, in octal");
  }
  if (auto done = settings.finish(); !done) return forward(done);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Exit::Usage, label + ": the path is too long for a socket",
                "use at most " + std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (auto clear = make_way(label, path, address); !clear) return forward(clear);
  Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode of the socket itself decides who may connect, from its first moment on.
  fchmod(listener.get(), static_cast<mode_t>(mode));
  const bool bound =
      listener && bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (!bound || listen(listener.get(), 16) != 0 ||
      chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
    return fail(Exit::RunTime, label + ": cannot listen: " + strerror(errno),
                "check that its folder exists and may be written to");
  }
  auto sink = std::make_unique<UnixSink>(path, network, reader_bytes, readers, std::move(listener));
  sink->start();
  return sink;
}

}  // namespace tracee
