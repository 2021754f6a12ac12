// SPDX-License-Identifier: Apache-2.0
// The HTTP server of --metrics: /metrics, /healthz and /readyz, on a thread of its own.
// It knows only texts that others have made, so a client never waits for tracing, nor
// tracing for a client. Clients are strangers: their number, what they may send and how
// long they may stay are bounded.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"

namespace tracee {

class MetricsServer {
 public:
  // `address`: PORT (of the loopback address), ADDRESS:PORT or [ADDRESS]:PORT.
  // Errors: Exit::Usage for an address that is none, Exit::RunTime for one that
  // cannot be had.
  static Result<std::unique_ptr<MetricsServer>> open(const std::string& address);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // What /metrics says from now on. Until the first time /readyz says no; when there
  // was none for half a minute /healthz does, unless `idle`: there is nothing to do.
  void publish(std::string metrics, bool idle);

  // ADDRESS:PORT as it is, for people.
  const std::string& where() const noexcept { return where_; }

 private:
  struct State;
  MetricsServer();
  void serve();

  std::unique_ptr<State> state_;
  std::string where_;
};

}  // namespace tracee
