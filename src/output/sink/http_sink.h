// SPDX-License-Identifier: Apache-2.0
// What every output over HTTP does: a body of several events is posted until the
// server takes it, refuses it for good, or there is no time left.
#pragma once

#include <string>
#include <string_view>

#include "output/sink/http.h"
#include "output/sink/network.h"

namespace tracee {

class HttpSink : public NetworkSink {
 protected:
  HttpSink(std::string_view kind, HttpSettings http, const NetworkSettings& network);

  // Posts the body of `events` events and counts what became of them.
  void post(std::string_view body, const std::string& content_type, size_t events);

  // How many of them a server that took the body has refused.
  virtual uint64_t refused(const PostAnswer&) { return 0; }

 private:
  HttpPoster client_;
  Backoff backoff_;
};

}  // namespace tracee
