// SPDX-License-Identifier: Apache-2.0
#include "app/describe.h"

#include <fmt/core.h>

#include <algorithm>

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
  for (const Leaf& leaf : leaves_of(spec->fields)) {
    out += fmt::format("  {:<36} {:<15} {}\n", leaf.path, leaf.kind, leaf.doc);
  }
  out += fmt::format("\nExample:\n  {}\n", spec->example);
  return out;
}

}  // namespace tracee
