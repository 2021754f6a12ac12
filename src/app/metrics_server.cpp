// SPDX-License-Identifier: Apache-2.0
// The only file that knows libmicrohttpd.
#include "app/metrics_server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "base/fd.h"
#include "base/late_library.h"
#include "base/thread.h"

namespace tracee {
namespace {

using Clock = std::chrono::steady_clock;

// Bounds of what strangers may take.
constexpr unsigned kConnections = 32;
constexpr size_t kConnectionBytes = 16 * 1024;  // of a request, and of our head
constexpr std::chrono::seconds kConnectionTime(5);
constexpr std::chrono::seconds kAlive(30);

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

struct Microhttpd : LateLibrary {
  Microhttpd() : LateLibrary(TRACEE_LIBMICROHTTPD, "libmicrohttpd12") {}
  decltype(&::MHD_add_response_header) add_header{find("MHD_add_response_header")};
  decltype(&::MHD_create_response_from_buffer) create_response{
      find("MHD_create_response_from_buffer")};
  decltype(&::MHD_destroy_response) destroy_response{find("MHD_destroy_response")};
  decltype(&::MHD_get_connection_info) info_of{find("MHD_get_connection_info")};
  decltype(&::MHD_get_daemon_info) daemon_info{find("MHD_get_daemon_info")};
  decltype(&::MHD_get_timeout) timeout{find("MHD_get_timeout")};
  decltype(&::MHD_queue_response) queue{find("MHD_queue_response")};
  decltype(&::MHD_run) run{find("MHD_run")};
  decltype(&::MHD_start_daemon) start{find("MHD_start_daemon")};
  decltype(&::MHD_stop_daemon) stop{find("MHD_stop_daemon")};
};

const Microhttpd& microhttpd() {
  static const Microhttpd kLibrary;
  return kLibrary;
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> parse_address(const std::string& text) {
  const size_t colon = text.rfind(':');
  std::string host = colon == text.npos ? "127.0.0.1" : text.substr(0, colon);
  const std::string port_text = colon == text.npos ? text : text.substr(colon + 1);
  uint16_t port = 0;
  const char* const end = port_text.data() + port_text.size();
  const auto parsed = std::from_chars(port_text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  Address out;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
    if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
    return out;
  }
  if (host == "localhost") host = "127.0.0.1";
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(port);
  out.size = sizeof *v4;
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return std::nullopt;
  return out;
}

std::string shown(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(v6->sin6_port));
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
  inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  return fmt::format("{}:{}", text, ntohs(v4->sin_port));
}

// Our own socket, so that the library's error is not "failed".
Result<Fd> listen_at(const Address& address) {
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int one = 1;
  if (fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0 &&
      ::listen(fd.get(), static_cast<int>(kConnections)) == 0) {
    return fd;
  }
  return fail(Exit::RunTime,
              "--metrics: cannot listen at " + shown(address) + ": " + std::strerror(errno),
              "choose another port, or an address of this host");
}

}  // namespace

struct MetricsServer::State {
  Fd socket, stop;
  MHD_Daemon* daemon = nullptr;
  std::thread thread;
  // Of each connection the socket and when it came. The server's thread only.
  std::map<MHD_Connection*, std::pair<int, Clock::time_point>> connections;
  uint64_t requests = 0;

  std::mutex lock;  // what follows
  std::string metrics;
  bool ready = false, idle = false;
  Clock::time_point published;

  static void on_connection(void* self, MHD_Connection* connection, void**,
                            MHD_ConnectionNotificationCode code) {
    auto& state = *static_cast<State*>(self);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      state.connections.erase(connection);
      return;
    }
    const auto* info = microhttpd().info_of(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != nullptr) state.connections[connection] = {info->connect_fd, Clock::now()};
  }

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char*, const char*, size_t*, void**) {
    return static_cast<State*>(self)->answer(connection, url, method);
  }

  MHD_Result answer(MHD_Connection* connection, std::string_view url, std::string_view method) {
    ++requests;
    if (method != "GET" && method != "HEAD") {
      return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n", kText);
    }
    const std::lock_guard guard(lock);
    if (url == "/metrics" && ready) {
      const auto age = std::chrono::duration<double>(Clock::now() - published).count();
      return reply(connection, MHD_HTTP_OK,
                   metrics + fmt::format("# HELP tracee_metrics_age_seconds Since these numbers "
                                         "were taken.\n# TYPE tracee_metrics_age_seconds gauge\n"
                                         "tracee_metrics_age_seconds {:.3f}\n"
                                         "# HELP tracee_metrics_requests_total Requests answered.\n"
                                         "# TYPE tracee_metrics_requests_total counter\n"
                                         "tracee_metrics_requests_total {}\n",
                                         age, requests),
                   kMetricsText);
    }
    if (url == "/metrics" || url == "/readyz") {
      return ready ? reply(connection, MHD_HTTP_OK, "ready\n", kText)
                   : reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "not tracing yet\n", kText);
    }
    if (url == "/healthz") {
      const bool stuck = ready && !idle && Clock::now() - published > kAlive;
      return stuck ? reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "tracing does not go on\n",
                           kText)
                   : reply(connection, MHD_HTTP_OK, "ok\n", kText);
    }
    return reply(connection, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n",
                 kText);
  }

  static MHD_Result reply(MHD_Connection* connection, unsigned status, std::string text,
                          const char* type) {
    MHD_Response* response =
        microhttpd().create_response(text.size(), text.data(), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    (void)microhttpd().add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)microhttpd().add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    (void)microhttpd().add_header(response, "X-Content-Type-Options", "nosniff");
    const MHD_Result queued = microhttpd().queue(connection, status, response);
    microhttpd().destroy_response(response);
    return queued;
  }

  // One who sends a byte now and then would stay for ever.
  void end_old_connections() {
    const auto now = Clock::now();
    for (const auto& [connection, what] : connections) {
      if (now - what.second > kConnectionTime) (void)::shutdown(what.first, SHUT_RDWR);
    }
  }
};

MetricsServer::MetricsServer() : state_(std::make_unique<State>()) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(const std::string& address) {
  const auto parsed = parse_address(address);
  if (!parsed) {
    return fail(Exit::Usage, "--metrics: '" + address + "' is not an address and a port",
                "write 9466, 127.0.0.1:9466 or [::1]:9466; 0.0.0.0:9466 is for everybody");
  }
  if (auto loaded = microhttpd().loaded(); !loaded) return forward(loaded);
  auto socket = listen_at(*parsed);
  if (!socket) return forward(socket);
  std::unique_ptr<MetricsServer> out(new MetricsServer);
  State& state = *out->state_;
  state.socket = std::move(*socket);
  state.stop = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  Address bound;
  bound.size = sizeof bound.storage;
  (void)::getsockname(state.socket.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size);
  out->where_ = shown(bound);
  state.daemon = microhttpd().start(
      MHD_USE_EPOLL, 0, nullptr, nullptr, &State::on_request, &state, MHD_OPTION_LISTEN_SOCKET,
      state.socket.get(), MHD_OPTION_CONNECTION_LIMIT, kConnections,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionBytes, MHD_OPTION_CONNECTION_TIMEOUT,
      static_cast<unsigned>(kConnectionTime.count()), MHD_OPTION_NOTIFY_CONNECTION,
      &State::on_connection, &state, MHD_OPTION_END);
  if (state.daemon == nullptr || !state.stop) {
    return fail(Exit::RunTime, "--metrics: cannot start the server", "raise the open-file limit");
  }
  (void)state.socket.release();  // the daemon closes it
  state.thread = start_thread([server = out.get()] { server->serve(); });
  return out;
}

MetricsServer::~MetricsServer() {
  if (state_->thread.joinable()) {
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(state_->stop.get(), &one, sizeof one);
    state_->thread.join();
  }
  if (state_->daemon != nullptr) microhttpd().stop(state_->daemon);
}

void MetricsServer::serve() {
  constexpr int kLookMs = 1000;
  const auto* info = microhttpd().daemon_info(state_->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  pollfd ready[] = {{info->epoll_fd, POLLIN, 0}, {state_->stop.get(), POLLIN, 0}};
  while (true) {
    MHD_UNSIGNED_LONG_LONG limit = kLookMs;
    const bool has_limit = microhttpd().timeout(state_->daemon, &limit) == MHD_YES;
    const int wait =
        has_limit ? static_cast<int>(std::min<unsigned long long>(limit, kLookMs)) : kLookMs;
    poll(ready, std::size(ready), wait);
    if ((ready[1].revents & POLLIN) != 0) return;
    microhttpd().run(state_->daemon);
    state_->end_old_connections();
  }
}

void MetricsServer::publish(std::string metrics, bool idle) {
  const std::lock_guard guard(state_->lock);
  state_->metrics.swap(metrics);
  state_->ready = true;
  state_->idle = idle;
  state_->published = Clock::now();
}

}  // namespace tracee
