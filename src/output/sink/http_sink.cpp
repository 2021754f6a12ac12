// SPDX-License-Identifier: Apache-2.0
#include "output/sink/http_sink.h"

#include <algorithm>

namespace tracee {

HttpSink::HttpSink(std::string_view kind, HttpSettings http, const NetworkSettings& network)
    : NetworkSink(std::string(kind) + ":" + http.where, network),
      client_(std::move(http), [this] { return give_up(); }),
      backoff_(std::chrono::milliseconds(100), client_.settings().retry_most) {}

void HttpSink::post(std::string_view body, const std::string& content_type, size_t events) {
  for (uint64_t attempt = 0;; ++attempt) {
    const PostAnswer answer = client_.post(body, content_type);
    if (answer.good()) {
      const uint64_t bad = std::min<uint64_t>(refused(answer), events);
      backoff_.reset();
      if (bad > 0) {
        trouble("refused " + std::to_string(bad) + " events", "they are dropped");
        undeliverable(bad);
      } else {
        trouble_over();
      }
      return delivered(events - bad, body.size());
    }
    const bool again = answer.worth_retrying() && attempt < client_.settings().retries;
    trouble(answer.said(), again ? "trying again" : "its events are dropped");
    if (!again) break;
    if (!pause(std::max(backoff_.next(), answer.retry_after))) break;
  }
  undeliverable(events);
}

}  // namespace tracee
