// SPDX-License-Identifier: Apache-2.0
#include "app/metrics.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "app/summary.h"
#include "app/version.h"
#include "capture/live.h"
#include "capture/replay.h"
#include "wire/wire.h"

namespace tracee {
namespace {

constexpr int64_t kEveryMs = 1000;

// In the text format of Prometheus, version 0.0.4.
class Page {
 public:
  void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }
  void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }

  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  template <class Number>
  void sample(Labels labels, Number value) {
    text_ += name_;
    char before = '{';
    for (const auto& [key, text] : labels) {
      text_ += fmt::format("{}{}=\"{}\"", before, key, escaped(text));
      before = ',';
    }
    if (before == ',') text_ += '}';
    text_ += fmt::format(" {}\n", value);
  }
  template <class Number>
  void only(Number value) {
    sample({}, value);
  }
  std::string take() { return std::move(text_); }

 private:
  void family(std::string_view name, std::string_view help, std::string_view type) {
    name_ = "tracee_" + std::string(name);
    if (name.starts_with("process_")) name_ = name;  // the names that all exporters have
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name_, help, type);
  }
  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '\\' || c == '"') out += '\\';
      out += c;
    }
    return out;
  }

  std::string text_, name_;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double seconds_of_ns(uint64_t ns) { return static_cast<double>(ns) / 1e9; }

void put_process(Page& page) {
  page.gauge("build_info", "Which tracee this is; always 1.");
  page.sample({{"version", kVersion}}, 1);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  page.counter("process_cpu_seconds_total", "Processor time of tracee, user and system.");
  page.only(seconds(usage.ru_utime) + seconds(usage.ru_stime));
  page.gauge("process_resident_memory_bytes", "Memory of tracee that is resident.");
  uint64_t pages = 0, resident = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%lu %lu", &pages, &resident) != 2) resident = 0;  // NOLINT: the kernel's
    std::fclose(file);
  }
  page.only(resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
}

void put_events(Page& page, const Pipeline& pipeline) {
  const PipelineCounters& counters = pipeline.counters();
  page.counter("events_total", "Events that were selected, by kind.");
  for (const auto& [spec, count] : pipeline.event_counts()) {
    page.sample({{"event", spec->name}}, count);
  }
  page.counter("events_decoded_total", "Events that packets made.");
  page.only(counters.decoded);
  page.counter("events_filtered_total", "Events that the selection did not keep.");
  page.only(counters.filtered);
  page.counter("findings_total", "Events that detectors made.");
  page.only(counters.findings);
  page.counter("packets_received_total", "Packets that came to user space.");
  page.only(counters.received);
  page.counter("packets_attributed_total", "Packets, by how their owner is known.");
  for (size_t i = 0; i < std::size(kAttributions); ++i) {
    page.sample({{"attribution", kAttributions[i]}}, counters.by_attribution[i]);
  }
  const DecodeCounters& decode = pipeline.decode_counters();
  page.counter("parse_errors_total", "Headers and messages that are not what they should be.");
  page.sample({{"kind", "malformed"}}, decode.malformed);
  page.sample({{"kind", "truncated"}}, decode.truncated);
  page.sample({{"kind", "out_of_room"}}, decode.arena_full);
  page.counter("streams_total", "What happened to streams and fragmented datagrams.");
  page.sample({{"what", "evicted"}}, decode.streams.evicted);
  page.sample({{"what", "gap"}}, decode.streams.gaps);
  page.sample({{"what", "overlap"}}, decode.streams.overlaps);
  page.sample({{"what", "resynchronised"}}, decode.streams.resyncs);
  page.sample({{"what", "reassembled"}}, decode.fragments.datagrams);
  page.sample({{"what", "given_up"}}, decode.fragments.given_up);
  page.counter("reloads_total", "Times the selection was read again, by what came of it.");
  page.sample({{"result", "done"}}, counters.reloads);
  page.sample({{"result", "failed"}}, counters.failed_reloads);
  page.gauge("last_reload_timestamp_seconds", "When it was read last and taken; 0: never.");
  page.only(seconds_of_ns(counters.reloaded_ns));
}

void put_losses(Page& page, const Pipeline& pipeline, const wire_counters& kernel) {
  uint64_t dropped = 0;
  for (const auto& output : pipeline.outputs()) dropped += output->counters().dropped;
  page.counter("lost_events_total", "Packets and events that were lost, by where.");
  page.sample({{"stage", "ring_full"}}, kernel.ring_full);
  page.sample({{"stage", "load_failed"}}, kernel.load_failed);
  page.sample({{"stage", "shed"}}, kernel.shed);
  page.sample({{"stage", "payload"}}, kernel.cut);
  page.sample({{"stage", "output"}}, dropped);
  page.sample({{"stage", "capture"}}, pipeline.captures().dropped());
}

// Names of outputs are told apart: a series may stand once only.
std::vector<std::string> output_names(const Pipeline& pipeline) {
  std::vector<std::string> out;
  std::map<std::string, int> seen;
  for (const auto& output : pipeline.outputs()) {
    const int count = ++seen[output->name()];
    out.push_back(count == 1 ? output->name() : fmt::format("{}#{}", output->name(), count));
  }
  return out;
}

void put_outputs(Page& page, const Pipeline& pipeline) {
  const std::vector<std::string> names = output_names(pipeline);
  std::vector<OutputCounters> counters;
  for (const auto& output : pipeline.outputs()) counters.push_back(output->counters());
  const auto each = [&](auto value) {
    for (size_t i = 0; i < names.size(); ++i)
      page.sample({{"output", names[i]}}, value(counters[i]));
  };
  page.counter("output_events_total", "Events of an output, by what became of them.");
  for (size_t i = 0; i < names.size(); ++i) {
    page.sample({{"output", names[i]}, {"result", "matched"}}, counters[i].matched);
    page.sample({{"output", names[i]}, {"result", "written"}}, counters[i].written);
    page.sample({{"output", names[i]}, {"result", "dropped"}}, counters[i].dropped);
  }
  page.counter("output_bytes_total", "Bytes that an output delivered.");
  each([](const OutputCounters& c) { return c.sink.written_bytes; });
  page.gauge("output_queue_events", "Events that wait for the peer.");
  each([](const OutputCounters& c) { return c.sink.queue_events; });
  page.gauge("output_queue_bytes", "Bytes that wait for the peer.");
  each([](const OutputCounters& c) { return c.sink.queue_bytes; });
  page.gauge("output_queue_limit_bytes", "Bytes that may wait for the peer; 0: there is no queue.");
  each([](const OutputCounters& c) { return c.sink.queue_limit_bytes; });
  page.counter("output_failures_total", "Writes, requests and connections that failed.");
  each([](const OutputCounters& c) { return c.sink.failures; });
  page.counter("output_connections_total", "Connections made, first and later ones.");
  each([](const OutputCounters& c) { return c.sink.connections; });
  page.counter("output_reader_missed_total", "Events that single readers did not get.");
  each([](const OutputCounters& c) { return c.sink.reader_dropped; });
  page.gauge("output_up", "Whether nothing is wrong with an output.");
  for (size_t i = 0; i < names.size(); ++i) {
    page.sample({{"output", names[i]}}, pipeline.outputs()[i]->problem().empty() ? 1 : 0);
  }
  page.counter("capture_packets_total", "Packets of a capture, by what became of them.");
  for (const Capture& capture : pipeline.captures().all()) {
    const PacketCounters& packets = capture.sink->counters();
    page.sample({{"capture", capture.sink->name()}, {"result", "matched"}}, packets.matched);
    page.sample({{"capture", capture.sink->name()}, {"result", "written"}}, packets.written);
    page.sample({{"capture", capture.sink->name()}, {"result", "dropped"}}, packets.dropped);
  }
}

void put_detectors(Page& page, const Engine& engine) {
  const std::vector<Engine::Status> all = engine.status();
  const auto each = [&](auto value) {
    for (const Engine::Status& one : all) {
      page.sample({{"detector", one.registered->detector->definition().id}}, value(one));
    }
  };
  page.gauge("detector_on", "Whether a detector runs.");
  each([](const Engine::Status& one) { return one.on ? 1 : 0; });
  page.counter("detector_events_total", "Events given to a detector.");
  each([](const Engine::Status& one) { return one.counters.events; });
  page.counter("detector_findings_total", "Findings of a detector.");
  each([](const Engine::Status& one) { return one.counters.findings; });
  page.counter("detector_errors_total", "Exceptions of a detector, and findings that failed.");
  each([](const Engine::Status& one) { return one.counters.errors; });
  page.counter("detector_seconds_total", "Time spent in a detector that is a plugin.");
  each([](const Engine::Status& one) { return seconds_of_ns(one.counters.took_ns); });
}

struct Fill {
  std::string_view name;
  uint64_t used, capacity;
};

void put_kernel(Page& page, const LiveSource& live, const wire_counters& kernel) {
  page.counter("kernel_packets_total", "Packets in the kernel, by what became of them.");
  page.sample({{"result", "seen"}}, kernel.seen);
  page.sample({{"result", "filtered"}}, kernel.filtered);
  page.sample({{"result", "ring_full"}}, kernel.ring_full);
  page.sample({{"result", "load_failed"}}, kernel.load_failed);
  page.sample({{"result", "shed"}}, kernel.shed);
  page.sample({{"result", "emitted"}}, kernel.emitted);
  const wire_news_counters news = live.news_counters();
  page.counter("kernel_process_news_total", "News of processes and control groups.");
  page.sample({{"result", "emitted"}}, news.emitted);
  page.sample({{"result", "lost"}}, news.lost);
  const std::vector<ProgramTime> times = live.program_times();
  page.counter("bpf_program_seconds_total", "Time that a BPF program ran.");
  for (const ProgramTime& time : times) {
    page.sample({{"program", time.name}}, seconds_of_ns(time.ns));
  }
  page.counter("bpf_program_runs_total", "Times that a BPF program ran.");
  for (const ProgramTime& time : times) page.sample({{"program", time.name}}, time.runs);
}

void put_tables(Page& page, const LiveSource& live, const Enricher* enricher) {
  const auto [waiting, size] = live.ring_fill();
  std::vector<Fill> fills = {{"packets", waiting, size}};
  page.counter("table_evicted_total", "Entries that had to make room for others.");
  if (enricher != nullptr) {
    const ProcessTable& processes = enricher->processes();
    const ContainerTable& containers = enricher->containers();
    page.sample({{"table", "processes"}}, processes.evicted());
    page.sample({{"table", "containers"}}, containers.evicted());
    fills.push_back({"processes", processes.size(), ProcessTable::kCapacity});
    fills.push_back({"cgroups", containers.groups(), ContainerTable::kGroups});
  }
  page.gauge("map_used", "What is in use of a map or table: bytes of packets, else entries.");
  for (const Fill& fill : fills) page.sample({{"map", fill.name}}, fill.used);
  page.gauge("map_capacity", "What it can hold.");
  for (const Fill& fill : fills) page.sample({{"map", fill.name}}, fill.capacity);
}

}  // namespace

std::string metrics_page(const Pipeline& pipeline, const LiveSource* live,
                         const ReplayCounts* file) {
  Page page;
  const wire_counters kernel = live != nullptr ? live->counters() : wire_counters{};
  put_process(page);
  put_events(page, pipeline);
  put_losses(page, pipeline, kernel);
  put_outputs(page, pipeline);
  if (const Engine* engine = pipeline.detectors()) put_detectors(page, *engine);
  if (live != nullptr) {
    put_kernel(page, *live, kernel);
    put_tables(page, *live, pipeline.enricher());
  }
  if (file != nullptr) {
    page.counter("file_packets_total", "Packets that were read of the file.");
    page.only(file->read);
  }
  return page.take();
}

Result<Monitor> Monitor::open(const std::string& address) {
  Monitor out;
  if (address.empty()) return out;
  auto server = MetricsServer::open(address);
  if (!server) return forward(server);
  out.server_ = std::move(*server);
  say("metrics at http://" + out.server_->where() + "/metrics");
  return out;
}

bool Monitor::is_due(int64_t now_ms, bool idle) noexcept {
  if (server_ == nullptr || (now_ms - kEveryMs < published_ms_ && idle == idle_)) return false;
  published_ms_ = now_ms;
  idle_ = idle;
  return true;
}

void Monitor::tend(int64_t now_ms, const Pipeline& pipeline, const LiveSource& live) {
  if (is_due(now_ms, false)) server_->publish(metrics_page(pipeline, &live, nullptr), false);
}

void Monitor::tend(int64_t now_ms, const Pipeline& pipeline, const ReplayCounts& file, bool idle) {
  if (is_due(now_ms, idle)) server_->publish(metrics_page(pipeline, nullptr, &file), idle);
}

}  // namespace tracee
