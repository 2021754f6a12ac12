// SPDX-License-Identifier: Apache-2.0
#include "app/option_table.h"

#include <algorithm>
#include <charconv>

#include "decode/protocol.h"

namespace tracee {
namespace {

using Texts = std::vector<std::string>;

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

// Texts that are taken as they are.
template <std::vector<std::string> Options::*Member>
Result<> set_texts(Options& out, const Texts& texts) {
  out.*Member = texts;
  return {};
}
template <std::string Options::*Member>
Result<> set_text(Options& out, const Texts& texts) {
  out.*Member = texts.back();
  return {};
}
template <bool Options::*Member, bool To = true>
Result<> set_switch(Options& out, const Texts&) {
  out.*Member = To;
  return {};
}

// An option that is given empty (an unset variable of a script) is an error, never
// the same as one that is not given.
Result<> set_input(Options& out, const Texts& texts) {
  out.input = texts.back();
  if (!out.input.empty()) return {};
  return fail(Exit::Usage, "--input: empty path", "name a capture file, or - for standard input");
}

Result<> set_config(Options& out, const Texts& texts) {
  out.config = texts.back();
  if (!out.config.empty()) return {};
  return fail(Exit::Usage, "--config: empty path", "name a YAML file");
}

Result<> set_count(Options& out, const Texts& texts) {
  out.count = number_with_unit(texts.back(), {}, 1);
  if (out.count && *out.count > 0) return {};
  return fail(Exit::Usage, "--count: '" + texts.back() + "' is not a number of events",
              "give 1 or more");
}

Result<> set_duration(Options& out, const Texts& texts) {
  auto time = parse_duration(texts.back());
  if (!time) return forward(time);
  out.duration = *time;
  return {};
}

Result<> set_workers(Options& out, const Texts& texts) {
  constexpr uint64_t kMost = 16;
  const auto number = number_with_unit(texts.back(), {}, 1);
  if (!number || *number == 0 || *number > kMost) {
    return fail(Exit::Usage, "--workers: '" + texts.back() + "' is not a number of workers",
                "give 1 to 16");
  }
  out.workers = static_cast<size_t>(*number);
  return {};
}

Result<> set_ports(Options& out, const Texts& texts) {
  out.dns_ports.clear();
  for (const std::string& list : texts) {
    std::string_view rest = list;
    while (true) {
      const std::string_view text = rest.substr(0, rest.find(','));
      uint16_t port = 0;
      const char* end = text.data() + text.size();
      const auto parsed = std::from_chars(text.data(), end, port);
      if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) {
        return fail(Exit::Usage, "--dns-ports: '" + std::string(text) + "' is not a port",
                    "give 1 to 65535");
      }
      out.dns_ports.push_back(port);
      if (text.size() == rest.size()) break;
      rest.remove_prefix(text.size() + 1);
    }
  }
  if (out.dns_ports.size() > DecodeOptions::kMaxPorts) {
    return fail(Exit::Usage, "--dns-ports: more than 16 ports", "leave some out");
  }
  return {};
}

Result<> set_redaction(Options& out, const Texts& texts) {
  auto what = parse_redaction(texts);
  if (!what) return forward(what);
  out.redaction = std::move(*what);
  return {};
}

Result<> set_ring_size(Options& out, const Texts& texts) {
  auto bytes = parse_size(texts.back());
  if (!bytes) return forward(bytes);
  out.ring_bytes = *bytes;
  return {};
}

Result<> set_shed(Options& out, const Texts& texts) {
  const std::string& text = texts.back();
  const std::string_view kind = std::string_view(text).substr(0, text.find(':'));
  if (text == "drop" || text == "headers") {
    out.shed = text == "drop" ? Shed::Drop : Shed::Headers;
    return {};
  }
  if (kind != "sample") {
    return fail(Exit::Usage, "--shed: '" + text + "' is no way to shed load",
                "write drop, headers, sample or sample:N");
  }
  out.shed = Shed::Sample;
  if (kind.size() == text.size()) return {};
  const auto flows = number_with_unit(text.substr(kind.size() + 1), {}, 1);
  if (!flows || *flows < 2 || *flows > 65'536) {
    return fail(Exit::Usage, "--shed: '" + text + "' has no number of flows",
                "of N flows one is kept: sample:2 to sample:65536");
  }
  out.sampled_flows = static_cast<uint32_t>(*flows);
  return {};
}

Result<> set_attribution(Options& out, const Texts& texts) {
  const std::string& text = texts.back();
  out.attribution = back_end_of(text);
  if (out.attribution || text == "auto") return {};
  return fail(Exit::Usage, "--attribution: '" + text + "' is not a way to know owners",
              "write auto, tracepoint, fentry or cgroup");
}

Result<> set_metrics(Options& out, const Texts& texts) {
  out.metrics = texts.back();
  if (!out.metrics.empty()) return {};
  return fail(Exit::Usage, "--metrics: empty address", "name one, as in 127.0.0.1:9466");
}

Result<> set_runtimes(Options& out, const Texts& texts) {
  out.runtimes.clear();
  if (texts.size() == 1 && texts[0] == "none") return {};
  for (const std::string& text : texts) {
    auto socket = parse_runtime(text);
    if (!socket) return forward(socket);
    out.runtimes.push_back(std::move(*socket));
  }
  return {};
}

template <const std::string_view* Text>
Texts fixed() {
  return {std::string(*Text)};
}
constexpr std::string_view kMetrics = "127.0.0.1:9466";
constexpr std::string_view kDnsPorts = "53", kRingSize = "16MiB", kShed = "drop",
                           kAttribution = "auto";

Texts runtimes_by_default() {
  Texts out;
  for (const RuntimeSocket& socket : default_runtimes()) {
    out.push_back(std::string(runtime_name(socket.runtime)) + ":" + socket.path);
  }
  return out;
}

constexpr OptionRow kTable[] = {
    {.name = "events",
     .letter = 'e',
     .value = "EVENTS",
     .help = "Select and filter events: NAME,…  PREFIX*  -NAME  tag=SET  NAME.data.FIELD=VALUE",
     .set = set_texts<&Options::events>,
     .repeated = true},
    {.name = "scope",
     .letter = 's',
     .value = "SCOPE",
     .help = "Restrict by process or container: comm=curl  uid>=1000  pid=4711  container",
     .set = set_texts<&Options::scopes>,
     .repeated = true},
    {.name = "policy",
     .letter = 'p',
     .value = "PATH",
     .help = "Select by policy files or folders (YAML, JSON)",
     .set = set_texts<&Options::policies>,
     .repeated = true},
    {.name = "filter",
     .letter = 'f',
     .value = "EXPR",
     .help = "Keep what an expression holds for: 'data.dst_port == 80 && process.name != \"curl\"'",
     .set = set_texts<&Options::filters>,
     .repeated = true},
    {.name = "detectors",
     .value = "PATH",
     .help = "Load detectors: YAML files, plugins (.so), or folders of them",
     .set = set_texts<&Options::detectors>,
     .repeated = true},
    {.name = "pcap-filter",
     .value = "EXPR",
     .help = "Look at these packets only; tcpdump's syntax",
     .set = set_text<&Options::pcap_filter>},
    {.name = "explain",
     .help = "Show each rule's terms and where each is decided, then exit",
     .set = set_switch<&Options::explain_filters>},
    {.name = "user",
     .value = "NAME",
     .help = "Become this user once tracing has begun",
     .set = set_text<&Options::user>},
    {.name = "no-confine",
     .help = "Keep privileges, files and system calls after the start (docs/confinement.md)",
     .set = set_switch<&Options::confined, false>},
    {.name = "no-pushdown",
     .help = "Decide nothing in the kernel; the same events, at a higher cost",
     .set = set_switch<&Options::push_down, false>},
    {.name = "output",
     .letter = 'o',
     .value = "OUTPUT",
     .help = "FORMAT, FORMAT:FILE or KIND:PLACE (below), each with ?OPTIONS; option:NAME",
     .set = set_texts<&Options::outputs>,
     .repeated = true},
    {.name = "redact",
     .value = "WHAT",
     .help = "Hide in events: headers (credentials), query (of URLs), dns=SUFFIX (names)",
     .set = set_redaction,
     .repeated = true},
    {.name = "write",
     .letter = 'w',
     .value = "FILE",
     .help = "Write packets with their owners to a pcapng file",
     .set = set_text<&Options::write>},
    {.name = "capture",
     .value = "WHAT",
     .help = "network, pcap:single,process,container,command, pcap-options:none|filtered, "
             "pcap-snaplen:96b, dir:PATH, clear-dir",
     .set = set_texts<&Options::capture>,
     .repeated = true},
    {.name = "input",
     .letter = 'r',
     .value = "FILE",
     .help = "Replay a pcap or pcapng file (-: standard input)",
     .set = set_input},
    {.name = "workers",
     .value = "COUNT",
     .help = "Workers of a replay (default one for each core, at most 4)",
     .set = set_workers},
    {.name = "count",
     .letter = 'c',
     .value = "COUNT",
     .help = "Stop after this many events",
     .set = set_count},
    {.name = "duration",
     .value = "TIME",
     .help = "Stop after a time: 10s, 5m",
     .set = set_duration},
    {.name = "dns-ports",
     .value = "PORT",
     .help = "Ports that carry DNS (default 53)",
     .set = set_ports,
     .repeated = true,
     .fallback = fixed<&kDnsPorts>},
    {.name = "ring-size",
     .value = "SIZE",
     .help = "Bytes between kernel and tracee (default 16MiB)",
     .set = set_ring_size,
     .fallback = fixed<&kRingSize>},
    {.name = "shed",
     .value = "drop|headers|sample[:N]",
     .help = "What to give up when the ring fills: all, payload first, or all but one of N flows",
     .set = set_shed,
     .fallback = fixed<&kShed>},
    {.name = "attribution",
     .value = "auto|tracepoint|fentry|cgroup",
     .help = "How owners are known: auto, or only by tracepoint, fentry or cgroup (see check)",
     .set = set_attribution,
     .fallback = fixed<&kAttribution>},
    {.name = "cri",
     .value = "RUNTIME",
     .help =
         "Whom to ask about containers, as RUNTIME:SOCKET (docker, containerd, crio, podman), or "
         "none",
     .set = set_runtimes,
     .repeated = true,
     .fallback = runtimes_by_default},
    {.name = "metrics",
     .value = "ADDRESS",
     .help = "Serve /metrics (Prometheus), /healthz and /readyz at [ADDRESS:]PORT "
             "(127.0.0.1:9466)",
     .set = set_metrics,
     .implied = kMetrics},
    {.name = "config",
     .value = "FILE",
     .help = "Read options from a YAML file; the environment (TRACEE_EVENTS, …) and the command "
             "line come before it",
     .set = set_config,
     .in_files = false},
    {.name = "dump-config",
     .help = "Show the options that hold, as a file for --config, then exit",
     .set = set_switch<&Options::dump_config>,
     .in_files = false},
};

}  // namespace

std::span<const OptionRow> option_table() { return kTable; }

const OptionRow* find_option(std::string_view name) {
  const auto* found = std::ranges::find(kTable, name, &OptionRow::name);
  return found == std::end(kTable) ? nullptr : found;
}

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

}  // namespace tracee
