// SPDX-License-Identifier: Apache-2.0
// The app room: options, the order of the rooms, signals, exit codes. Nothing
// here is worth testing elsewhere. This header: the command line as data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/live.h"
#include "capture/probe.h"
#include "decode/redact.h"
#include "docs/command_line.h"
#include "enrich/runtimes.h"

namespace tracee {

// What an option was given: its texts, and where each stands when that is not the
// command line: "FILE:LINE:COLUMN" or the name of an environment variable.
struct Given {
  std::string_view option;  // as in the option table
  std::vector<std::string> texts;
  std::vector<std::string> places;  // empty: the command line
};

struct Options {
  enum class Verb {
    Trace,
    List,
    Explain,
    Check,
    Filter,
    Docs,
    Top,
    Report,
    DetectorsList,
    DetectorsTest,
    Stop
  };
  Verb verb = Verb::Trace;  // Stop: --help or --version; `text` goes to standard output

  // Those of option_table.h.
  std::vector<std::string> events;     // --events
  std::vector<std::string> scopes;     // --scope
  std::vector<std::string> policies;   // --policy
  std::vector<std::string> filters;    // --filter, and the expression of `filter`
  std::vector<std::string> detectors;  // --detectors
  std::string pcap_filter;             // --pcap-filter; empty: none
  bool explain_filters = false;        // --explain: show the rules and stop
  bool push_down = true;               // not --no-pushdown
  std::vector<std::string> outputs;    // --output; empty: the table
  Redaction redaction;                 // --redact
  std::string write;                   // --write; empty: no
  std::vector<std::string> capture;    // --capture
  std::string input;                   // --input; empty: live
  std::optional<uint64_t> count;       // --count
  std::optional<std::chrono::milliseconds> duration;
  std::optional<size_t> workers;  // --workers; none: as many as fit
  std::vector<uint16_t> dns_ports = {53};
  size_t ring_bytes = size_t{16} << 20;
  Shed shed = Shed::Drop;                                    // --shed
  uint32_t sampled_flows = 16;                               // of --shed sample:N
  std::optional<BackEnd> attribution;                        // none: the best that works
  std::vector<RuntimeSocket> runtimes = default_runtimes();  // --cri
  std::string metrics;                                       // --metrics; empty: no
  std::string config;                                        // --config; empty: none
  bool dump_config = false;                                  // --dump-config
  bool confined = true;                                      // not --no-confine
  std::string user;                                          // --user; empty: stay who we are

  std::vector<std::string> command;  // behind `--`; empty: the whole host
  std::string explain;               // the event of `explain`
  std::string report_to;             // --to of `report`; empty: standard output
  std::string text;
  struct Docs {
    std::string format, page, folder;  // --format, PAGE, --to
    CommandLine command_line;          // what there is to document
  } docs;                              // of `docs`

  std::vector<Given> given;           // every option that was given, by the table
  std::vector<std::string> warnings;  // what people should hear
};

// Reads the command line, and what it does not say from the environment and from the
// file that --config names, in this order. Errors are Exit::Usage, with the nearest
// right option for a mistyped one.
Result<Options> parse_options(int argc, const char* const* argv);

// Overwrites what is secret in the words of --output, which `ps` shows to everybody.
// Says whether anything was.
bool hide_secrets(int argc, char** argv);

// "250ms", "10s", "5m", "1h"; a bare number is seconds.
Result<std::chrono::milliseconds> parse_duration(const std::string& text);
// "4096", "64KiB", "16MiB".
Result<size_t> parse_size(const std::string& text);

}  // namespace tracee
