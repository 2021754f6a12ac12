// SPDX-License-Identifier: Apache-2.0
#include "detect/yaml_rule.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "event/catalog.h"
#include "event/finding.h"

namespace tracee {
namespace {

using detection::Dependency;
using Kind = YamlNode::Kind;

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  tl::unexpected<Error> wrong(const YamlNode& node, std::string what, std::string hint) const {
    return fail(Exit::Usage, place_of(file_, node) + ": " + std::move(what), std::move(hint));
  }

  Result<> only_keys(const YamlNode& map, std::span<const std::string_view> keys) const {
    if (map.kind != Kind::Map) return wrong(map, "a map is expected here", "KEY: VALUE");
    for (const auto& [key, value] : map.members) {
      if (std::ranges::find(keys, key.text) != keys.end()) continue;
      std::string hint = did_you_mean(key.text, keys);
      if (hint.empty()) {
        hint = "keys here:";
        for (const auto known : keys) hint += " " + std::string(known);
      }
      return wrong(key, "unknown key '" + key.text + "'", hint);
    }
    return {};
  }

  // A text that must be there, or may be missing.
  Result<std::string> text(const YamlNode& map, std::string_view key, bool needed) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr || (node->kind == Kind::Scalar && node->text.empty())) {
      if (!needed) return std::string();
      return wrong(node != nullptr ? *node : map, "no " + std::string(key),
                   "write " + std::string(key) + ": …");
    }
    if (node->kind != Kind::Scalar) return wrong(*node, std::string(key) + " is a text", "");
    return node->text;
  }

  Result<bool> truth(const YamlNode& map, std::string_view key) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return false;
    if (node->text == "true") return true;
    if (node->text == "false") return false;
    return wrong(*node, std::string(key) + " is true or false", "");
  }

  Result<std::vector<PlacedText>> texts(const YamlNode* list, std::string_view what) const {
    std::vector<PlacedText> out;
    if (list == nullptr || list->kind == Kind::Null) return out;
    if (list->kind != Kind::List) {
      return wrong(*list, std::string(what) + " is a list", "begin its lines with '- '");
    }
    for (const YamlNode& item : list->items) {
      if (item.kind != Kind::Scalar || item.text.empty()) {
        return wrong(item, std::string(what) + " holds texts", "put it in quotes");
      }
      out.push_back({item.text, place_of(file_, item)});
    }
    return out;
  }

  Result<std::vector<std::string>> plain_texts(const YamlNode* list, std::string_view what) const {
    auto placed = texts(list, what);
    if (!placed) return forward(placed);
    std::vector<std::string> out;
    for (PlacedText& each : *placed) out.push_back(std::move(each.text));
    return out;
  }

  // "1.2" or "1.2.3"
  Result<detection::Version> version(const YamlNode& node) const {
    uint32_t parts[3] = {};
    const char* at = node.text.data();
    const char* const end = at + node.text.size();
    size_t count = 0;
    while (count < 3 && at < end) {
      const auto parsed = std::from_chars(at, end, parts[count]);
      if (parsed.ec != std::errc()) break;
      ++count;
      at = parsed.ptr;
      if (at < end && (*at != '.' || ++at == end)) break;
    }
    if (at != end || count < 2 || node.text.ends_with('.')) {
      return wrong(node, "'" + node.text + "' is no version",
                   "write MAJOR.MINOR or MAJOR.MINOR.PATCH");
    }
    return detection::Version{parts[0], parts[1], parts[2]};
  }

  Result<Dependency> dependency(const YamlNode& map) const {
    const YamlNode* node = map.find("dependency");
    if (node == nullptr || node->text == "required") return Dependency::Required;
    if (node->text == "optional") return Dependency::Optional;
    return wrong(*node, "dependency is required or optional", "");
  }

  // "10s", "5m", "250ms", "1h"
  Result<uint64_t> time(const YamlNode& map, std::string_view key) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return wrong(map, "no " + std::string(key), "a time, as in 10s or 5m");
    uint64_t number = 0;
    const char* const end = node->text.data() + node->text.size();
    const auto parsed = std::from_chars(node->text.data(), end, number);
    const std::string_view unit(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
    const uint64_t factor = unit == "ms"  ? 1'000'000
                            : unit == "s" ? 1'000'000'000
                            : unit == "m" ? 60'000'000'000
                            : unit == "h" ? 3'600'000'000'000
                                          : 0;
    if (parsed.ec != std::errc() || factor == 0 || number == 0 || number > 1'000'000) {
      return wrong(*node, "'" + node->text + "' is no time", "write 250ms, 10s, 5m or 1h");
    }
    return number * factor;
  }

  Result<uint64_t> number(const YamlNode& map, std::string_view key, uint64_t most) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return wrong(map, "no " + std::string(key), "a number");
    uint64_t out = 0;
    const char* const end = node->text.data() + node->text.size();
    const auto parsed = std::from_chars(node->text.data(), end, out);
    if (parsed.ec != std::errc() || parsed.ptr != end || out > most) {
      return wrong(*node, "'" + node->text + "' is no number of 0 to " + std::to_string(most), "");
    }
    return out;
  }

  Result<YamlRule> rule(const YamlNode& top) const;

 private:
  Result<detection::EventDefinition> produced(const YamlNode& map) const;
  Result<detection::EventRequirement> event(const YamlNode& map) const;
  Result<> requirements(const YamlNode& map, detection::DetectorRequirements& out) const;
  Result<detection::Threat> threat(const YamlNode& map) const;
  Result<> outputs(const YamlNode& map, YamlRule& out) const;
  Result<> threshold(const YamlNode& map, YamlRule& out) const;
  Result<> sequence(const YamlNode& map, YamlRule& out) const;
  Result<> suppress(const YamlNode& map, YamlRule& out) const;
  Result<> stateful(const YamlNode& top, YamlRule& out) const;

  const std::string& file_;
};

Result<detection::EventDefinition> Reader::produced(const YamlNode& map) const {
  static constexpr std::string_view kKeys[] = {"name", "version", "description", "tags", "fields"};
  static constexpr std::string_view kField[] = {"name", "type", "description", "optional"};
  static constexpr std::string_view kTypes[] = {"string", "int32", "uint32",
                                                "uint64", "bool",  "bytes"};
  detection::EventDefinition out;
  if (auto checked = only_keys(map, kKeys); !checked) return forward(checked);
  auto name = text(map, "name", true);
  if (!name) return forward(name);
  out.name = *name;
  const YamlNode* number = map.find("version");
  if (number == nullptr) return wrong(map, "no version", "write version: 1.0.0");
  auto parsed = version(*number);
  if (!parsed) return forward(parsed);
  out.version = *parsed;
  auto description = text(map, "description", false);
  if (!description) return forward(description);
  out.description = *description;
  auto tags = plain_texts(map.find("tags"), "tags");
  if (!tags) return forward(tags);
  out.tags = *tags;
  const YamlNode* fields = map.find("fields");
  if (fields == nullptr) return out;
  if (fields->kind != Kind::List) return wrong(*fields, "fields is a list", "- {name, type}");
  for (const YamlNode& node : fields->items) {
    if (auto checked = only_keys(node, kField); !checked) return forward(checked);
    detection::EventField field;
    auto field_name = text(node, "name", true);
    if (!field_name) return forward(field_name);
    auto type = text(node, "type", true);
    if (!type) return forward(type);
    auto doc = text(node, "description", false);
    if (!doc) return forward(doc);
    auto optional = truth(node, "optional");
    if (!optional) return forward(optional);
    if (std::ranges::find(kTypes, *type) == std::end(kTypes)) {
      return wrong(*node.find("type"), "'" + *type + "' is no type",
                   "types are string, int32, uint32, uint64, bool and bytes");
    }
    if (std::ranges::find(out.fields, *field_name, &detection::EventField::name) !=
        out.fields.end()) {
      return wrong(*node.find("name"), "a second field '" + *field_name + "'", "");
    }
    out.fields.push_back({*field_name, *type, *doc, *optional});
  }
  return out;
}

Result<detection::EventRequirement> Reader::event(const YamlNode& map) const {
  static constexpr std::string_view kKeys[] = {"name",        "dependency",   "min_version",
                                               "max_version", "data_filters", "scope_filters"};
  detection::EventRequirement out;
  if (auto checked = only_keys(map, kKeys); !checked) return forward(checked);
  auto name = text(map, "name", true);
  if (!name) return forward(name);
  out.name = *name;
  auto needed = dependency(map);
  if (!needed) return forward(needed);
  out.dependency = *needed;
  for (const auto& [key, target] :
       {std::pair{"min_version", &out.min_version}, std::pair{"max_version", &out.max_version}}) {
    const YamlNode* node = map.find(key);
    if (node == nullptr) continue;
    auto parsed = version(*node);
    if (!parsed) return forward(parsed);
    *target = *parsed;
  }
  auto data = plain_texts(map.find("data_filters"), "data_filters");
  if (!data) return forward(data);
  out.data_filters = *data;
  auto scope = plain_texts(map.find("scope_filters"), "scope_filters");
  if (!scope) return forward(scope);
  out.scope_filters = *scope;
  return out;
}

Result<> Reader::requirements(const YamlNode& map, detection::DetectorRequirements& out) const {
  static constexpr std::string_view kKeys[] = {"events", "enrichments", "architectures",
                                               "min_tracee_version", "max_tracee_version"};
  static constexpr std::string_view kEnrichment[] = {"name", "dependency", "config"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  const YamlNode* events = map.find("events");
  if (events == nullptr || events->kind != Kind::List || events->items.empty()) {
    return wrong(events != nullptr ? *events : map, "no required events",
                 "write events: with at least - {name: EVENT}");
  }
  for (const YamlNode& node : events->items) {
    auto made = event(node);
    if (!made) return forward(made);
    if (std::ranges::find(out.events, made->name, &detection::EventRequirement::name) !=
        out.events.end()) {
      return wrong(node, "the event '" + made->name + "' stands twice", "put the filters together");
    }
    out.events.push_back(std::move(*made));
  }
  if (const YamlNode* list = map.find("enrichments")) {
    for (const YamlNode& node : list->items) {
      if (auto checked = only_keys(node, kEnrichment); !checked) return checked;
      auto name = text(node, "name", true);
      if (!name) return forward(name);
      auto needed = dependency(node);
      if (!needed) return forward(needed);
      auto config = text(node, "config", false);
      if (!config) return forward(config);
      if (std::ranges::find(out.enrichments, *name, &detection::EnrichmentRequirement::name) !=
          out.enrichments.end()) {
        return wrong(node, "the enrichment '" + *name + "' stands twice", "");
      }
      out.enrichments.push_back({*name, *needed, *config});
    }
  }
  auto architectures = plain_texts(map.find("architectures"), "architectures");
  if (!architectures) return forward(architectures);
  out.architectures = *architectures;
  auto least = text(map, "min_tracee_version", false);
  if (!least) return forward(least);
  out.min_tracee_version = *least;
  auto most = text(map, "max_tracee_version", false);
  if (!most) return forward(most);
  out.max_tracee_version = *most;
  return {};
}

Result<detection::Threat> Reader::threat(const YamlNode& map) const {
  static constexpr std::string_view kKeys[] = {"name", "description", "severity", "mitre",
                                               "properties"};
  static constexpr std::string_view kMitre[] = {"tactic", "technique"};
  static constexpr std::string_view kLevels[] = {"low", "medium", "high", "critical"};
  detection::Threat out;
  if (auto checked = only_keys(map, kKeys); !checked) return forward(checked);
  auto name = text(map, "name", false);
  if (!name) return forward(name);
  out.name = *name;
  auto description = text(map, "description", true);
  if (!description) return forward(description);
  out.description = *description;
  auto severity = text(map, "severity", true);
  if (!severity) return forward(severity);
  const auto* level = std::ranges::find(kLevels, *severity);
  if (level == std::end(kLevels)) {
    return wrong(*map.find("severity"), "'" + *severity + "' is no severity",
                 "low, medium, high or critical");
  }
  out.severity = static_cast<detection::Severity>(level - std::begin(kLevels) + 1);
  if (const YamlNode* mitre = map.find("mitre")) {
    if (auto checked = only_keys(*mitre, kMitre); !checked) return forward(checked);
    if (const YamlNode* tactic = mitre->find("tactic")) {
      auto value = text(*tactic, "name", true);
      if (!value) return forward(value);
      out.mitre.tactic.name = *value;
    }
    if (const YamlNode* technique = mitre->find("technique")) {
      auto id = text(*technique, "id", true);
      if (!id) return forward(id);
      auto technique_name = text(*technique, "name", false);
      if (!technique_name) return forward(technique_name);
      out.mitre.technique.id = *id;
      out.mitre.technique.name = *technique_name;
    }
  }
  if (const YamlNode* properties = map.find("properties")) {
    for (const auto& [key, value] : properties->members) {
      if (value.kind != Kind::Scalar) return wrong(value, "a property is a text", "");
      out.properties.emplace_back(key.text, value.text);
    }
  }
  return out;
}

Result<> Reader::outputs(const YamlNode& map, YamlRule& out) const {
  static constexpr std::string_view kTop[] = {"fields"};
  static constexpr std::string_view kKeys[] = {"name", "expression", "optional"};
  if (auto checked = only_keys(map, kTop); !checked) return checked;
  const YamlNode* fields = map.find("fields");
  if (fields == nullptr || fields->kind != Kind::List) {
    return wrong(map, "no fields", "write fields: with - {name, expression}");
  }
  const auto& declared = out.definition.produced_event.fields;
  for (const YamlNode& node : fields->items) {
    if (auto checked = only_keys(node, kKeys); !checked) return checked;
    auto name = text(node, "name", true);
    if (!name) return forward(name);
    auto expression = text(node, "expression", true);
    if (!expression) return forward(expression);
    auto optional = truth(node, "optional");
    if (!optional) return forward(optional);
    if (std::ranges::find(out.outputs, *name, &YamlOutput::name) != out.outputs.end()) {
      return wrong(*node.find("name"), "a second output field '" + *name + "'", "");
    }
    const bool known =
        std::ranges::find(declared, *name, &detection::EventField::name) != declared.end();
    if (!declared.empty() && !known && !*optional) {
      return wrong(*node.find("name"), "the produced event declares no field '" + *name + "'",
                   "declare it under produced_event, or make it optional");
    }
    out.outputs.push_back(
        {*name, {*expression, place_of(file_, *node.find("expression"))}, *optional});
  }
  for (const auto& field : declared) {
    if (field.optional ||
        std::ranges::find(out.outputs, field.name, &YamlOutput::name) != out.outputs.end()) {
      continue;
    }
    return wrong(map, "nothing fills the field '" + field.name + "'",
                 "give it an expression, or make it optional");
  }
  return {};
}

Result<> Reader::threshold(const YamlNode& map, YamlRule& out) const {
  constexpr uint64_t kMostCount = 10'000;
  static constexpr std::string_view kKeys[] = {"by", "count", "within", "distinct"};
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
  out.threshold = std::move(made);
  return {};
}

Result<> Reader::sequence(const YamlNode& map, YamlRule& out) const {
  static constexpr std::string_view kKeys[] = {"by", "within", "then"};
  static constexpr std::string_view kStep[] = {"event", "conditions", "by"};
  if (auto checked = only_keys(map, kKeys); !checked) return checked;
  YamlSequence made;
  auto by = texts(map.find("by"), "by");
  if (!by) return forward(by);
  made.by = *by;
  auto within = time(map, "within");
  if (!within) return forward(within);
  made.within_ns = *within;
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
    auto& events = out.definition.requirements.events;
    if (std::ranges::find(events, *event, &detection::EventRequirement::name) == events.end()) {
      events.push_back({.name = *event});
    }
  }
  out.sequence = std::move(made);
  return {};
}

Result<> Reader::suppress(const YamlNode& map, YamlRule& out) const {
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

Result<> Reader::stateful(const YamlNode& top, YamlRule& out) const {
  constexpr uint64_t kMostKeys = 1'000'000;
  using Part = Result<> (Reader::*)(const YamlNode&, YamlRule&) const;
  static constexpr std::pair<std::string_view, Part> kParts[] = {{"threshold", &Reader::threshold},
                                                                 {"sequence", &Reader::sequence},
                                                                 {"suppress", &Reader::suppress}};
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

Result<YamlRule> Reader::rule(const YamlNode& top) const {
  static constexpr std::string_view kTop[] = {
      "type",       "id",     "produced_event", "requirements", "threat",   "auto_populate",
      "conditions", "output", "threshold",      "sequence",     "suppress", "max_keys"};
  static constexpr std::string_view kFill[] = {"threat", "detected_from", "process_ancestry"};
  YamlRule out;
  out.file = file_;
  out.place = place_of(file_, top);
  if (auto checked = only_keys(top, kTop); !checked) return forward(checked);
  auto id = text(top, "id", true);
  if (!id) return forward(id);
  out.definition.id = *id;
  const YamlNode* event = top.find("produced_event");
  if (event == nullptr) return wrong(top, "no produced_event", "it has a name and a version");
  auto made = produced(*event);
  if (!made) return forward(made);
  out.definition.produced_event = std::move(*made);
  const YamlNode* needs = top.find("requirements");
  if (needs == nullptr) return wrong(top, "no requirements", "it names at least one event");
  if (auto done = requirements(*needs, out.definition.requirements); !done) return forward(done);
  if (const YamlNode* map = top.find("threat")) {
    auto found = threat(*map);
    if (!found) return forward(found);
    out.definition.threat_metadata = std::move(*found);
  }
  if (const YamlNode* map = top.find("auto_populate")) {
    if (auto checked = only_keys(*map, kFill); !checked) return forward(checked);
    auto& fills = out.definition.auto_populate;
    for (const auto& [key, target] :
         {std::pair{"threat", &fills.threat}, std::pair{"detected_from", &fills.detected_from},
          std::pair{"process_ancestry", &fills.process_ancestry}}) {
      auto value = truth(*map, key);
      if (!value) return forward(value);
      *target = *value;
    }
  }
  auto conditions = texts(top.find("conditions"), "conditions");
  if (!conditions) return forward(conditions);
  out.conditions = std::move(*conditions);
  if (const YamlNode* map = top.find("output")) {
    if (auto done = outputs(*map, out); !done) return forward(done);
  }
  if (auto done = stateful(top, out); !done) return forward(done);
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text;
}

bool is_list_name(std::string_view name) {
  return !name.empty() && name[0] >= 'A' && name[0] <= 'Z' && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// False: a list of that name is there already.
Result<bool> take_list(const Reader& reader, const YamlNode& top, StringLists& lists) {
  static constexpr std::string_view kKeys[] = {"type", "name", "values"};
  if (auto checked = reader.only_keys(top, kKeys); !checked) return forward(checked);
  auto name = reader.text(top, "name", true);
  if (!name) return forward(name);
  if (!is_list_name(*name)) {
    return reader.wrong(*top.find("name"), "'" + *name + "' is no name for a list",
                        "capital letters, digits and _, as in BAD_DOMAINS");
  }
  auto values = reader.plain_texts(top.find("values"), "values");
  if (!values) return forward(values);
  return lists.emplace(*name, std::move(*values)).second;
}

}  // namespace

Result<std::vector<YamlRule>> read_rules(const std::vector<std::string>& files, StringLists& lists,
                                         std::vector<Error>& warnings) {
  std::vector<YamlRule> out;
  for (const std::string& file : files) {
    auto documents = read_yaml(file);
    if (!documents) {
      warnings.push_back(documents.error());
      continue;
    }
    const Reader reader(file);
    if (documents->size() != 1) {
      warnings.push_back({Exit::Usage, file + ":1:1: a file holds one detector or one list", ""});
      continue;
    }
    const YamlNode& top = documents->front();
    const YamlNode* type = top.find("type");
    const std::string kind = type == nullptr ? "" : lower(type->text);
    if (kind == "detector") {
      auto made = reader.rule(top);
      if (made) {
        out.push_back(std::move(*made));
      } else {
        warnings.push_back(made.error());
      }
    } else if (kind == "string_list") {
      auto taken = take_list(reader, top, lists);
      if (!taken) {
        warnings.push_back(taken.error());
      } else if (!*taken) {
        return reader.wrong(*top.find("name"), "a second list '" + top.find("name")->text + "'",
                            "nothing of its folder is loaded; rename one");
      }
    } else {
      warnings.push_back(reader
                             .wrong(type != nullptr ? *type : top, "this is no detector",
                                    "write type: detector, or type: string_list")
                             .value());
    }
  }
  return out;
}

}  // namespace tracee
