// SPDX-License-Identifier: Apache-2.0
#include "detect/yaml_rule.h"

#include <algorithm>

#include "detect/yaml_reader.h"

namespace tracee {

Result<detection::EventDefinition> YamlReader::produced(const YamlNode& map) const {
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

Result<detection::EventRequirement> YamlReader::event(const YamlNode& map) const {
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

Result<> YamlReader::requirements(const YamlNode& map, detection::DetectorRequirements& out) const {
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

Result<detection::Threat> YamlReader::threat(const YamlNode& map) const {
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

Result<> YamlReader::outputs(const YamlNode& map, YamlRule& out) const {
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

Result<YamlRule> YamlReader::rule(const YamlNode& top) const {
  static constexpr std::string_view kTop[] = {
      "type",          "id",         "produced_event", "requirements", "threat",
      "auto_populate", "conditions", "output",         "threshold",    "sequence",
      "suppress",      "max_keys",   "unless",         "new_value",    "expect"};
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
  if (const YamlNode* list = top.find("expect")) {
    if (auto done = expectations(*list, out); !done) return forward(done);
  }
  return out;
}

Result<YamlRule> read_rule(const std::string& file, const YamlNode& top) {
  return YamlReader(file).rule(top);
}

}  // namespace tracee
