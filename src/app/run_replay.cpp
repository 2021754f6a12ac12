// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/confine.h"
#include "app/metrics.h"
#include "app/replay_workers.h"
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
  explicit Ticker(Monitor monitor) : monitor_(std::move(monitor)) {}

  // After some records, the last of this time.
  void look(uint64_t time_ns, const ReplayCounts& counts, Pipeline& pipeline) {
    time_ns_ = time_ns;
    if (Clock::now() - ticked_ >= std::chrono::milliseconds(100)) tick(counts, pipeline);
  }

  // `idle`: the file has nothing to give.
  void tick(const ReplayCounts& counts, Pipeline& pipeline, bool idle = false) {
    ticked_ = Clock::now();
    pipeline.tick();
    say_notices(pipeline);
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(ticked_.time_since_epoch());
    monitor_.tend(now.count(), pipeline, counts, idle);
    if (ticked_ - reported_ >= std::chrono::seconds(1)) report_loss(pipeline);
  }

  void report_loss(Pipeline& pipeline) {
    const auto now = Clock::now();
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - reported_);
    reported_ = now;
    pipeline.report_output_loss(static_cast<uint64_t>(passed.count()), time_ns_);
  }

 private:
  Monitor monitor_;
  uint64_t time_ns_ = 0;  // of the last record: a replay has no other clock
  Clock::time_point ticked_ = Clock::now(), reported_ = ticked_;
};

// Why one worker has to do it; null: several can.
const char* why_one(const struct stat& file, const Options& options, const Pipeline& pipeline) {
  if (!S_ISREG(file.st_mode)) return "the input is no regular file";
  if (options.count) return "--count stops at an event";
  if (pipeline.detectors() != nullptr) return "detectors see events in their order";
  if (!pipeline.captures().empty()) return "packets are written too";
  if (!options.policies.empty()) return "policies can be read again while it runs";
  const auto& outputs = pipeline.outputs();
  const bool have_parts =
      std::ranges::all_of(outputs, [](const auto& output) { return output->has_parts(); });
  return have_parts ? nullptr : "an output sorts events or counts time from the first";
}

size_t worker_count(const Options& options, const Pipeline& pipeline) {
  constexpr unsigned kMostByDefault = 4;
  // Of a smaller file the start is most of the time.
  constexpr off_t kSmallFile = 4 << 20;
  if (options.workers && *options.workers == 1) return 1;
  struct stat file {};
  if (::stat(options.input.c_str(), &file) != 0) file.st_mode = 0;  // `-`, or one that is gone
  const char* reason = why_one(file, options, pipeline);
  if (options.workers) {
    if (reason == nullptr) return *options.workers;
    say(std::string("--workers: one worker only, because ") + reason);
    return 1;
  }
  if (reason != nullptr || file.st_size < kSmallFile) return 1;
  return std::clamp(std::thread::hardware_concurrency(), 1u, kMostByDefault);
}

void replay_alone(ReplaySource& source, Pipeline& pipeline, Ticker& ticker) {
  constexpr uint32_t kRecords = 256;
  uint32_t records = 0;
  // A pipe that has nothing to give must not hold back what it has given.
  source.when_waiting([&] {
    serve_requests(pipeline);
    ticker.tick(source.counts(), pipeline, true);
  });
  Record record;
  while (!stop_requested() && !pipeline.finished()) {
    if (source.next(record) != ReplaySource::Next::Packet) break;
    serve_requests(pipeline);
    pipeline.on_record(record);
    if (++records % kRecords == 0) ticker.look(record.time_ns, source.counts(), pipeline);
  }
}

}  // namespace

Result<> run_replay(const Options& options, Pipeline& pipeline, const WorkerMaker& make) {
  auto monitor = Monitor::open(options.metrics);
  if (!monitor) return forward(monitor);
  auto opened = ReplaySource::open(options.input, stop_fd());
  if (!opened) return forward(opened);
  ReplaySource& source = **opened;
  std::unique_ptr<ReplayWorkers> workers;
  if (const size_t count = worker_count(options, pipeline); count > 1) {
    auto made = ReplayWorkers::make(count, pipeline, make);
    if (!made) return forward(made);
    workers = std::move(*made);
  }
  if (auto confined = confine(); !confined) return confined;
  if (options.duration) stop_after(*options.duration);
  Ticker ticker(std::move(*monitor));
  ticker.tick(source.counts(), pipeline);
  if (workers) {
    workers->run(source, [&](const ReplayLane& lane) {
      serve_requests(pipeline);
      ticker.look(lane.time_ns(), lane.counts(), pipeline);
      return !pipeline.finished();
    });
  } else {
    replay_alone(source, pipeline, ticker);
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
