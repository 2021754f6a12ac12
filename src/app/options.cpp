// SPDX-License-Identifier: Apache-2.0
// The only file that knows CLI11; its exceptions end here.
#include "app/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "app/version.h"
#include "decode/protocol.h"
#include "event/catalog.h"

namespace tracee {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// NUMBER UNIT, without a blank; the first unit counts for a bare number.
std::optional<uint64_t> number_with_unit(const std::string& text, std::span<const Unit> units,
                                         uint64_t bare_factor) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr == text.data()) return std::nullopt;
  const std::string_view unit(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
  uint64_t factor = unit.empty() ? bare_factor : 0;
  for (const Unit& known : units) {
    if (unit == known.name) factor = known.factor;
  }
  uint64_t result = 0;
  if (factor == 0 || __builtin_mul_overflow(number, factor, &result)) return std::nullopt;
  return result;
}

Result<std::vector<uint16_t>> parse_ports(const std::vector<std::string>& texts) {
  std::vector<uint16_t> ports;
  for (const std::string& text : texts) {
    uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) {
      return fail(Exit::Usage, "--dns-ports: '" + text + "' is not a port", "give 1 to 65535");
    }
    ports.push_back(port);
  }
  if (ports.size() > DecodeOptions::kMaxPorts) {
    return fail(Exit::Usage, "--dns-ports: more than 16 ports", "leave some out");
  }
  return ports;
}

Result<uint64_t> parse_count(const std::string& text) {
  const auto count = number_with_unit(text, {}, 1);
  if (!count || *count == 0) {
    return fail(Exit::Usage, "-c: '" + text + "' is not a number of events", "give 1 or more");
  }
  return *count;
}

Result<std::optional<BackEnd>> parse_attribution(const std::string& text) {
  const auto back_end = back_end_of(text);
  if (!back_end && text != "auto")
    return fail(Exit::Usage, "--attribution: '" + text + "' is not a way to know owners",
                "write auto, tracepoint, fentry or cgroup");
  return back_end;
}

Result<std::vector<RuntimeSocket>> parse_runtimes(const std::vector<std::string>& texts) {
  std::vector<RuntimeSocket> out;
  if (texts.size() == 1 && texts[0] == "none") return out;
  for (const std::string& text : texts) {
    auto socket = parse_runtime(text);
    if (!socket) return forward(socket);
    out.push_back(std::move(*socket));
  }
  return out;
}

// Reads the value of an option that is given.
template <class Text, class Value, class Parse>
Result<> take(const CLI::Option& option, const Text& text, Parse parse, Value& target) {
  if (option.count() == 0) return {};
  auto parsed = parse(text);
  if (!parsed) return forward(parsed);
  target = *parsed;
  return {};
}

// What CLI11 says of arguments it could not place, in our words.
Error unplaced(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with('-')) {
    std::vector<std::string> verbs;
    for (const CLI::App* verb : app.get_subcommands(nullptr)) verbs.push_back(verb->get_name());
    const std::vector<std::string_view> views(verbs.begin(), verbs.end());
    const std::string near = did_you_mean(argument, views);
    return {Exit::Usage, "unknown verb '" + argument + "'",
            near.empty() ? "see tracee --help" : near};
  }
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string near = did_you_mean(argument.substr(0, argument.find('=')), views);
  return {Exit::Usage, "unknown option '" + argument + "'",
          near.empty() ? "see tracee --help" : near};
}

constexpr const char* kFooter =
    "Examples:\n"
    "  tracee --output json --events net_packet_tcp.data.dst_port=80\n"
    "  tracee --events net_packet_dns,net_packet_http --input capture.pcap\n"
    "  tracee --output json:events.json -- curl example.com\n"
    "Exit codes: 0 done, 1 run-time failure, 2 usage, 3 missing privilege or kernel "
    "feature; with `-- COMMAND` that of the command.";

// What stands behind `--`; `argc` then counts what stands before.
Result<> take_command(int& argc, const char* const* argv, std::vector<std::string>& command) {
  const char* const* const end = argv + argc;
  const char* const* const dashes =
      std::find_if(argv, end, [](const char* word) { return std::string_view(word) == "--"; });
  if (dashes == end) return {};
  command.assign(dashes + 1, end);
  argc = static_cast<int>(dashes - argv);
  if (command.empty() || command.front().empty())
    return fail(Exit::Usage, "--: no command", "write it behind: tracee -- curl example.com");
  return {};
}

CLI::Option* add_repeated(CLI::App& app, const char* names, std::vector<std::string>& target,
                          const char* help) {
  return app.add_option(names, target, help)->expected(1)->allow_extra_args(false)->take_all();
}

// Those whose texts are taken as they are.
void add_plain_options(CLI::App& app, Options& out) {
  add_repeated(app, "-e,--events", out.events,
               "Select and filter events: NAME,…  PREFIX*  -NAME  tag=SET  NAME.data.FIELD=VALUE");
  add_repeated(app, "-s,--scope", out.scopes,
               "Restrict by process or container: comm=curl  uid>=1000  pid=4711  container");
  add_repeated(app, "-p,--policy", out.policies, "Select by policy files or folders (YAML, JSON)");
  add_repeated(
      app, "-f,--filter", out.filters,
      "Keep what an expression holds for: 'data.dst_port == 80 && process.name != \"curl\"'");
  add_repeated(app, "--detectors", out.detectors,
               "Load detectors: YAML files, plugins (.so), or folders of them");
  app.add_option("--pcap-filter", out.pcap_filter, "Look at these packets only; tcpdump's syntax");
  app.add_flag("--explain", out.explain_filters,
               "Show each rule's terms and where each is decided, then exit");
  app.add_flag("!--no-pushdown", out.push_down,
               "Decide nothing in the kernel; the same events, at a higher cost");
  add_repeated(
      app, "-o,--output", out.outputs,
      "json, json-v1, table, table-verbose, pcapng or none, with :FILE to write to a file; "
      "option:NAME");
  app.add_option("-w,--write", out.write, "Write packets with their owners to a pcapng file");
  add_repeated(app, "--capture", out.capture,
               "network, pcap:single,process,container,command, pcap-options:none|filtered, "
               "pcap-snaplen:96b, dir:PATH, clear-dir");
}

// What --help, the manual and the completions call the values of options.
constexpr std::pair<const char*, const char*> kValueNames[] = {
    {"--events", "EVENTS"},
    {"--scope", "SCOPE"},
    {"--policy", "PATH"},
    {"--filter", "EXPR"},
    {"--pcap-filter", "EXPR"},
    {"--output", "OUTPUT"},
    {"--input", "FILE"},
    {"-c", "COUNT"},
    {"--duration", "TIME"},
    {"--dns-ports", "PORT"},
    {"--ring-size", "SIZE"},
    {"--config", "FILE"},
    {"--write", "FILE"},
    {"--detectors", "PATH"},
    {"--capture", "WHAT"},
    {"--cri", "RUNTIME"},
    {"--attribution", "auto|tracepoint|fentry|cgroup"},
};

void name_values(CLI::App& app) {
  for (const auto& [option, name] : kValueNames) {
    if (auto* found = app.get_option_no_throw(option)) found->type_name(name);
  }
}

OptionDoc documented(const CLI::Option& option) {
  OptionDoc out;
  if (!option.get_lnames().empty()) out.long_name = option.get_lnames().front();
  if (!option.get_snames().empty()) out.short_name = option.get_snames().front();
  if (option.get_items_expected_max() > 0) out.value = option.get_type_name();
  // A check adds what it takes behind a colon.
  out.value = out.value.substr(0, out.value.find(':'));
  out.help = option.get_description();
  out.repeated = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  return out;
}

// The options and arguments of a verb, or of a verb's verb; each once.
void add_documented(const CLI::App& app, VerbDoc& verb) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames() == std::vector<std::string>{"help"}) continue;
    if (!option->get_positional()) {
      verb.options.push_back(documented(*option));
      continue;
    }
    const ArgumentDoc argument{option->get_type_name(), option->get_required(),
                               option->get_items_expected_max() > 1};
    if (std::ranges::find(verb.arguments, argument.name, &ArgumentDoc::name) ==
        verb.arguments.end()) {
      verb.arguments.push_back(argument);
    }
  }
}

// Everything that was declared, for `docs`.
CommandLine documented(const CLI::App& app) {
  CommandLine out;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) out.options.push_back(documented(*option));
  }
  for (const CLI::App* sub : app.get_subcommands(nullptr)) {
    VerbDoc verb{sub->get_name(), sub->get_description(), {}, {}};
    // `detectors list`: a verb of a verb is its first argument.
    std::string words;
    for (const CLI::App* word : sub->get_subcommands(nullptr)) {
      words += (words.empty() ? "" : "|") + word->get_name();
      add_documented(*word, verb);
    }
    if (!words.empty()) verb.arguments.insert(verb.arguments.begin(), {words, true, false});
    add_documented(*sub, verb);
    out.verbs.push_back(std::move(verb));
  }
  return out;
}

// Each verb's parser, and what is meant when it was given.
using Verbs = std::vector<std::pair<const CLI::App*, Options::Verb>>;

Verbs add_verbs(CLI::App& app, Options& out, std::string& expression) {
  CLI::App* list = app.add_subcommand("list", "Show events and sets");
  CLI::App* explain = app.add_subcommand("explain", "Show an event's fields, types and example");
  CLI::App* check = app.add_subcommand("check", "Show what this host allows");
  check->fallthrough();  // `tracee check --attribution fentry`
  explain->add_option("event", out.explain, "Name of the event")->required()->type_name("EVENT");
  CLI::App* filter = app.add_subcommand("filter", "Show what an expression asks, and where");
  filter->add_option("expression", expression, "As in --filter")->required()->type_name("EXPR");
  filter->add_flag("--explain", out.explain_filters, "What the verb does anyway");
  CLI::App* top = app.add_subcommand("top", "Show who talks to whom, by rate, full screen");
  // Its options are those of tracing, before or behind the verb.
  top->fallthrough();
  CLI::App* report = app.add_subcommand("report", "Make a page of a capture or a log of events");
  report->add_option("file", out.input, "pcap, pcapng, or a log of --output json (-: log)")
      ->required()
      ->type_name("FILE");
  report->add_option("--to", out.report_to, "Write the page to this file")->type_name("FILE");
  report->fallthrough();
  CLI::App* detectors = app.add_subcommand("detectors", "Show or test detectors");
  detectors->require_subcommand(1);
  detectors->fallthrough();
  CLI::App* detectors_list = detectors->add_subcommand("list", "Show the detectors of PATH…");
  detectors_list->add_option("paths", out.detectors, "As in --detectors")->type_name("PATH");
  detectors_list->fallthrough();
  CLI::App* docs = app.add_subcommand("docs", "Write manual pages or shell completions");
  docs->add_option("--format", out.docs.format, "What to write")
      ->required()
      ->check(CLI::IsMember({"man", "complete"}))
      ->type_name("man|complete");
  docs->add_option("--to", out.docs.folder, "Write all pages below this folder")
      ->type_name("FOLDER");
  docs->add_option("page", out.docs.page, "The page to print; without, the first")
      ->type_name("PAGE");
  using enum Options::Verb;
  return {{list, List}, {explain, Explain}, {check, Check}, {filter, Filter},
          {top, Top},   {report, Report},   {docs, Docs},   {detectors_list, DetectorsList}};
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(const std::string& text) {
  static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  constexpr uint64_t kMost = 366ull * 24 * 3'600'000;
  const auto ms = number_with_unit(text, kUnits, 1000);
  if (!ms || *ms == 0 || *ms > kMost) {
    return fail(Exit::Usage, "--duration: '" + text + "' is not a time",
                "write 10s, 5m, 250ms or 1h");
  }
  return std::chrono::milliseconds(*ms);
}

Result<size_t> parse_size(const std::string& text) {
  static constexpr Unit kUnits[] = {
      {"K", 1u << 10}, {"KiB", 1u << 10}, {"M", 1u << 20}, {"MiB", 1u << 20}};
  constexpr uint64_t kLeast = 4096, kMost = uint64_t{1} << 30;
  const auto bytes = number_with_unit(text, kUnits, 1);
  if (!bytes || *bytes < kLeast || *bytes > kMost) {
    return fail(Exit::Usage, "--ring-size: '" + text + "' is not a ring size",
                "write 4KiB to 1024MiB, as in 16MiB");
  }
  return static_cast<size_t>(*bytes);
}

Result<Options> parse_options(int argc, const char* const* argv) {
  Options out;
  if (auto taken = take_command(argc, argv, out.command); !taken) return forward(taken);
  CLI::App app{"Shows, live, which process sent or received which packet.", "tracee"};
  app.set_help_flag("-h,--help", "Show this help and exit");
  app.set_version_flag("--version", std::string("tracee ") + kVersion);
  app.footer(kFooter);
  std::string count, duration, ring_size, attribution;
  std::vector<std::string> ports;
  add_plain_options(app, out);
  const auto* input_option =
      app.add_option("-r,--input", out.input, "Replay a pcap or pcapng file (-: standard input)");
  const auto* count_option = app.add_option("-c", count, "Stop after this many events");
  const auto* duration_option =
      app.add_option("--duration", duration, "Stop after a time: 10s, 5m");
  const auto* ports_option =
      app.add_option("--dns-ports", ports, "Ports that carry DNS (default 53)")->delimiter(',');
  const auto* ring_option =
      app.add_option("--ring-size", ring_size, "Bytes between kernel and tracee (default 16MiB)");
  const auto* attribution_option = app.add_option(
      "--attribution", attribution,
      "How owners are known: auto, or only by tracepoint, fentry or cgroup (see check)");
  std::vector<std::string> runtimes;
  const auto* runtimes_option = add_repeated(
      app, "--cri", runtimes,
      "Whom to ask about containers, as RUNTIME:SOCKET (docker, containerd, crio, podman), or "
      "none");
  app.require_subcommand(0, 1);
  std::string expression;
  const Verbs verbs = add_verbs(app, out, expression);
  name_values(app);
  app.allow_extras();

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out.verb = Options::Verb::Stop;
    out.text = app.help();
    return out;
  } catch (const CLI::CallForVersion& version) {
    out.verb = Options::Verb::Stop;
    out.text = std::string(version.what()) + "\n";
    return out;
  } catch (const CLI::ParseError& error) {
    return fail(Exit::Usage, error.what(), "see tracee --help");
  }
  if (const auto extras = app.remaining(true); !extras.empty()) {
    return tl::unexpected<Error>(unplaced(app, extras.front()));
  }
  if (!out.command.empty() && (!app.get_subcommands().empty() || !out.input.empty()))
    return fail(Exit::Usage, "a command goes with live tracing only",
                "leave out the verb or --input, or the command behind --");
  for (const auto& [app_of_verb, verb] : verbs) {
    if (app_of_verb->parsed()) out.verb = verb;
  }
  if (out.verb == Options::Verb::Docs) out.docs.command_line = documented(app);
  if (out.verb == Options::Verb::Filter) out.filters.push_back(expression);
  // An option that is given empty (an unset variable of a script) is an error, never
  // the same as one that is not given.
  if (input_option->count() > 0 && out.input.empty()) {
    return fail(Exit::Usage, "--input: empty path", "name a capture file, or - for standard input");
  }
  Result<> done = take(*count_option, count, parse_count, out.count);
  if (done) done = take(*duration_option, duration, parse_duration, out.duration);
  if (done) done = take(*ring_option, ring_size, parse_size, out.ring_bytes);
  if (done) done = take(*attribution_option, attribution, parse_attribution, out.attribution);
  if (done) done = take(*ports_option, ports, parse_ports, out.dns_ports);
  if (done) done = take(*runtimes_option, runtimes, parse_runtimes, out.runtimes);
  if (!done) return forward(done);
  return out;
}

}  // namespace tracee
