// SPDX-License-Identifier: Apache-2.0
#include "enrich/http.h"

#include <curl/curl.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <mutex>

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

}  // namespace

struct HttpClient::Handle {
  CURL* curl = curl_easy_init();
  Handle() = default;
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Reply run(const std::string& socket, const std::string& path, long time_ms,
            const std::atomic<bool>& ending) {
    Reply reply;
    if (curl == nullptr) return reply;
    if (::access(socket.c_str(), F_OK) != 0) {
      reply.state = Reply::State::NoSocket;
      return reply;
    }
    const std::string url = "http://localhost" + path;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, time_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    // A second call of gRPC on one connection fails in libcurl 7.88.
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply.grpc_status);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &is_ending);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &ending);
    const CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    reply.state = code == CURLE_OK                   ? Reply::State::Answered
                  : code == CURLE_OPERATION_TIMEDOUT ? Reply::State::Late
                  : code == CURLE_COULDNT_CONNECT    ? Reply::State::NoSocket
                                                     : Reply::State::Failed;
    return reply;
  }
};

HttpClient::HttpClient(std::string socket, const std::atomic<bool>& ending, long time_ms)
    : socket_(std::move(socket)), ending_(ending), time_ms_(time_ms) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_ = std::make_unique<Handle>();
}

HttpClient::~HttpClient() = default;

Reply HttpClient::get(const std::string& path) {
  curl_easy_reset(handle_->curl);
  return handle_->run(socket_, path, time_ms_, ending_);
}

Reply HttpClient::call(const std::string& method, std::string_view message,
                       const std::vector<std::string>& headers) {
  CURL* const curl = handle_->curl;
  curl_easy_reset(curl);
  const std::string body = framed(message);
  curl_slist* list = nullptr;
  for (const char* header : {"Content-Type: application/grpc", "TE: trailers", "Expect:"}) {
    list = curl_slist_append(list, header);
  }
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE});
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  Reply reply = handle_->run(socket_, method, time_ms_, ending_);
  curl_slist_free_all(list);
  if (reply.state == Reply::State::Answered && reply.grpc_status == 0 && !unframe(reply.body)) {
    reply.state = Reply::State::Failed;
  }
  return reply;
}

}  // namespace tracee
