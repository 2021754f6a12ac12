// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>

#include "docs/fields.h"
#include "docs/mdoc.h"
#include "docs/pages.h"

namespace tracee {
namespace {

std::string date_text(time_t time) {
  static constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                                 "May",       "June",     "July",     "August",
                                                 "September", "October",  "November", "December"};
  tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{} {}, {}", kMonths[parts.tm_mon], parts.tm_mday, parts.tm_year + 1900);
}

// A summary as a name's description: no stop at its end.
std::string_view without_stop(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

std::string as_sentence(std::string_view text) {
  std::string out(text);
  if (!out.empty() && !out.ends_with('.')) out += '.';
  return out;
}

void describe_options(const std::vector<OptionDoc>& options, Mdoc& page) {
  page.macro(".Bl -tag -width Ds");
  for (const OptionDoc& option : options) {
    std::string head = ".It";
    if (!option.short_name.empty()) head += " Fl " + option.short_name;
    if (!option.long_name.empty()) {
      head += option.short_name.empty() ? "" : " ,";
      head += " Fl \\-" + option.long_name;
    }
    if (!option.value.empty()) head += " Ar " + Mdoc::argument(option.value);
    page.macro(head);
    page.text(as_sentence(option.help) + (option.repeated ? " May be repeated." : ""));
  }
  page.macro(".El");
}

void describe_verbs(const CommandLine& command_line, Mdoc& page) {
  page.macro(".Bl -tag -width Ds");
  for (const VerbDoc& verb : command_line.verbs) {
    std::string head = ".It Cm " + Mdoc::argument(verb.name);
    for (const ArgumentDoc& argument : verb.arguments) {
      const std::string name = Mdoc::argument(argument.name) + (argument.repeated ? " ..." : "");
      head += argument.required ? " Ar " + name : " Oo Ar " + name + " Oc";
    }
    page.macro(head);
    page.text(as_sentence(verb.help));
    if (!verb.options.empty()) describe_options(verb.options, page);
  }
  page.macro(".El");
}

// "NAME SECTION" each; in the order of sections, then of names.
void see_also(std::vector<std::string> pages, Mdoc& page) {
  std::ranges::sort(pages, {},
                    [](const std::string& name) { return std::pair(name.back(), name); });
  page.section("SEE ALSO");
  for (size_t i = 0; i < pages.size(); ++i) {
    page.macro(".Xr " + pages[i] + (i + 1 < pages.size() ? " ," : ""));
  }
}

constexpr std::string_view kExamples[][2] = {
    {"What matters, as a table:", "tracee"},
    {"Every connection to port 80, as JSON:",
     "tracee --output json --events net_packet_tcp.data.dst_port=80"},
    {"Who asks for names below example.com:",
     "tracee --events 'net_packet_dns.data.proto_dns.questions.name=*.example.com'"},
    {"New connections that leave the private network, but for those of curl:",
     "tracee --events net_packet_tcp --filter 'data.proto_tcp.SYN && !data.proto_tcp.ACK &&\n"
     "    !(data.dst in 10.0.0.0/8) && process.name != \"curl\"'"},
    {"The same for a capture file, without privileges:",
     "tracee --events net_packet_http --input capture.pcap"},
};

Page main_page(const Subject& subject) {
  Mdoc page("tracee", "1", date_text(subject.date));
  page.section("NAME");
  page.macro(".Nm tracee");
  page.macro(".Nd show which process sent or received which packet");
  page.section("SYNOPSIS");
  page.macro(
      ".Nm tracee\n.Op Ar option ...\n.Op Fl \\- Ar command Op Ar argument ...\n"
      ".Nm tracee\n.Ar verb\n.Op Ar argument ...");
  page.section("DESCRIPTION");
  page.macro(".Nm");
  page.text(
      "shows, live, the packets of a Linux host, each with the process that sent or received it: "
      "one line or one JSON object per event. Every network namespace and every interface is "
      "seen. An event names the process that used the socket, not the one that happened to run.");
  page.macro(".Pp");
  page.text(
      "Tracing needs root, or the capabilities CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. "
      "`tracee check` tells what this host allows. Reading a capture file needs nothing. When it "
      "ends, nothing stays in the kernel.");
  page.macro(".Pp");
  page.text(
      "Behind `--` stands a command: it is started, only it and its children are traced, and its "
      "exit status is tracee's.");
  page.macro(".Pp");
  page.text(
      "Without `--events` the events of the set `default` are shown; without `--output` a table "
      "on standard output.");
  page.section("OPTIONS");
  describe_options(subject.command_line.options, page);
  page.section("VERBS");
  page.text("Without a verb, packets are traced.");
  describe_verbs(subject.command_line, page);
  page.section("OUTPUT");
  page.text(
      "Standard output carries events and nothing else. Standard error has the line `tracee: "
      "tracing N events` once the programs are attached, warnings, and at the end an account of "
      "every packet: seen, filtered, lost by stage, and events written by each output. What was "
      "lost is also told in the stream, by the event `lost_events`.");
  page.section("SIGNALS");
  page.text(
      "The first SIGINT or SIGTERM drains what was seen and ends with status 0; the second ends "
      "at once. SIGHUP reads the policies again; when they are wrong the old ones stay. SIGUSR1 "
      "opens the "
      "files of outputs again.");
  page.section("EXIT STATUS");
  page.macro(".Bl -tag -width Ds");
  page.macro(".It 0\nDone.\n.It 1\nA failure at run time.\n.It 2\nWrong usage or configuration.");
  page.macro(".It 3\nA privilege or a feature of the kernel is missing.\n.El");
  page.text("With a command behind `--`, that of the command.");
  page.section("EXAMPLES");
  for (const auto& [what, command] : kExamples) {
    page.text(what);
    page.literal(command);
    page.macro(".Pp");
  }
  page.text("Everything else is on the pages below.");
  see_also({"tracee.yaml 5", "tracee-events 7", "tracee-filters 7", "tracee-detectors 7",
            "tracee-outputs 7", "tracee-capture 7"},
           page);
  return {"man1/tracee.1", page.take()};
}

void describe_members(std::span<const Leaf> leaves, Mdoc& page) {
  page.macro(".Bl -tag -width Ds");
  for (const Leaf& leaf : leaves) {
    page.macro(".It Va " + Mdoc::argument(leaf.path) + " Pq " + leaf.kind);
    page.text(leaf.doc);
  }
  page.macro(".El");
}

Page events_page(const Subject& subject) {
  Mdoc page("tracee-events", "7", date_text(subject.date));
  page.section("NAME");
  page.macro(".Nm tracee-events");
  page.macro(".Nd events that tracee shows, and what every event has");
  page.section("DESCRIPTION");
  page.text("Each event has a page of its own, and `tracee explain EVENT` shows its fields.");
  page.macro(".Bl -tag -width Ds");
  for (const EventSpec* spec : subject.catalog.events()) {
    page.macro(".It " + Mdoc::argument(spec->name) + fmt::format(" Pq {}", spec->id));
    page.text(spec->summary);
  }
  page.macro(".El");
  page.section("SETS");
  page.text("A set is selected by `--events tag=SET`.");
  page.macro(".Bl -tag -width Ds");
  for (const auto set : subject.catalog.sets()) {
    page.macro(".It " + Mdoc::argument(set));
    std::string names;
    for (const EventSpec* spec : subject.catalog.in_set(set)) {
      names += (names.empty() ? "" : ", ") + std::string(spec->name);
    }
    page.text(names + ".");
  }
  page.macro(".El");
  page.section("EVERY EVENT");
  page.text(
      "Members of the JSON object around an event's own arguments, in order. Numbers of an "
      "owner are 0 and texts empty when nobody owns the packet.");
  std::vector<Leaf> leaves = leaves_of(kContextHead);
  leaves.push_back({"syscall", "text", kContextSyscall.doc, &kContextSyscall});
  for (Leaf& leaf : leaves_of(kContextTail)) leaves.push_back(std::move(leaf));
  describe_members(leaves, page);
  page.section("EXTENDED");
  page.text("Added by `--output option:extended`.");
  describe_members(leaves_of({&kContextNetwork, 1}), page);
  std::vector<std::string> pages = {"tracee 1"};
  for (const EventSpec* spec : subject.catalog.events()) {
    pages.push_back("tracee-" + std::string(spec->name) + " 7");
  }
  pages.emplace_back("tracee-filters 7");
  see_also(pages, page);
  return {"man7/tracee-events.7", page.take()};
}

Page event_page(const EventSpec& spec, const Subject& subject) {
  const std::string name = "tracee-" + std::string(spec.name);
  Mdoc page(name, "7", date_text(subject.date));
  page.section("NAME");
  page.macro(".Nm " + name);
  page.macro(".Nd " + Mdoc::argument(without_stop(spec.summary)));
  page.section("DESCRIPTION");
  page.text(spec.summary);
  page.macro(".Bl -tag -width Ds");
  page.macro(fmt::format(".It Id\n{}", spec.id));
  page.macro(fmt::format(".It Version\n{}", spec.version));
  std::string sets;
  for (const auto set : spec.sets) sets += (sets.empty() ? "" : ", ") + std::string(set);
  page.macro(".It Sets");
  page.text(sets.empty() ? "none" : sets);
  page.macro(".El");
  page.section("FILTER FIELDS");
  const std::vector<Leaf> leaves = leaves_of(spec.fields);
  if (leaves.empty()) {
    page.text("None.");
  } else {
    page.text(
        fmt::format("In filters a field is `{}.data.FIELD` or, in an expression, "
                    "`data.FIELD`. A path through a list means any element.",
                    spec.name));
    describe_members(leaves, page);
  }
  if (!spec.example.empty()) {
    page.section("EXAMPLES");
    page.literal(spec.example);
  }
  see_also({"tracee 1", "tracee-events 7", "tracee-filters 7"}, page);
  return {"man7/" + name + ".7", page.take()};
}

}  // namespace

std::vector<Page> manual_pages(const Subject& subject) {
  std::vector<Page> pages = {main_page(subject), events_page(subject)};
  for (const EventSpec* spec : subject.catalog.events()) {
    pages.push_back(event_page(*spec, subject));
  }
  return pages;
}

}  // namespace tracee
