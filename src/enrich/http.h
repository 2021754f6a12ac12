// SPDX-License-Identifier: Apache-2.0
// One request over a UNIX socket, by libcurl; without it each request has failed. Blocks, but no
// longer than the client's time and bytes allow.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tracee {

struct Reply {
  enum class State { Answered, NoSocket, Failed, Late };
  State state = State::Failed;
  int status = 0;        // HTTP's
  int grpc_status = -1;  // call(); -1: none came
  std::string body;      // of call(): the message without its frame
};

class HttpClient {
 public:
  static constexpr long kTimeMs = 2000;
  static constexpr size_t kBytes = size_t{4} << 20;

  // A request ends early, within a second, once `ending`.
  HttpClient(std::string socket, const std::atomic<bool>& ending, long time_ms = kTimeMs);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Reply get(const std::string& path);
  // One gRPC call: one message there, one back. `headers`: as in "name: value".
  Reply call(const std::string& method, std::string_view message,
             const std::vector<std::string>& headers = {});

 private:
  struct Handle;
  // False: no request can be made, and `reply` says why.
  bool prepare(Reply& reply);

  std::string socket_;
  const std::atomic<bool>& ending_;
  long time_ms_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace tracee
