// SPDX-License-Identifier: Apache-2.0
// The only file that knows CLI11; its exceptions end here.
#include "app/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/config.h"
#include "app/option_table.h"
#include "app/version.h"
#include "event/catalog.h"
#include "output/format/format.h"
#include "output/settings.h"
#include "output/sink/kinds.h"

namespace tracee {
namespace {

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

// What an option of the table gets from the command line.
struct Taken {
  Given given;
  std::string text;  // of one that is not repeated
  bool on = false;   // of a switch
  const CLI::Option* option = nullptr;
};

// `taken` has a place for each row, which stays where it is.
void add_options(CLI::App& app, std::vector<Taken>& taken) {
  taken.resize(option_table().size());
  for (size_t i = 0; i < taken.size(); ++i) {
    const OptionRow& row = option_table()[i];
    Taken& to = taken[i];
    to.given.option = row.name;
    std::string names;
    if (row.letter != 0) names = {'-', row.letter, ','};
    names.append("--").append(row.name);
    const std::string help(row.help);
    CLI::Option* option = nullptr;
    if (row.value.empty()) {
      option = app.add_flag(names, to.on, help);
    } else if (row.repeated) {
      option = app.add_option(names, to.given.texts, help)->expected(1);
      option->allow_extra_args(false)->take_all();
    } else {
      option = app.add_option(names, to.text, help);
      if (!row.implied.empty()) option->expected(0, 1)->default_str(std::string(row.implied));
    }
    if (!row.value.empty()) option->type_name(std::string(row.value));
    to.option = option;
  }
}

// What the command line gave.
std::vector<Given> given_by(std::vector<Taken>& taken) {
  std::vector<Given> out;
  for (Taken& one : taken) {
    if (one.option->count() == 0) continue;
    const OptionRow& row = *find_option(one.given.option);
    if (row.value.empty()) {
      one.given.texts = {one.on ? "true" : "false"};
    } else if (!row.repeated) {
      one.given.texts = {one.text.empty() ? std::string(row.implied) : one.text};
    }
    out.push_back(std::move(one.given));
  }
  return out;
}

std::string footer() {
  std::string out = "Outputs:\n  formats:";
  for (const std::string_view name : format_names()) {
    out += ' ';
    out += name;
  }
  out += " pcapng none\n  others:  ";
  for (const SinkKind& kind : sink_kinds()) {
    if (kind.name != sink_kinds().front().name) out += "\n           ";
    out += std::string(kind.form);
    if (kind.open == nullptr) out += " (not in this build)";
  }
  return out + "\n" + kFooter;
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

// What stands behind verbs, and goes where options do.
struct VerbWords {
  std::string expression, file;
  std::vector<std::string> detectors;
  bool explains = false;  // `filter` does anyway
};

Verbs add_verbs(CLI::App& app, Options& out, VerbWords& words) {
  CLI::App* list = app.add_subcommand("list", "Show events and sets");
  CLI::App* explain = app.add_subcommand("explain", "Show an event's fields, types and example");
  CLI::App* check = app.add_subcommand("check", "Show what this host allows");
  check->fallthrough();  // `tracee check --attribution fentry`
  explain->add_option("event", out.explain, "Name of the event")->required()->type_name("EVENT");
  CLI::App* filter = app.add_subcommand("filter", "Show what an expression asks, and where");
  filter->add_option("expression", words.expression, "As in --filter")
      ->required()
      ->type_name("EXPR");
  filter->add_flag("--explain", words.explains, "What the verb does anyway");
  CLI::App* top = app.add_subcommand("top", "Show who talks to whom, by rate, full screen");
  // Its options are those of tracing, before or behind the verb.
  top->fallthrough();
  CLI::App* report = app.add_subcommand("report", "Make a page of a capture or a log of events");
  report->add_option("file", words.file, "pcap, pcapng, or a log of --output json (-: log)")
      ->required()
      ->type_name("FILE");
  report->add_option("--to", out.report_to, "Write the page to this file")->type_name("FILE");
  report->fallthrough();
  CLI::App* detectors = app.add_subcommand("detectors", "Show or test detectors");
  detectors->require_subcommand(1);
  detectors->fallthrough();
  CLI::App* detectors_list = detectors->add_subcommand("list", "Show the detectors of PATH…");
  detectors_list->add_option("paths", words.detectors, "As in --detectors")->type_name("PATH");
  detectors_list->fallthrough();
  CLI::App* detectors_test = detectors->add_subcommand(
      "test", "Find in captures (--input, or those the files expect something of)");
  detectors_test->add_option("files", words.detectors, "As in --detectors")
      ->required()
      ->type_name("PATH");
  detectors_test->fallthrough();
  CLI::App* docs =
      app.add_subcommand("docs", "Write manual pages, completions, schema or events.md");
  docs->add_option("--format", out.docs.format, "What to write")
      ->required()
      ->check(CLI::IsMember({"man", "complete", "schema", "md"}))
      ->type_name("man|complete|schema|md");
  docs->add_option("--to", out.docs.folder, "Write all pages below this folder")
      ->type_name("FOLDER");
  docs->fallthrough();  // `tracee docs --format schema --detectors mine/`
  docs->add_option("page", out.docs.page, "The page to print; without, the first")
      ->type_name("PAGE");
  using enum Options::Verb;
  return {{list, List},
          {explain, Explain},
          {check, Check},
          {filter, Filter},
          {top, Top},
          {report, Report},
          {docs, Docs},
          {detectors_list, DetectorsList},
          {detectors_test, DetectorsTest}};
}

}  // namespace

bool hide_secrets(int argc, char** argv) {
  bool hidden = false;
  bool is_value = false;  // of the word before
  for (int i = 1; i < argc; ++i) {
    char* const word = argv[i];
    const std::string_view text(word);
    if (text == "--") break;
    const bool looks =
        is_value || text.starts_with("--output=") || (text.starts_with("-o") && text.size() > 2);
    is_value = text == "-o" || text == "--output";
    if (!looks) continue;
    for (const SecretPart& part : secret_parts(text)) {
      std::fill_n(word + part.begin, part.size, '*');
      hidden = true;
    }
  }
  return hidden;
}

Result<Options> parse_options(int argc, const char* const* argv) {
  Options out;
  if (auto taken = take_command(argc, argv, out.command); !taken) return forward(taken);
  CLI::App app{"Shows, live, which process sent or received which packet.", "tracee"};
  app.set_help_flag("-h,--help", "Show this help and exit");
  app.set_version_flag("--version", std::string("tracee ") + kVersion);
  app.footer(footer());
  std::vector<Taken> taken;
  add_options(app, taken);
  app.require_subcommand(0, 1);
  VerbWords words;
  const Verbs verbs = add_verbs(app, out, words);
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
  out.given = given_by(taken);
  if (auto done = add_environment(out); !done) return forward(done);
  if (auto done = apply_options(out); !done) return forward(done);
  for (const auto& [app_of_verb, verb] : verbs) {
    if (app_of_verb->parsed()) out.verb = verb;
  }
  if (out.verb == Options::Verb::Docs) out.docs.command_line = documented(app);
  if (out.verb == Options::Verb::Filter) out.filters.push_back(words.expression);
  if (out.verb == Options::Verb::Report) out.input = words.file;
  // What is to be tested is only what is named here.
  if (out.verb == Options::Verb::DetectorsTest) out.detectors.clear();
  out.detectors.insert(out.detectors.end(), words.detectors.begin(), words.detectors.end());
  if (!out.command.empty() && (!app.get_subcommands().empty() || !out.input.empty()))
    return fail(Exit::Usage, "a command goes with live tracing only",
                "leave out the verb or --input, or the command behind --");
  return out;
}

}  // namespace tracee
