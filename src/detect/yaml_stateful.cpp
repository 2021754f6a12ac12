// SPDX-License-Identifier: Apache-2.0
// The parts of a detector file about what is remembered, and what is expected of it.
#include <algorithm>

#include "detect/yaml_reader.h"

namespace tracee {

Result<> YamlReader::threshold(const YamlNode& map, YamlRule& out) const {
  constexpr uint64_t kMostCount = 10'000;
  static constexpr std::string_view kKeys[] = {"by",       "count", "within",
                                               "distinct", "share", "regular"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  YamlThreshold made;
  auto by = texts(map.find("by"), "by");
  if (!by) return forward(by);
  made.by = *by;
  auto count = number(map, "count", kMostCount);
  if (!count) return forward(count);
  if (*count < 2) return wrong(*map.find("count"), "a threshold of less than 2", "leave it out");
  made.count = static_cast<uint32_t>(*count);
  auto within = time(map, "within");
  if (!within) return forward(within);
  made.within_ns = *within;
  if (const YamlNode* distinct = map.find("distinct")) {
    made.distinct = PlacedText{distinct->text, place_of(file_, *distinct)};
  }
  if (const YamlNode* part = map.find("share")) {
    if (auto done = share(*part, made); !done) return done;
  }
  if (const YamlNode* part = map.find("regular")) {
    if (made.distinct) return wrong(*part, "intervals of distinct values", "leave one of them out");
    if (made.count < 4) return wrong(*part, "less than 4 have no rhythm", "give a higher count");
    if (auto done = regular(*part, made); !done) return done;
  }
  out.threshold = std::move(made);
  return {};
}

Result<> YamlReader::share(const YamlNode& map, YamlThreshold& out) const {
  static constexpr std::string_view kKeys[] = {"of", "percent"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  auto of = text(map, "of", true);
  if (!of) return forward(of);
  out.share_of = PlacedText{*of, place_of(file_, *map.find("of"))};
  auto percent = number(map, "percent", 100);
  if (!percent) return forward(percent);
  out.share_percent = static_cast<uint32_t>(*percent);
  return {};
}

Result<> YamlReader::regular(const YamlNode& map, YamlThreshold& out) const {
  static constexpr std::string_view kKeys[] = {"percent", "at_least"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  auto percent = number(map, "percent", 100);
  if (!percent) return forward(percent);
  if (*percent == 0) return wrong(*map.find("percent"), "no clock is that exact", "give 1 to 100");
  out.regular_percent = static_cast<uint32_t>(*percent);
  if (map.find("at_least") == nullptr) return {};
  auto least = time(map, "at_least");
  if (!least) return forward(least);
  out.regular_least_ns = *least;
  return {};
}

// An event that is only there because it may follow.
Result<> YamlReader::follow(const std::string& event, YamlRule& out) const {
  auto& events = out.definition.requirements.events;
  if (std::ranges::find(events, event, &detection::EventRequirement::name) == events.end()) {
    events.push_back({.name = event});
  }
  return {};
}

Result<> YamlReader::unless(const YamlNode& map, YamlRule& out) const {
  static constexpr std::string_view kKeys[] = {"by", "event", "conditions", "within", "before"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  YamlUnless made;
  auto by = texts(map.find("by"), "by");
  if (!by) return forward(by);
  made.by = *by;
  auto event = text(map, "event", true);
  if (!event) return forward(event);
  made.step.event = *event;
  made.step.place = place_of(file_, map);
  auto conditions = texts(map.find("conditions"), "conditions");
  if (!conditions) return forward(conditions);
  made.step.conditions = *conditions;
  made.step.by = made.by;
  made.before = map.find("before") != nullptr;
  if (made.before == (map.find("within") != nullptr)) {
    return wrong(map, "no time, or two", "write within: 5s, or before: 5s");
  }
  auto time_ns = time(map, made.before ? "before" : "within");
  if (!time_ns) return forward(time_ns);
  made.within_ns = *time_ns;
  out.unless = std::move(made);
  return follow(*event, out);
}

Result<> YamlReader::new_value(const YamlNode& map, YamlRule& out) const {
  constexpr uint64_t kMostValues = 10'000;
  static constexpr std::string_view kKeys[] = {"by", "of", "learn", "most"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  YamlNewValue made;
  auto by = texts(map.find("by"), "by");
  if (!by) return forward(by);
  made.by = *by;
  auto of = text(map, "of", true);
  if (!of) return forward(of);
  made.of = {*of, place_of(file_, *map.find("of"))};
  auto learn = time(map, "learn");
  if (!learn) return forward(learn);
  made.learn_ns = *learn;
  if (map.find("most") != nullptr) {
    auto most = number(map, "most", kMostValues);
    if (!most) return forward(most);
    made.most = std::max<size_t>(*most, 1);
  }
  out.new_value = std::move(made);
  return {};
}

Result<> YamlReader::expectations(const YamlNode& list, YamlRule& out) const {
  constexpr uint64_t kMostFindings = 1'000'000'000;
  static constexpr std::string_view kKeys[] = {"capture", "findings", "fields"};
  // One of them may stand without a list around it.
  const std::span<const YamlNode> items =
      list.kind == Kind::List ? std::span<const YamlNode>(list.items) : std::span(&list, 1);
  for (const YamlNode& node : items) {
    if (auto checked = only_keys(node, kKeys); !checked) return checked;
    Expectation made;
    made.place = place_of(file_, node);
    auto capture = text(node, "capture", false);
    if (!capture) return forward(capture);
    made.capture = *capture;
    auto findings = number(node, "findings", kMostFindings);
    if (!findings) return forward(findings);
    made.findings = *findings;
    if (const YamlNode* fields = node.find("fields")) {
      if (fields->kind != Kind::Map) return wrong(*fields, "fields is a map", "FIELD: VALUE");
      if (made.findings == 0) return wrong(*fields, "no finding has fields", "leave one out");
      for (const auto& [key, value] : fields->members) {
        const bool declared =
            std::ranges::find(out.outputs, key.text, &YamlOutput::name) != out.outputs.end();
        if (!declared) return wrong(key, "the output has no field '" + key.text + "'", "");
        made.fields.emplace_back(key.text, value.text);
      }
    }
    out.expectations.push_back(std::move(made));
  }
  return {};
}

Result<> YamlReader::sequence(const YamlNode& map, YamlRule& out) const {
  static constexpr std::string_view kKeys[] = {"by", "within", "then", "repeats"};
  static constexpr std::string_view kStep[] = {"event", "conditions", "by"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  YamlSequence made;
  auto by = texts(map.find("by"), "by");
  if (!by) return forward(by);
  made.by = *by;
  auto within = time(map, "within");
  if (!within) return forward(within);
  made.within_ns = *within;
  auto repeats = truth(map, "repeats");
  if (!repeats) return forward(repeats);
  made.repeats = *repeats;
  const YamlNode* then = map.find("then");
  if (then == nullptr || then->kind != Kind::List || then->items.empty()) {
    return wrong(map, "nothing follows", "write then: with - {event, conditions}");
  }
  for (const YamlNode& node : then->items) {
    if (auto checked = only_keys(node, kStep); !checked) return checked;
    YamlStep step;
    auto event = text(node, "event", true);
    if (!event) return forward(event);
    step.event = *event;
    step.place = place_of(file_, node);
    auto conditions = texts(node.find("conditions"), "conditions");
    if (!conditions) return forward(conditions);
    step.conditions = *conditions;
    auto keys = texts(node.find("by"), "by");
    if (!keys) return forward(keys);
    step.by = keys->empty() ? made.by : *keys;
    if (step.by.size() != made.by.size()) {
      return wrong(node, "its key has another number of parts", "as many as `by` of the sequence");
    }
    made.then.push_back(std::move(step));
    if (auto done = follow(*event, out); !done) return done;
  }
  out.sequence = std::move(made);
  return {};
}

Result<> YamlReader::suppress(const YamlNode& map, YamlRule& out) const {
  static constexpr std::string_view kKeys[] = {"by", "for"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  YamlSuppress made;
  auto by = texts(map.find("by"), "by");
  if (!by) return forward(by);
  made.by = *by;
  auto time_ns = time(map, "for");
  if (!time_ns) return forward(time_ns);
  made.for_ns = *time_ns;
  out.suppress = std::move(made);
  return {};
}

Result<> YamlReader::stateful(const YamlNode& top, YamlRule& out) const {
  constexpr uint64_t kMostKeys = 1'000'000;
  using Part = Result<> (YamlReader::*)(const YamlNode&, YamlRule&) const;
  static constexpr std::pair<std::string_view, Part> kParts[] = {
      {"threshold", &YamlReader::threshold},
      {"sequence", &YamlReader::sequence},
      {"unless", &YamlReader::unless},
      {"new_value", &YamlReader::new_value},
      {"suppress", &YamlReader::suppress}};
  for (const auto& [key, read] : kParts) {
    const YamlNode* map = top.find(key);
    if (map == nullptr) continue;
    if (auto done = (this->*read)(*map, out); !done) return done;
  }
  if (top.find("max_keys") == nullptr) return {};
  auto keys = number(top, "max_keys", kMostKeys);
  if (!keys) return forward(keys);
  out.max_keys = std::max<size_t>(*keys, 1);
  return {};
}

}  // namespace tracee
