// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <system_error>
#include <vector>

#include "app/capture_options.h"
#include "app/check.h"
#include "app/command.h"
#include "app/config.h"
#include "app/confine.h"
#include "app/describe.h"
#include "app/detector_watch.h"
#include "app/docs.h"
#include "app/footer.h"
#include "app/options.h"
#include "app/pipeline.h"
#include "app/process_view.h"
#include "app/run.h"
#include "app/signals.h"
#include "app/summary.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/sip_hash.h"
#include "event/lost_events.h"

namespace tracee {
namespace {

// What `top` and `report` look at when nothing is selected: each packet once, and
// what it carries. `top` counts IP packets without one of these transports too.
constexpr const char* kReportEvents =
    "net_packet_tcp,net_packet_udp,net_packet_icmp,net_packet_icmpv6,net_packet_dns,"
    "net_packet_http";
constexpr const char* kIpEvents = "net_packet_ipv4,net_packet_ipv6";

// Everything that detectors are, or an empty one; and what is wrong with some of them.
Result<std::unique_ptr<Detection>> load_detectors(const Options& options) {
  std::vector<const EventSpec*> all(packet_events().begin(), packet_events().end());
  all.push_back(&kLostEvents);
  DetectionOptions detection;
  detection.paths = options.detectors;
  detection.tracee_version = kVersion;
  detection.live = options.input.empty();
  detection.log = [](detection::Logger::Level, const std::string& line) { say(line); };
  auto loaded = Detection::load(all, std::move(detection));
  if (!loaded) return loaded;
  for (const Error& warning : (*loaded)->warnings()) say_error(warning);
  return loaded;
}

DecodeOptions decode_options(const Options& options, bool extended) {
  DecodeOptions out;
  out.extended = extended;
  std::ranges::copy(options.dns_ports, out.dns_ports);
  out.dns_port_count = options.dns_ports.size();
  // Nobody outside can know which connections share a bucket, whoever made the capture.
  out.streams.hash_seed = secret_key()[0];
  return out;
}

// Who asks for containers or pods wants to see them in the table.
bool asks_for_containers(const Options& options) {
  return std::ranges::any_of(options.scopes, [](const std::string& scope) {
    return scope != "not-container" &&
           (scope.find("container") != scope.npos || scope.starts_with("pod"));
  });
}

using Outputs = std::vector<std::unique_ptr<Output>>;

Result<Outputs> open_outputs(const std::vector<std::string>& specs, const OutputOptions& options,
                             const Catalog& catalog, const Captures& captures) {
  Outputs outputs;
  std::vector<std::string> places;
  for (const Capture& capture : captures.all()) {
    if (capture.sink->is_stdout()) places.emplace_back();
  }
  for (const std::string& spec : specs) {
    // Two writers of one file, or of standard output, would overwrite each other.
    if (!spec.starts_with("none")) {
      const std::string place = output_place(spec);
      if (std::ranges::find(places, place) != places.end()) {
        return fail(Exit::Usage, "--output: two outputs for one place: '" + redacted(spec) + "'",
                    "give each a file of its own, as in json:events.json");
      }
      places.push_back(place);
    }
    auto output = Output::open(spec, catalog, options);
    if (!output) return forward(output);
    outputs.push_back(std::move(*output));
  }
  return outputs;
}

// An output's own `events=` and `filter=`, which mean what --events and --filter do.
Result<OutputOptions::Filter> output_filter(const std::string& label, const std::string& events,
                                            const std::string& filter, const Catalog& catalog) {
  Wishes wishes;
  wishes.events = {events.empty() ? "*" : events};
  if (!filter.empty()) wishes.filters = {filter};
  auto selection = Selection::parse(wishes, catalog);
  if (!selection) {
    return fail(Exit::Usage, label + ": " + selection.error().what, selection.error().hint);
  }
  auto kept = std::make_shared<const Selection>(std::move(*selection));
  return [kept](const Event& event) { return kept->keeps(event); };
}

// The first output that failed is what the run failed of.
Result<> check_outputs(const Pipeline& pipeline) {
  for (const auto& output : pipeline.outputs()) {
    if (!output->problem().empty()) {
      return fail(Exit::RunTime, output->problem(), "check the free space and the path");
    }
  }
  for (const Capture& capture : pipeline.captures().all()) {
    if (!capture.sink->problem().empty()) {
      return fail(Exit::RunTime, capture.sink->problem(), "check the free space and the path");
    }
  }
  return {};
}

// Before outputs are opened, which start threads. `specs`: of the outputs.
Result<> prepare_confinement(const Options& options, const std::vector<std::string>& specs) {
  if (!options.confined) {
    if (options.user.empty()) return {};
    return fail(Exit::Usage, "--user and --no-confine exclude each other", "leave one of them out");
  }
  Confinement wanted;
  wanted.user = options.user;
  wanted.files_are_read_again = !options.policies.empty() || !options.detectors.empty();
  wanted.signals_others = !options.command.empty();
  for (const std::string& spec : specs) {
    std::string place = output_place(spec);
    constexpr std::string_view kUnix = "unix:";
    if (place.starts_with(kUnix)) place.erase(0, kUnix.size());
    if (!place.empty() && place.find("://") == place.npos) wanted.written.push_back(place);
  }
  if (!options.write.empty()) wanted.written.push_back(options.write);
  auto capture = parse_capture(options.capture);
  if (!capture) return forward(capture);
  if (*capture) wanted.written.push_back((*capture)->folder);
  return prepare_confinement(std::move(wanted));
}

// `top` and `report`.
Result<int> view(const Options& options, const Wishes& wishes, const Catalog& catalog,
                 const ProcessTree* tree, Selection selection,
                 const std::function<std::unique_ptr<Pipeline>(Selection)>& make) {
  if (!options.detectors.empty()) {
    return fail(Exit::Usage, "--detectors: top and report run no detectors",
                "make a log of findings with --output json");
  }
  if (options.verb == Options::Verb::Top) {
    if (auto prepared = prepare_confinement(options, {}); !prepared) return forward(prepared);
  }
  if (auto watched = watch_signals(); !watched) return forward(watched);
  auto done = options.verb == Options::Verb::Top
                  ? run_top(options, wishes, catalog, tree, make)
                  : run_report(options, catalog, *make(std::move(selection)));
  if (!done) return forward(done);
  return 0;
}

// The command, stopped before its first step; only it and its children are looked at.
Result<Command> prepare_command(const Options& options, Pipeline& pipeline,
                                const ProcessTree& tree) {
  const bool to_stdout = std::ranges::any_of(
      pipeline.outputs(), [](const auto& output) { return output->is_stdout(); });
  auto command = Command::prepare(options.command, to_stdout);
  if (!command) return command;
  pass_signals_to(command->pid_fd());
  pipeline.look_only_at(descends_test(tree, {command->host_pid()}, {}));
  return command;
}

Result<> run_pipeline(const Options& options, Pipeline& pipeline, Command* command,
                      const WorkerMaker& make_worker) {
  if (!options.input.empty()) return run_replay(options, pipeline, make_worker);
  if (options.workers && *options.workers > 1) say("--workers: a live trace has one worker");
  // A command has the terminal to itself.
  auto footer = command != nullptr ? std::nullopt : Footer::make(pipeline);
  return run_live(options, pipeline, footer ? &*footer : nullptr, command);
}

Result<std::optional<PcapFilter>> packet_filter(const Options& options) {
  if (options.pcap_filter.empty()) return std::optional<PcapFilter>();
  auto made = PcapFilter::make(options.pcap_filter);
  if (!made) return forward(made);
  return std::optional(std::move(*made));
}

void redact(Pipeline& pipeline, const Options& options) {
  pipeline.redact(options.redaction);
  if (!options.redaction.any() || pipeline.captures().empty()) return;
  say("--redact hides nothing in captures: their packets are whole; keep the files as you would "
      "the secrets in them");
}

Result<int> trace(const Options& options, std::unique_ptr<Detection> detection) {
  const Catalog& catalog = detection->catalog();
  const Wishes wishes{options.events, options.scopes, options.policies, options.filters};
  std::optional<Enricher> enricher;
  std::optional<ProcessView> processes;
  if (options.input.empty()) processes.emplace(enricher.emplace());
  const ProcessTree* tree = processes ? &*processes : nullptr;
  auto selection = Selection::parse(wishes, catalog, tree);
  if (!selection) return forward(selection);
  auto filtered = packet_filter(options);
  if (!filtered) return forward(filtered);
  const std::optional<PcapFilter>& packets = *filtered;
  if (options.explain_filters) {
    // A capture file has no kernel side.
    if (options.push_down && options.input.empty()) selection->push_down(&wire_wants);
    fmt::print("{}", explain_filters(*selection, options.pcap_filter));
    return {};
  }
  // Before any output is opened, and its header written.
  auto rights = options.input.empty() ? check_rights() : Result<>{};
  if (!rights) return forward(rights);
  const auto without_outputs = [&](Selection chosen) {
    auto made = std::make_unique<Pipeline>(std::move(chosen), decode_options(options, false),
                                           Outputs{}, options.count);
    if (packets) made->look_only_at(*packets);
    if (enricher) made->ask(*enricher, false);
    made->redact(options.redaction);
    return made;
  };
  if (options.verb == Options::Verb::Top || options.verb == Options::Verb::Report) {
    return view(options, wishes, catalog, tree, std::move(*selection), without_outputs);
  }
  std::vector<std::string> specs = options.outputs;
  auto output_options = take_options(specs);
  if (!output_options) return forward(output_options);
  FormatOptions& format = output_options->format;
  if (format.columns == Columns::Host && asks_for_containers(options)) {
    format.columns = Columns::Enriched;
  }
  // Relative times count from now, or from a file's first event.
  if (options.input.empty()) format.start_ns = clock_ns(CLOCK_REALTIME);
  output_options->world = {.live = options.input.empty(), .stop_requested = stop_requested};
  output_options->make_filter = [&](const std::string& label, const std::string& events,
                                    const std::string& filter) {
    return output_filter(label, events, filter, catalog);
  };
  if (auto prepared = prepare_confinement(options, specs); !prepared) return forward(prepared);
  const size_t wished = specs.size();
  auto captures = Captures::open(options, specs, catalog);
  if (!captures) return forward(captures);
  // Who only asked for a file of packets gets no table.
  const bool only_packets = !options.write.empty() || specs.size() < wished;
  if (specs.empty() && !only_packets) specs.emplace_back("table");
  auto outputs = open_outputs(specs, *output_options, catalog, *captures);
  if (!outputs) return forward(outputs);
  if (auto watched = watch_signals(); !watched) return forward(watched);
  const bool extended = output_options->format.extended;
  Pipeline pipeline(std::move(*selection), decode_options(options, extended), std::move(*outputs),
                    options.count);
  detection->engine().stores().ask(tree);
  const Detection& detectors = *detection;
  std::optional<DetectorWatch> watch;
  if (!detection->paths().empty()) {
    watch.emplace(detection->paths(), detection->files());
    pipeline.watch_with(&*watch);
    pipeline.detect_with(std::move(detection));
  }
  if (enricher) pipeline.ask(*enricher, output_options->exec_path);
  pipeline.capture_into(std::move(*captures));
  if (packets) pipeline.look_only_at(*packets);
  redact(pipeline, options);
  // A service that has nothing to read again is not ended by being asked to.
  const bool reloads = !wishes.policies.empty() || watch;
  if (reloads || std::getenv("NOTIFY_SOCKET") != nullptr) watch_reload();
  if (reloads) {
    pipeline.reload_from([&] { return Selection::parse(wishes, detectors.catalog(), tree); });
  }
  std::optional<Command> command;
  if (!options.command.empty()) {
    auto prepared = prepare_command(options, pipeline, *tree);
    if (!prepared) return forward(prepared);
    command.emplace(std::move(*prepared));
  }
  const auto make_worker = [&]() -> Result<std::unique_ptr<Pipeline>> {
    auto same = Selection::parse(wishes, detectors.catalog(), tree);
    if (!same) return forward(same);
    auto made = std::make_unique<Pipeline>(std::move(*same), decode_options(options, extended),
                                           Outputs{}, std::nullopt, &pipeline);
    if (packets) made->look_only_at(*packets);
    made->redact(options.redaction);
    return made;
  };
  auto done = run_pipeline(options, pipeline, command ? &*command : nullptr, make_worker);
  if (done) done = check_outputs(pipeline);
  if (!done) return forward(done);
  return command ? command->status().value_or(0) : 0;
}

Result<int> run(Options& options) {
  if (options.verb == Options::Verb::DetectorsTest) {
    return test_detectors(options, decode_options(options, false));
  }
  auto detection = load_detectors(options);
  if (!detection) return forward(detection);
  const Catalog& catalog = (*detection)->catalog();
  switch (options.verb) {
    case Options::Verb::DetectorsList:
      fmt::print("{}", list_detectors((*detection)->engine()));
      return {};
    case Options::Verb::DetectorsTest:
    case Options::Verb::Stop:
      break;
    case Options::Verb::List:
      fmt::print("{}", list_events(catalog));
      return {};
    case Options::Verb::Explain: {
      auto text = explain_event(catalog, options.explain);
      if (!text) return forward(text);
      fmt::print("{}", *text);
      return {};
    }
    case Options::Verb::Check:
      if (auto checked = check_host(options.attribution); !checked) return forward(checked);
      return 0;
    case Options::Verb::Docs:
      if (auto written = write_docs(options, catalog); !written) return forward(written);
      return 0;
    case Options::Verb::Filter:
      options.explain_filters = true;
      if (options.events.empty() && options.policies.empty()) options.events = {"*"};
      break;
    case Options::Verb::Top:
      if (options.events.empty() && options.policies.empty()) {
        options.events = {kReportEvents, kIpEvents};
      }
      break;
    case Options::Verb::Report:
      if (options.events.empty() && options.policies.empty()) options.events = {kReportEvents};
      break;
    case Options::Verb::Trace:
      break;
  }
  return trace(options, std::move(*detection));
}

Result<int> run(int argc, char** argv) {
  auto options = parse_options(argc, argv);
  const bool hidden = hide_secrets(argc, argv);
  if (!options) return forward(options);
  for (const std::string& warning : options->warnings) say(warning);
  if (options->verb == Options::Verb::Stop) {
    fmt::print("{}", options->text);
    return {};
  }
  if (options->dump_config) {
    fmt::print("{}", dump_config(*options));
    return {};
  }
  if (hidden) {
    say("a secret stood in the command line, where `ps` shows it to everybody; it is hidden now, "
        "but give it as NAME-file=PATH or NAME=env:VARIABLE");
  }
  auto done = run(*options);
  if (!done) return tl::unexpected<Error>(with_place(*options, std::move(done.error())));
  return done;
}

// Memory or a thread was refused where nobody could do without: said, not a core dump.
[[noreturn]] void end_for_lack() {
  const auto end = [](std::string_view text) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(static_cast<int>(Exit::RunTime));
  };
  try {
    if (const auto reason = std::current_exception()) std::rethrow_exception(reason);
  } catch (const std::bad_alloc&) {
    end("tracee: out of memory\n        raise its limit, or ask for less at once\n");
  } catch (const std::system_error&) {
    end("tracee: the system refuses a thread\n        raise its limit of tasks\n");
  } catch (...) {
  }
  std::abort();
}

}  // namespace
}  // namespace tracee

int main(int argc, char** argv) {
  std::set_terminate(tracee::end_for_lack);
  const auto done = tracee::run(argc, argv);
  if (done) return *done;
  tracee::say_error(done.error());
  return static_cast<int>(done.error().code);
}
