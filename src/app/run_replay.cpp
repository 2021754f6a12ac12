// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "app/confine.h"
#include "app/metrics.h"
#include "app/run.h"
#include "app/signals.h"
#include "app/summary.h"
#include "capture/replay.h"

namespace tracee {
namespace {

using Clock = std::chrono::steady_clock;

// What a live run does by the clock. Looks at it now and then only.
class Ticker {
 public:
  Ticker(const ReplaySource& source, Monitor monitor)
      : source_(source), monitor_(std::move(monitor)) {}

  // After each record.
  void look(const Record& record, Pipeline& pipeline) {
    constexpr uint32_t kRecords = 256;
    time_ns_ = record.time_ns;
    if (++records_ % kRecords != 0) return;
    if (Clock::now() - ticked_ >= std::chrono::milliseconds(100)) tick(pipeline);
  }

  // `idle`: the file has nothing to give.
  void tick(Pipeline& pipeline, bool idle = false) {
    ticked_ = Clock::now();
    pipeline.tick();
    say_notices(pipeline);
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(ticked_.time_since_epoch());
    monitor_.tend(now.count(), pipeline, source_.counts(), idle);
    if (ticked_ - reported_ >= std::chrono::seconds(1)) report_loss(pipeline);
  }

  void report_loss(Pipeline& pipeline) {
    const auto now = Clock::now();
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - reported_);
    reported_ = now;
    pipeline.report_output_loss(static_cast<uint64_t>(passed.count()), time_ns_);
  }

 private:
  const ReplaySource& source_;
  Monitor monitor_;
  uint32_t records_ = 0;
  uint64_t time_ns_ = 0;  // of the last record: a replay has no other clock
  Clock::time_point ticked_ = Clock::now(), reported_ = ticked_;
};

}  // namespace

Result<> run_replay(const Options& options, Pipeline& pipeline) {
  auto monitor = Monitor::open(options.metrics);
  if (!monitor) return forward(monitor);
  auto opened = ReplaySource::open(options.input, stop_fd());
  if (!opened) return forward(opened);
  ReplaySource& source = **opened;
  if (auto confined = confine(); !confined) return confined;
  if (options.duration) stop_after(*options.duration);
  Ticker ticker(source, std::move(*monitor));
  ticker.tick(pipeline);
  // A pipe that has nothing to give must not hold back what it has given.
  source.when_waiting([&] {
    serve_requests(pipeline);
    ticker.tick(pipeline, true);
  });
  Record record;
  while (!stop_requested() && !pipeline.finished()) {
    if (source.next(record) != ReplaySource::Next::Packet) break;
    serve_requests(pipeline);
    pipeline.on_record(record);
    ticker.look(record, pipeline);
  }
  pipeline.flush();
  ticker.report_loss(pipeline);
  pipeline.finish(0);
  pipeline.close();
  say_notices(pipeline);
  say_summary(source.counts(), pipeline);
  if (const std::string problem = source.problem(); !problem.empty()) {
    return fail(Exit::RunTime, problem, "everything before that was decoded");
  }
  return {};
}

}  // namespace tracee
