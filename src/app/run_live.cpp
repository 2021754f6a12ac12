// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "app/confine.h"
#include "app/metrics.h"
#include "app/run.h"
#include "app/service.h"
#include "app/signals.h"
#include "app/summary.h"
#include "base/clock.h"
#include "capture/live.h"

namespace tracee {
namespace {

constexpr int kFlushMs = 100;
constexpr int kLossMs = 1000;
constexpr int kSlackMs = 500;

// Tells the stream about kernel losses, at most once a second.
class LossReporter {
 public:
  explicit LossReporter(int64_t now) : reported_ms_(now) {}

  // When to look again, even if no packet comes: what was lost right before a
  // silence is told too.
  int64_t due_ms() const { return reported_ms_ + kLossMs; }

  // Packets, as of the last look.
  uint64_t lost() const { return ring_full_ + load_failed_ + shed_; }

  // Whether it was time to.
  bool look(const LiveSource& source, Pipeline& pipeline, int64_t now) {
    if (now < due_ms()) return false;
    report(source, pipeline, now);
    return true;
  }

  void report(const LiveSource& source, Pipeline& pipeline, int64_t now) {
    const wire_counters counters = source.counters();
    const auto interval = static_cast<uint64_t>(now - reported_ms_);
    reported_ms_ = now;
    one("ring_full", counters.ring_full, ring_full_, interval, pipeline);
    one("load_failed", counters.load_failed, load_failed_, interval, pipeline);
    one("shed", counters.shed, shed_, interval, pipeline);
    one("payload", counters.cut, cut_, interval, pipeline);
    pipeline.report_output_loss(interval, time_ns());
    one("capture", pipeline.captures().dropped(), uncaptured_, interval, pipeline);
  }

 private:
  static void one(std::string_view stage, uint64_t total, uint64_t& before, uint64_t interval_ms,
                  Pipeline& pipeline) {
    if (total != before) pipeline.report_loss(stage, total - before, interval_ms, time_ns());
    before = total;
  }
  static uint64_t time_ns() { return clock_ns(CLOCK_REALTIME); }

  int64_t reported_ms_;
  uint64_t ring_full_ = 0, load_failed_ = 0, shed_ = 0, cut_ = 0, uncaptured_ = 0;
};

// News of processes that found no room in the ring are made up for by a walk.
void catch_up(LiveSource& source, Pipeline& pipeline, uint64_t& lost_before) {
  const uint64_t lost = source.news_counters().lost;
  if (lost != lost_before) source.list_processes(pipeline);
  lost_before = lost;
}

// sched(7): this thread takes its turn like any other, but never cuts into another's when it
// wakes. Packets can wait, the ring is there for that; the work that is traced cannot. Threads
// and commands begun from here have the usual policy, and a policy that somebody chose stays.
void never_interrupt_others() noexcept {
  const sched_param none{};
  if (sched_getscheduler(0) == SCHED_OTHER)
    (void)sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none);
}

// The shorter of two poll() limits, of which -1 is none.
int sooner(int a, int64_t b) {
  const auto limit = static_cast<int>(std::max<int64_t>(b, 0));
  return a < 0 ? limit : std::min(a, limit);
}

LiveOptions live_options(const Options& options, const Pipeline& pipeline,
                         const struct wire_rules* rules, bool measure) {
  LiveOptions live;
  live.rules = rules;
  live.dns_ports = options.dns_ports;
  live.ring_bytes = options.ring_bytes;
  live.shed = options.shed;
  live.sampled_flows = options.sampled_flows;
  live.attribution = options.attribution;
  live.payload_bytes = pipeline.captures().payload_bytes();
  live.measure = measure;
  return live;
}

}  // namespace

Result<> run_live(const Options& options, Pipeline& pipeline, Companion* companion,
                  Command* command) {
  pipeline.push_down(options.push_down);
  const auto rules = pipeline.kernel_rules();
  auto monitor = Monitor::open(options.metrics);
  if (!monitor) return forward(monitor);
  auto opened = LiveSource::open(live_options(options, pipeline, rules.get(), monitor->is_on()));
  if (!opened) return forward(opened);
  LiveSource& source = **opened;
  if (!source.setback().empty())
    say("owners are known less exactly than this kernel promised: " + source.setback());
  if (!source.features().processes) {
    say("this kernel does not tell of processes: executables, trees and containers are not known");
  }
  pipeline.start_enricher(options.runtimes);
  source.list_processes(pipeline);
  // A pid namespace hides the host's pids from our /proc.
  if (own_host_pid() == static_cast<uint32_t>(getpid())) pipeline.read_command_lines();
  never_interrupt_others();
  if (auto confined = confine(); !confined) return confined;
  const std::string tracing = "tracing " + std::to_string(pipeline.event_count()) + " events";
  say(tracing);
  tell_service_manager("READY=1\nSTATUS=" + tracing);

  if (command != nullptr) {
    if (auto started = command->start(); !started) return started;
  }
  if (options.duration) stop_after(*options.duration);
  const int64_t start = clock_ms(CLOCK_MONOTONIC);
  LossReporter losses(start);
  Watchdog watchdog(start);
  monitor->tend(start, pipeline, source);
  int64_t flushed = start - kFlushMs;  // what comes first is shown at once
  uint64_t news_lost = 0;
  const bool to_stdout =
      std::ranges::any_of(pipeline.outputs(),
                          [](const auto& output) { return output->is_stdout(); }) ||
      std::ranges::any_of(pipeline.captures().all(),
                          [](const Capture& capture) { return capture.sink->is_stdout(); });
  // Without a requested event poll() still tells of a reader that has gone.
  pollfd ready[] = {{source.wait_fd(), POLLIN, 0},
                    {stop_fd(), POLLIN, 0},
                    {to_stdout ? STDOUT_FILENO : -1, 0, 0},
                    {request_fd(), POLLIN, 0},
                    {companion != nullptr ? companion->fd() : -1, POLLIN, 0},
                    {pipeline.answers_fd(), POLLIN, 0},
                    {command != nullptr ? command->pid_fd() : -1, POLLIN, 0}};

  const Pipeline::Apply apply = [&](const struct wire_rules& fresh) {
    source.change_rules(fresh, pipeline);
  };
  if (companion != nullptr) companion->begin(apply);

  const auto ended = [&] { return command != nullptr && command->status(); };
  while (!stop_requested() && !pipeline.finished() && !ended()) {
    int64_t now = clock_ms(CLOCK_MONOTONIC);
    int limit = sooner(source.before_wait(), losses.due_ms() - now);
    // A wake-up each second, which losses need anyway, serves what can wait that long.
    if (pipeline.waiting()) limit = sooner(limit, flushed + kFlushMs - now);
    if (companion != nullptr) limit = sooner(limit, companion->due_ms() - now);
    limit = sooner(limit, watchdog.due_ms(now));
    poll(ready, std::size(ready), limit);
    if ((ready[2].revents & POLLERR) != 0) {
      if (pipeline.outputs().size() == 1) break;
      ready[2].fd = -1;  // the others go on
    }
    pipeline.refresh();  // before the packets: names that have come are for them
    source.drain(pipeline);
    serve_requests(pipeline, apply);
    now = clock_ms(CLOCK_MONOTONIC);
    watchdog.tend(now);
    if (losses.look(source, pipeline, now)) {
      catch_up(source, pipeline, news_lost);
      source.follow_clock();
    }
    pipeline.refresh();
    // What was sent before may still be on its way.
    const auto real_ms = clock_ms(CLOCK_REALTIME) - kSlackMs;
    pipeline.on_time(static_cast<uint64_t>(real_ms) * 1'000'000);
    if (companion != nullptr && !companion->tend(now, losses.lost())) break;
    if (now - flushed >= kFlushMs) {
      pipeline.tick();
      say_notices(pipeline);
      monitor->tend(now, pipeline, source);
      flushed = now;
    }
  }
  if (companion != nullptr) companion->end();
  tell_service_manager("STOPPING=1");
  source.stop(pipeline);
  losses.report(source, pipeline, clock_ms(CLOCK_MONOTONIC));
  const wire_counters counters = source.counters();
  pipeline.finish(counters.ring_full + counters.load_failed + counters.shed);
  pipeline.close();
  say_notices(pipeline);
  say_summary(counters, source.news_counters(), pipeline);
  return {};
}

}  // namespace tracee
