// SPDX-License-Identifier: Apache-2.0
#include "enrich/http.h"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>

#include "base/libcurl.h"

namespace tracee {
namespace {

constexpr size_t kFrame = 5;  // a flag and the length, in front of a message of gRPC

size_t take_body(char* data, size_t, size_t size, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size > HttpClient::kBytes) return 0;  // ends the transfer
  body.append(data, size);
  return size;
}

// gRPC's own status is among the headers behind the body.
size_t take_header(char* data, size_t, size_t size, void* to) {
  constexpr std::string_view kName = "grpc-status:";
  std::string_view line(data, size);
  if (line.starts_with(kName)) {
    line.remove_prefix(kName.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
    std::from_chars(line.data(), line.data() + line.size(), *static_cast<int*>(to));
  }
  return size;
}

int is_ending(void* ending, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(ending) ? 1 : 0;
}

std::string framed(std::string_view message) {
  const auto size = static_cast<uint32_t>(message.size());
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  return out.append(message);
}

// The first message of a body; false: there is none that is whole.
bool unframe(std::string& body) {
  if (body.size() < kFrame || body[0] != 0) return false;
  size_t size = 0;
  for (size_t i = 1; i < kFrame; ++i) size = size << 8 | static_cast<uint8_t>(body[i]);
  if (body.size() - kFrame < size) return false;
  body = body.substr(kFrame, size);
  return true;
}

// Without libcurl containers keep their ids for names; that is told once.
bool is_there() {
  static const bool kLoaded = [] {
    const auto loaded = libcurl().loaded();
    if (loaded) return true;
    std::fprintf(stderr, "tracee: container runtimes are not asked: %s; %s\n",
                 loaded.error().what.c_str(), loaded.error().hint.c_str());
    return false;
  }();
  return kLoaded;
}

}  // namespace

struct HttpClient::Handle {
  CURL* curl = libcurl().init();
  Handle() = default;
  ~Handle() { libcurl().cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Reply run(const std::string& socket, const std::string& path, long time_ms,
            const std::atomic<bool>& ending) {
    Reply reply;
    const std::string url = "http://localhost" + path;
    libcurl().set_option(curl, CURLOPT_URL, url.c_str());
    libcurl().set_option(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
    libcurl().set_option(curl, CURLOPT_TIMEOUT_MS, time_ms);
    libcurl().set_option(curl, CURLOPT_NOSIGNAL, 1L);
    // A second call of gRPC on one connection fails in libcurl 7.88.
    libcurl().set_option(curl, CURLOPT_FORBID_REUSE, 1L);
    libcurl().set_option(curl, CURLOPT_NOPROXY, "*");
    libcurl().set_option(curl, CURLOPT_WRITEFUNCTION, &take_body);
    libcurl().set_option(curl, CURLOPT_WRITEDATA, &reply.body);
    libcurl().set_option(curl, CURLOPT_HEADERFUNCTION, &take_header);
    libcurl().set_option(curl, CURLOPT_HEADERDATA, &reply.grpc_status);
    libcurl().set_option(curl, CURLOPT_NOPROGRESS, 0L);
    libcurl().set_option(curl, CURLOPT_XFERINFOFUNCTION, &is_ending);
    libcurl().set_option(curl, CURLOPT_XFERINFODATA, &ending);
    const CURLcode code = libcurl().perform(curl);
    long status = 0;
    libcurl().get_info(curl, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    reply.state = code == CURLE_OK                   ? Reply::State::Answered
                  : code == CURLE_OPERATION_TIMEDOUT ? Reply::State::Late
                  : code == CURLE_COULDNT_CONNECT    ? Reply::State::NoSocket
                                                     : Reply::State::Failed;
    return reply;
  }
};

HttpClient::HttpClient(std::string socket, const std::atomic<bool>& ending, long time_ms)
    : socket_(std::move(socket)), ending_(ending), time_ms_(time_ms) {}

HttpClient::~HttpClient() = default;

// The library is loaded only where somebody is to be asked.
bool HttpClient::prepare(Reply& reply) {
  if (::access(socket_.c_str(), F_OK) != 0) {
    reply.state = Reply::State::NoSocket;
    return false;
  }
  if (!handle_ && is_there()) handle_ = std::make_unique<Handle>();
  if (!handle_ || handle_->curl == nullptr) return false;
  libcurl().reset(handle_->curl);
  return true;
}

Reply HttpClient::get(const std::string& path) {
  Reply reply;
  if (!prepare(reply)) return reply;
  return handle_->run(socket_, path, time_ms_, ending_);
}

Reply HttpClient::call(const std::string& method, std::string_view message,
                       const std::vector<std::string>& headers) {
  Reply reply;
  if (!prepare(reply)) return reply;
  CURL* const curl = handle_->curl;
  const std::string body = framed(message);
  curl_slist* list = nullptr;
  for (const char* header : {"Content-Type: application/grpc", "TE: trailers", "Expect:"}) {
    list = libcurl().append(list, header);
  }
  for (const std::string& header : headers) list = libcurl().append(list, header.c_str());
  libcurl().set_option(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE});
  libcurl().set_option(curl, CURLOPT_POST, 1L);
  libcurl().set_option(curl, CURLOPT_POSTFIELDS, body.data());
  libcurl().set_option(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  libcurl().set_option(curl, CURLOPT_HTTPHEADER, list);
  reply = handle_->run(socket_, method, time_ms_, ending_);
  libcurl().free_list(list);
  if (reply.state == Reply::State::Answered && reply.grpc_status == 0 && !unframe(reply.body)) {
    reply.state = Reply::State::Failed;
  }
  return reply;
}

}  // namespace tracee
