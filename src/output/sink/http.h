// SPDX-License-Identifier: Apache-2.0
// HTTP requests. http.cpp is the only file that knows libcurl.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "output/settings.h"

namespace tracee {

// Whom to ask, and how. Its options are those of every output over HTTP.
struct HttpSettings {
  std::string url;    // with everything, for the request
  std::string where;  // without anything secret, for messages
  std::string user, password, token;
  std::vector<std::string> headers;
  std::chrono::milliseconds timeout;
  std::string ca_file, certificate_file, key_file;
  bool verify = true;
  uint64_t retries = 0;  // after the first attempt; UINT64_MAX: until it works
  std::chrono::milliseconds retry_most;

  // `kind`: "webhook"; `path` is used when the place has none.
  static Result<HttpSettings> read(std::string_view kind, const std::string& place,
                                   std::string_view path, Settings& settings);
};

struct PostAnswer {
  int status = 0;       // 0: there was none
  std::string problem;  // of a request without an answer
  std::string body;     // its first kilobytes
  std::chrono::milliseconds retry_after{0};

  bool good() const { return status >= 200 && status < 300; }
  // Whether the same request may succeed later.
  bool worth_retrying() const {
    return status == 0 || status == 408 || status == 425 || status == 429 || status >= 500;
  }
  // For people: "answered 503", "cannot connect …".
  std::string said() const;
};

class HttpPoster {
 public:
  // `stop` is asked while a request is under way; true: give it up.
  HttpPoster(HttpSettings settings, std::function<bool()> stop);
  ~HttpPoster();
  HttpPoster(HttpPoster&&) = delete;

  // One at a time; connections are kept.
  PostAnswer post(std::string_view body, const std::string& content_type);

  const HttpSettings& settings() const { return settings_; }

 private:
  struct Handles;
  const HttpSettings settings_;
  const std::function<bool()> stop_;
  std::unique_ptr<Handles> handles_;
};

}  // namespace tracee
