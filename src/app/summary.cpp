// SPDX-License-Identifier: Apache-2.0
#include "app/summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

namespace tracee {
namespace {

void say_detectors(const Engine& engine, uint64_t findings) {
  uint64_t on = 0, errors = 0, evicted = 0;
  for (const Engine::Status& status : engine.status()) {
    on += status.on ? 1 : 0;
    errors += status.counters.errors;
    evicted += status.registered->detector->evicted();
  }
  say(fmt::format(
      "detectors: {} on, findings {}, errors {}, chains cut {}, out of room {}, keys forgotten {}",
      on, findings, errors, engine.counters().too_deep, engine.counters().out_of_room, evicted));
  for (const Engine::Status& status : engine.status()) {
    const DetectorCounters& counters = status.counters;
    const Detector& detector = *status.registered->detector;
    // Those that have nothing to tell would bury those that have.
    const bool quiet = counters.findings == 0 && counters.errors == 0 &&
                       counters.calls_by_time[3] == 0 && detector.evicted() == 0;
    if (quiet) continue;
    say(fmt::format(
        "detector {}: events {}, findings {}, errors {}, keys forgotten {}, calls over 1 ms {}, "
        "ms {:.1f}",
        detector.definition().id, counters.events, counters.findings, counters.errors,
        detector.evicted(), counters.calls_by_time[3],
        static_cast<double>(counters.took_ns) / 1e6));
  }
}

void say_events(const Pipeline& pipeline) {
  const DecodeCounters& decode = pipeline.decode_counters();
  const PipelineCounters& events = pipeline.counters();
  say(fmt::format("decode: received {}, malformed {}, truncated {}, shortened {}", events.received,
                  decode.malformed, decode.truncated, decode.arena_full));
  const StreamCounters& streams = decode.streams;
  say(
      fmt::format("streams: evicted {}, gaps {}, overlaps {}, resynchronised {}; fragments: "
                  "reassembled {}, given up {}",
                  streams.evicted, streams.gaps, streams.overlaps, streams.resyncs,
                  decode.fragments.datagrams, decode.fragments.given_up));
  if (events.unwanted > 0) say(fmt::format("pcap filter: left out {}", events.unwanted));
  if (events.of_others > 0) say(fmt::format("command: left out {} of others", events.of_others));
  say(fmt::format("events: decoded {}, filtered {}, matched {}", events.decoded, events.filtered,
                  events.matched));
  if (const Engine* detectors = pipeline.detectors()) say_detectors(*detectors, events.findings);
  for (const auto& output : pipeline.outputs()) {
    const OutputCounters counters = output->counters();
    std::string more;
    if (counters.sink.reader_dropped > 0) {
      more = fmt::format(" (missed by single readers: {})", counters.sink.reader_dropped);
    }
    say(fmt::format("output {}: matched {}, written {}, dropped {}{}", output->name(),
                    counters.matched, counters.written, counters.dropped, more));
  }
  for (const Capture& capture : pipeline.captures().all()) {
    const PacketCounters& counters = capture.sink->counters();
    say(fmt::format("capture {}: matched {}, written {}, dropped {}", capture.sink->name(),
                    counters.matched, counters.written, counters.dropped));
  }
}

// The reference ends its table with this.
void say_table_end(const Pipeline& pipeline, uint64_t lost) {
  const bool table = std::ranges::any_of(
      pipeline.outputs(), [](const auto& output) { return output->name().starts_with("table"); });
  if (!table) return;
  uint64_t unwritten = 0;
  for (const auto& output : pipeline.outputs()) unwritten += output->counters().dropped;
  fmt::print(stderr,
             "\nEnd of events stream\n"
             "Stats: {{EventCount:{} EventsFiltered:{} NetCapCount:{} BPFLogsCount:0 "
             "ErrorCount:{} LostEvCount:{} LostWrCount:{} LostNtCapCount:{} LostBPFLogsCount:0}}\n",
             pipeline.counters().matched, pipeline.counters().filtered,
             pipeline.counters().captured, pipeline.decode_counters().malformed, lost, unwritten,
             pipeline.captures().dropped());
}

}  // namespace

void say(std::string_view text) { fmt::print(stderr, "tracee: {}\n", text); }

void say_error(const Error& error) {
  say(error.what);
  if (!error.hint.empty()) fmt::print(stderr, "        {}\n", error.hint);
}

void say_notices(const Pipeline& pipeline) {
  for (const auto& output : pipeline.outputs()) {
    for (const std::string& text : output->take_notices()) say(text);
  }
}

void say_summary(const wire_counters& kernel, const wire_news_counters& news,
                 const Pipeline& pipeline) {
  const uint64_t lost = kernel.ring_full + kernel.load_failed + kernel.shed;
  say_table_end(pipeline, lost);
  say(fmt::format(
      "packets: seen {}, filtered {}, emitted {}, lost {} (ring full {}, unreadable {})",
      kernel.seen, kernel.filtered, kernel.emitted, lost, kernel.ring_full, kernel.load_failed));
  if (kernel.shed + kernel.cut > 0) {
    say(fmt::format("shed: packets {}, payloads {}", kernel.shed, kernel.cut));
  }
  if (const Enricher* enricher = pipeline.enricher()) {
    const ProcessTable& processes = enricher->processes();
    say(fmt::format("processes: known {}, evicted {}, news {}, lost {}", processes.size(),
                    processes.evicted(), news.emitted, news.lost));
    const ContainerTable& containers = enricher->containers();
    if (const size_t known = containers.known(); known > 0) {
      say(fmt::format("containers: known {}, cgroups {}, evicted {}", known, containers.groups(),
                      containers.evicted()));
    }
  }
  say_events(pipeline);
}

void say_summary(const ReplayCounts& file, const Pipeline& pipeline) {
  say_table_end(pipeline, 0);
  say(fmt::format("packets: read {}, without IP {}", file.read, file.no_ip));
  say_events(pipeline);
}

}  // namespace tracee
