// SPDX-License-Identifier: Apache-2.0
#include "app/describe.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "docs/fields.h"

namespace tracee {
namespace {

std::string joined(std::span<const std::string_view> texts) {
  std::string out;
  for (const auto text : texts) out += (out.empty() ? "" : ", ") + std::string(text);
  return out;
}

std::string_view severity_name(const EventSpec& spec) {
  static constexpr std::string_view kNames[] = {"info", "low", "medium", "high", "critical"};
  return spec.threat == nullptr ? "-" : kNames[std::min<size_t>(spec.threat->severity, 4)];
}

}  // namespace

std::string list_detectors(const Engine& engine) {
  const auto all = engine.status();
  if (all.empty()) return "No detectors. --detectors PATH names files (.yaml, .so) or folders.\n";
  std::string out =
      fmt::format("{:<6}{:<28}{:<28}{:<10}{}\n", "ID", "EVENT", "DETECTOR", "SEVERITY", "SHOWS");
  for (const Engine::Status& each : all) {
    const EventSpec& spec = each.registered->produced->spec();
    out +=
        fmt::format("{:<6}{:<28}{:<28}{:<10}{}\n", spec.id, spec.name,
                    each.registered->detector->definition().id, severity_name(spec), spec.summary);
  }
  return out;
}

std::string explain_filters(const Selection& selection, const std::string& pcap_filter) {
  std::string out;
  if (!pcap_filter.empty()) out += "packets\n    user    " + pcap_filter + "\n";
  return out + selection.explain();
}

std::string list_events(const Catalog& catalog) {
  std::string out = fmt::format("{:<6}{:<28}{:<26}{}\n", "ID", "EVENT", "SETS", "SHOWS");
  for (const EventSpec* spec : catalog.events()) {
    out += fmt::format("{:<6}{:<28}{:<26}{}\n", spec->id, spec->name, joined(spec->sets),
                       spec->summary);
  }
  out += "\nSets, for --events tag=SET:\n";
  for (const auto set : catalog.sets()) {
    out += fmt::format("  {:<18}{} events\n", set, catalog.in_set(set).size());
  }
  out += "\n`tracee explain EVENT` shows an event's fields.\n";
  return out;
}

Result<std::string> explain_event(const Catalog& catalog, const std::string& name) {
  const EventSpec* spec = catalog.find(name);
  if (spec == nullptr) {
    const std::string near = catalog.suggest_event(name);
    return fail(Exit::Usage, "unknown event '" + name + "'",
                near.empty() ? "`tracee list` shows all events" : near);
  }
  std::string out = fmt::format(
      "{} ({})\n  {}\n\nSets: {}\nVersion: {}\n\nFields, for filters as "
      "{}.data.FIELD=VALUE:\n",
      spec->name, spec->id, spec->summary, spec->sets.empty() ? "none" : joined(spec->sets),
      spec->version, spec->name);
  std::map<const void*, std::string> records;  // by their table: the path that listed it
  std::string skipped;
  for (const Leaf& leaf : leaves_of(spec->fields)) {
    if (!skipped.empty() && leaf.path.starts_with(skipped)) continue;
    out += fmt::format("  {:<36} {:<15} {}", leaf.path, leaf.kind, leaf.doc);
    skipped.clear();
    if (leaf.field->of != nullptr) {
      // Four lists of one kind of record would bury the rest.
      const auto [known, is_new] = records.emplace(leaf.field->of, leaf.path);
      if (!is_new) {
        out += " Fields as of " + known->second + ".";
        skipped = leaf.path + ".";
      }
    }
    out += "\n";
  }
  out += fmt::format("\nExample:\n  {}\n", spec->example);
  out +=
      "\nValues: numbers as 80, 1024-65535, <=5; addresses as 10.0.0.1, 10.0.0.0/8; texts as "
      "www.test,\n*.test; several with commas; != for none of them. A path through a list means "
      "any of its\nelements. Quote < > and * for the shell. `man tracee-filters` has the rest.\n";
  return out;
}

}  // namespace tracee
