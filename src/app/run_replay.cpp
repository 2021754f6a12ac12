// SPDX-License-Identifier: Apache-2.0
#include "app/run.h"
#include "app/signals.h"
#include "app/summary.h"
#include "capture/replay.h"

namespace tracee {

Result<> run_replay(const Options& options, Pipeline& pipeline) {
  auto opened = ReplaySource::open(options.input, stop_fd());
  if (!opened) return forward(opened);
  ReplaySource& source = **opened;
  if (options.duration) stop_after(*options.duration);
  // A pipe that has nothing to give must not hold back what it has given.
  source.when_waiting([&pipeline] { pipeline.flush(); });
  Record record;
  while (!stop_requested() && !pipeline.finished()) {
    if (source.next(record) != ReplaySource::Next::Packet) break;
    reload_if_asked(pipeline);
    pipeline.on_record(record);
  }
  pipeline.finish(0);
  say_summary(source.counts(), pipeline);
  if (const std::string problem = source.problem(); !problem.empty()) {
    return fail(Exit::RunTime, problem, "everything before that was decoded");
  }
  return {};
}

}  // namespace tracee
