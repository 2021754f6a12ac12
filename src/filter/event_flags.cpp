// SPDX-License-Identifier: Apache-2.0
#include "filter/event_flags.h"

#include <algorithm>

#include "filter/flags.h"
#include "filter/scope.h"

namespace tracee {
namespace {

constexpr std::string_view kFormatHint =
    "write NAME[,NAME…], -NAME, tag=SET or NAME.data.FIELD=VALUE";

tl::unexpected<Error> invalid_format(std::string_view label, std::string_view text) {
  return invalid(label, "invalid flag format", text, std::string(kFormatHint));
}

std::string or_list(const std::string& hint) {
  return hint.empty() ? "`tracee list` shows all events and sets" : hint;
}

// The value as it is filtered: network events return nothing.
Term return_value() {
  Term out;
  out.kind = Kind::Signed;
  out.number = value_of(int64_t{0});
  return out;
}

}  // namespace

EventFlags::Chosen& EventFlags::choose(const EventSpec* spec) {
  for (Chosen& chosen : chosen_) {
    if (chosen.spec == spec) return chosen;
  }
  return chosen_.emplace_back(Chosen{spec, {}});
}

Result<> EventFlags::add(std::string_view label, std::string_view text) {
  if (text.empty()) {
    return fail(Exit::Usage, std::string(label) + ": empty flag",
                "name at least one event: tracee list");
  }
  const FlagText flag = split_flag(text);
  if (text.starts_with("tag=")) return tags(label, text);
  if (text.starts_with("threat.")) return threats(label, text);
  if (flag.symbol.empty() && text.find('.') == text.npos) return names(label, text);
  return filter(label, text);
}

Result<> EventFlags::add_rule_filter(std::string_view label, std::string_view event,
                                     std::string_view text) {
  const EventSpec* spec = catalog_.find(event);
  if (spec == nullptr) {
    return invalid(label, "invalid event to trace", event, or_list(catalog_.suggest_event(event)));
  }
  Chosen& chosen = choose(spec);
  if (text.empty()) return {};
  const FlagText flag = split_flag(text);
  if (flag.symbol.empty() && flag.name != "container" && flag.name != "host") {
    return invalid(label, "invalid filter", text, "a filter needs an operator, as in data.dst=::1");
  }
  for (const std::string_view kind : {"data.", "args."}) {
    if (flag.name.starts_with(kind)) {
      return data_filter(chosen, flag.name.substr(kind.size()), label, text);
    }
  }
  if (flag.name == "retval") return retval_filter(chosen, label, text);
  return scope_filter(chosen, flag.name, label, text);
}

std::vector<EventRule> EventFlags::build() {
  if (chosen_.empty()) {
    for (const EventSpec* spec : catalog_.in_set("default")) choose(spec);
  }
  std::erase_if(chosen_, [&](const Chosen& chosen) {
    return std::ranges::find(excluded_, chosen.spec) != excluded_.end();
  });
  std::ranges::sort(chosen_, {}, [](const Chosen& chosen) { return chosen.spec->id; });
  std::vector<EventRule> out;
  for (Chosen& chosen : chosen_) {
    EventRule rule{chosen.spec, {}};
    for (Part& part : chosen.parts) {
      std::string text;
      for (const std::string& one : part.texts) text += (text.empty() ? "" : "  ") + one;
      Tree tree = part.condition ? both(std::move(part.guard), part.condition->tree())
                                 : std::move(part.guard);
      rule.terms.push_back({std::move(text), std::move(tree)});
    }
    out.push_back(std::move(rule));
  }
  return out;
}

Result<> EventFlags::tags(std::string_view label, std::string_view text) {
  std::string_view last;
  bool found = false;
  for (const std::string_view set : split(text.substr(4), ',')) {
    if (set.empty()) return invalid_format(label, text);
    last = set;
    for (const EventSpec* spec : catalog_.in_set(set)) {
      choose(spec);
      found = true;
    }
  }
  if (!found) return invalid(label, "invalid tag", last, or_list(catalog_.suggest_set(last)));
  return {};
}

// Expands to the events of all detectors that match.
Result<> EventFlags::threats(std::string_view label, std::string_view text) {
  const FlagText flag = split_flag(text);
  const std::string_view property = flag.name.substr(std::min(flag.name.size(), size_t{7}));
  static constexpr std::string_view kProperties[] = {"severity", "mitre.technique", "mitre.tactic",
                                                     "name"};
  if (std::ranges::find(kProperties, property) == std::end(kProperties)) {
    const std::string near = did_you_mean(property, kProperties);
    return invalid(label, "invalid threat property", text,
                   near.empty() ? "there are severity, mitre.technique, mitre.tactic, name" : near);
  }
  if (flag.symbol.empty() || flag.values.empty()) return invalid_format(label, text);
  Operator op;
  if (!parse_operator(flag.symbol, op)) {
    return invalid(label, "invalid flag operator", text, "operators are = != < <= > >=");
  }
  const bool severity = property == "severity";
  Term term;
  term.kind = severity ? Kind::Unsigned : Kind::Text;
  Condition condition(std::vector<Term>{term});
  for (std::string_view value : split(flag.values, ',')) {
    static constexpr std::string_view kLevels[] = {"info", "low", "medium", "high", "critical"};
    const auto* level = std::ranges::find(kLevels, value);
    std::string number = std::to_string(level - std::begin(kLevels));
    if (severity && level != std::end(kLevels)) value = number;
    if (value.find('*') != value.npos) {
      return invalid(label, "invalid flag value", text, "give the exact name");
    }
    if (auto added = condition.add(op, value); !added) {
      return invalid(
          label, "invalid flag value", text,
          severity ? "give info, low, medium, high, critical or 0 to 4" : added.error().hint);
    }
  }
  bool found = false;
  for (const EventSpec* spec : catalog_.events()) {
    if (spec->threat == nullptr) continue;
    const Threat& threat = *spec->threat;
    Term known = term;
    known.number = value_of(uint64_t{threat.severity});
    known.text = property == "name"              ? threat.name
                 : property == "mitre.technique" ? threat.technique
                                                 : threat.tactic;
    std::vector<Term> terms = {known};
    // A technique goes by its id or its name.
    if (property == "mitre.technique" && !threat.technique_name.empty()) {
      known.text = threat.technique_name;
      terms.push_back(known);
    }
    Condition on_it = condition.with_terms(std::move(terms));
    if (on_it.tree().op != Tree::Op::Always) continue;
    choose(spec);
    found = true;
  }
  if (!found) {
    return invalid(label, "no detector matches", text,
                   "load detectors with --detectors; `tracee list` shows what is there");
  }
  return {};
}

Result<> EventFlags::names(std::string_view label, std::string_view text) {
  for (const std::string_view item : split(text, ',')) {
    if (item.empty() || has_edge_blank(item) || item == "-" || item.starts_with("- ")) {
      return invalid_format(label, text);
    }
    if (item.starts_with('-')) {
      const EventSpec* spec = catalog_.find(item.substr(1));
      if (spec == nullptr) {
        return invalid(label, "invalid event to exclude", item.substr(1),
                       or_list(catalog_.suggest_event(item.substr(1))));
      }
      excluded_.push_back(spec);
      continue;
    }
    auto specs = named(label, item);
    if (!specs) return forward(specs);
    for (const EventSpec* spec : *specs) choose(spec);
  }
  return {};
}

// One event, those a prefix names, or a set.
Result<std::vector<const EventSpec*>> EventFlags::named(std::string_view label,
                                                        std::string_view item) const {
  std::vector<const EventSpec*> specs;
  if (item.ends_with('*')) {
    const std::string_view prefix = item.substr(0, item.size() - 1);
    for (const EventSpec* spec : catalog_.events()) {
      if (spec->name.starts_with(prefix)) specs.push_back(spec);
    }
  } else if (const EventSpec* spec = catalog_.find(item)) {
    specs.push_back(spec);
  } else {
    specs = catalog_.in_set(item);
  }
  if (specs.empty()) {
    std::string hint = catalog_.suggest_event(item);
    if (hint.empty()) hint = catalog_.suggest_set(item);
    return invalid(label, "invalid event to trace", item, or_list(hint));
  }
  return specs;
}

Result<> EventFlags::filter(std::string_view label, std::string_view text) {
  const FlagText flag = split_flag(text);
  const auto parts = split(flag.name, '.');
  const bool empty_part =
      std::ranges::any_of(parts, [](std::string_view part) { return part.empty(); });
  if (parts.size() < 2 || empty_part || has_edge_blank(flag.name)) {
    return invalid_format(label, text);
  }
  auto specs = named(label, parts[0]);
  if (!specs) return forward(specs);
  const std::string_view kind = parts[1];
  const bool data = kind == "data" || kind == "args";
  const size_t rest = std::min(parts[0].size() + kind.size() + 2, flag.name.size());
  const std::string_view field = flag.name.substr(rest);
  const bool well_formed = data               ? parts.size() >= 3
                           : kind == "scope"  ? parts.size() == 3
                           : kind == "retval" ? parts.size() == 2
                                              : false;
  if (!well_formed) return invalid_format(label, text);
  for (const EventSpec* spec : *specs) {
    Chosen& chosen = choose(spec);
    auto done = data              ? data_filter(chosen, field, label, text)
                : kind == "scope" ? scope_filter(chosen, field, label, text)
                                  : retval_filter(chosen, label, text);
    if (!done) return done;
  }
  return {};
}

EventFlags::Part& EventFlags::part_of(Chosen& chosen, Condition condition, std::string place) {
  for (Part& part : chosen.parts) {
    if (part.place == place) return part;
  }
  return chosen.parts.emplace_back(
      Part{std::move(place), {}, std::move(condition), Tree{Tree::Op::Always}});
}

Result<> EventFlags::add_values_to(Part& part, std::string_view label, std::string_view text) {
  const FlagText flag = split_flag(text);
  if (flag.symbol.empty() || flag.values.empty()) return invalid_format(label, text);
  Operator op;
  if (!parse_operator(flag.symbol, op)) {
    return invalid(label, "invalid flag operator", text, "operators are = != < <= > >=");
  }
  part.texts.push_back(part.place + std::string(flag.symbol) + std::string(flag.values));
  return add_values(*part.condition, op, flag.values, label, text);
}

Result<> EventFlags::data_filter(Chosen& chosen, std::string_view field, std::string_view label,
                                 std::string_view text) {
  const FlagText flag = split_flag(text);
  if (flag.symbol.empty() || flag.values.empty()) return invalid_format(label, text);
  auto path = resolve_path(chosen.spec->fields, field);
  if (!path) {
    return invalid(label, "invalid event data field", text,
                   path.error().what + ": " + path.error().hint);
  }
  std::string place = "data";
  for (const Step& step : path->steps) {
    place += "." + std::string(step.field->name) + (step.has_key ? "." + step.key : "");
  }
  return add_values_to(part_of(chosen, Condition(std::move(*path)), std::move(place)), label, text);
}

Result<> EventFlags::retval_filter(Chosen& chosen, std::string_view label, std::string_view text) {
  return add_values_to(part_of(chosen, Condition(std::vector<Term>{return_value()}), "retval"),
                       label, text);
}

Result<> EventFlags::scope_filter(Chosen& chosen, std::string_view key, std::string_view label,
                                  std::string_view text) {
  const FlagText flag = split_flag(text);
  const std::string place = "scope." + std::string(key);
  if (auto asked = event_scope_question(key, flag, label, text)) {
    if (!*asked) return forward(*asked);
    chosen.parts.push_back(
        {place + std::string(flag.symbol) + std::string(flag.values), {}, std::nullopt, **asked});
    chosen.parts.back().texts = {chosen.parts.back().place};
    return {};
  }
  auto found = event_scope_key(key);
  if (!found) {
    return invalid(label, "invalid event scope field", text, event_scope_hint(key));
  }
  Part& part = part_of(chosen, Condition(std::move(found->path)), place);
  if (found->in_container) part.guard = in_container();
  return add_values_to(part, label, text);
}

}  // namespace tracee
