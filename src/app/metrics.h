// SPDX-License-Identifier: Apache-2.0
// What --metrics shows: the counters of all rooms as Prometheus takes them, written
// once a second by the worker's thread, which owns them. docs/metrics.md lists them.
#pragma once

#include <memory>
#include <string>

#include "app/metrics_server.h"
#include "app/pipeline.h"
#include "base/result.h"

namespace tracee {

class LiveSource;
struct ReplayCounts;

// The whole page. `live` or `file` is null.
std::string metrics_page(const Pipeline& pipeline, const LiveSource* live,
                         const ReplayCounts* file);

// Does nothing unless metrics were asked for.
class Monitor {
 public:
  Monitor() = default;
  // `address` empty: they were not. Says where they are.
  static Result<Monitor> open(const std::string& address);

  bool is_on() const noexcept { return server_ != nullptr; }
  // Publishes, if the last time is a second ago.
  void tend(int64_t now_ms, const Pipeline& pipeline, const LiveSource& live);
  void tend(int64_t now_ms, const Pipeline& pipeline, const ReplayCounts& file, bool idle);

 private:
  bool is_due(int64_t now_ms, bool idle) noexcept;

  std::unique_ptr<MetricsServer> server_;
  int64_t published_ms_ = -1'000'000;
  bool idle_ = false;
};

}  // namespace tracee
