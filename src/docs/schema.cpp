// SPDX-License-Identifier: Apache-2.0
// The JSON Schema (2020-12) of what --output json writes, from the tables. It is as
// strict as the format: a key that no table has is an error, as is one that is not there.
#include <map>
#include <nlohmann/json.hpp>

#include "docs/pages.h"
#include "event/context.h"

namespace tracee {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDialect = "https://json-schema.org/draft/2020-12/schema";

class Schema {
 public:
  Json event_schema(const Subject& subject);

 private:
  Json object_of(std::span<const Field> fields);
  Json value_of(const Field& field);
  Json value_of_kind(const Field& field, Kind kind);
  Json arguments_of(const EventSpec& spec);
  Json finding_arguments_of(const EventSpec& spec);
  std::string reference(const RecordSpec& record);

  Json definitions_ = Json::object();
  std::map<const RecordSpec*, std::string> names_;
};

Json constant(Json value) { return {{"const", std::move(value)}}; }
Json reference_to(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }

Json with_doc(Json schema, std::string_view doc) {
  if (!doc.empty()) schema["description"] = doc;
  return schema;
}

Json closed_object(Json properties, Json required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// Each record once, below $defs, under its name.
std::string Schema::reference(const RecordSpec& record) {
  if (const auto known = names_.find(&record); known != names_.end()) return known->second;
  std::string name = "record." + std::string(record.name);
  for (int i = 2; definitions_.contains(name); ++i) {
    name = "record." + std::string(record.name) + std::to_string(i);
  }
  names_[&record] = name;
  definitions_[name] = Json();  // the name is taken
  Json made = object_of(record.fields);
  definitions_[name] = std::move(made);
  return name;
}

Json Schema::object_of(std::span<const Field> fields) {
  Json properties = Json::object(), required = Json::array();
  for (const Field& field : fields) {
    properties[std::string(field.name)] = with_doc(value_of(field), field.doc);
    if (field.empty != Empty::Absent) required.push_back(field.name);
  }
  return closed_object(std::move(properties), std::move(required));
}

Json Schema::value_of_kind(const Field& field, Kind kind) {
  switch (kind) {
    case Kind::Unsigned: {
      Json out = {{"type", "integer"}, {"minimum", 0}};
      const unsigned bits = field.width_bits == 0 ? 64 : field.width_bits;
      out["maximum"] = bits >= 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
      return out;
    }
    case Kind::Signed:
      return {{"type", "integer"}};
    case Kind::Flag:
      return {{"enum", {0, 1}}};
    case Kind::Bool:
      return {{"type", "boolean"}};
    case Kind::Text:
    case Kind::Address:
      return {{"type", "string"}};
    case Kind::Record:
      return reference_to(reference(*field.of));
    case Kind::Map:
      return {{"type", "object"},
              {"additionalProperties", {{"type", "array"}, {"items", {{"type", "string"}}}}}};
    case Kind::List:
      break;
  }
  Json list = {{"type", field.empty == Empty::Null ? Json{"array", "null"} : Json("array")}};
  list["items"] = value_of_kind(field, field.element);
  return list;
}

Json Schema::value_of(const Field& field) { return value_of_kind(field, field.kind); }

Json argument_of(std::string_view name, std::string_view type, Json value) {
  return closed_object({{"name", constant(name)}, {"type", constant(type)}, {"value", value}},
                       {"name", "type", "value"});
}

// A packet's event has all of its arguments, in order.
Json Schema::arguments_of(const EventSpec& spec) {
  Json list = {{"type", "array"}};
  Json items = Json::array();
  for (const Field& field : spec.fields) {
    items.push_back(with_doc(argument_of(field.name, field.type, value_of(field)), field.doc));
  }
  list["minItems"] = list["maxItems"] = items.size();
  if (!items.empty()) list["prefixItems"] = std::move(items);
  return list;
}

// A finding may lack some.
Json Schema::finding_arguments_of(const EventSpec& spec) {
  Json any = Json::array();
  for (const Field& field : spec.fields) {
    any.push_back(with_doc(argument_of(field.name, field.type, value_of(field)), field.doc));
  }
  Json list = {{"type", "array"}};
  if (any.empty()) {
    list["maxItems"] = 0;
  } else {
    list["items"] = {{"anyOf", any}};
  }
  return list;
}

Json text_list() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }

Json properties_of_finding() {
  return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
}

void add_finding_shapes(Json& definitions) {
  const Json text = {{"type", "string"}};
  definitions["metadata"] = closed_object({{"Version", text},
                                           {"Description", text},
                                           {"Tags", text_list()},
                                           {"Properties", properties_of_finding()}},
                                          {"Version", "Description", "Tags", "Properties"});
  definitions["threat"] = {{"type", "object"},
                           {"properties",
                            {{"name", text},
                             {"description", text},
                             {"severity", {{"type", "integer"}, {"minimum", 0}, {"maximum", 4}}},
                             {"mitre", {{"type", "object"}}},
                             {"properties", properties_of_finding()}}},
                           {"required", {"description", "mitre", "severity", "name", "properties"}},
                           {"additionalProperties", false}};
  definitions["source"] = {{"type", "object"},
                           {"properties",
                            {{"id", {{"type", "integer"}}},
                             {"name", text},
                             {"data", {{"type", "array"}}},
                             {"parent", reference_to("source")}}},
                           {"required", {"id", "name"}},
                           {"additionalProperties", false}};
}

Json Schema::event_schema(const Subject& subject) {
  // The envelope, key by key.
  Json properties = Json::object(), required = Json::array();
  const auto add = [&](std::span<const Field> fields) {
    for (const Field& field : fields) {
      properties[std::string(field.name)] = with_doc(value_of(field), field.doc);
      required.push_back(field.name);
    }
  };
  const auto add_own = [&](const char* name, Json schema, const char* doc, bool always = true) {
    properties[name] = with_doc(std::move(schema), doc);
    if (always) required.push_back(name);
  };
  add(kContextHead);
  add_own("eventId", {{"type", "string"}, {"pattern", "^[0-9]+$"}}, "The event's number.");
  add_own("eventName", {{"type", "string"}}, "The event's name.");
  add_own("matchedPolicies", text_list(), "Who selected it; \"\": the command line.", false);
  add_own("argsNum", {{"type", "integer"}, {"minimum", 0}}, "The number of args.");
  add_own("returnValue", constant(0), "Nothing was returned.");
  add({&kContextSyscall, 1});
  add_own("stackAddresses", constant(Json::array({0})), "There is no stack.");
  add(kContextTail);
  add_own("args", {{"type", "array"}}, "What the event is about.");
  add_own("metadata", reference_to("metadata"), "Of a finding.", false);
  add_own("threat", reference_to("threat"), "Of a finding.", false);
  add_own("detected_from", reference_to("source"), "Of a finding.", false);
  properties[std::string(kContextNetwork.name)] =
      with_doc(value_of(kContextNetwork), kContextNetwork.doc);

  add_finding_shapes(definitions_);
  Json cases = Json::array(), names = Json::array();
  for (const EventSpec* spec : subject.catalog.events()) {
    const std::string name(spec->name);
    Json own = {{"eventId", constant(std::to_string(spec->id))}};
    own["args"] = spec->is_finding ? finding_arguments_of(*spec) : arguments_of(*spec);
    Json then = {{"description", spec->summary}, {"properties", own}};
    if (spec->is_finding) {
      then["required"] = {"metadata"};
    } else {
      then["properties"]["argsNum"] = constant(spec->fields.size());
      then["properties"]["metadata"] = false;
    }
    definitions_["event." + name] = std::move(then);
    cases.push_back({{"if", {{"properties", {{"eventName", constant(name)}}}}},
                     {"then", reference_to("event." + name)}});
    names.push_back(name);
  }
  // An event of another name can only be a finding, of a detector that was not loaded.
  cases.push_back({{"if", {{"properties", {{"eventName", {{"enum", names}}}}}}},
                   {"else", {{"required", {"metadata"}}}}});

  Json out = {{"$schema", kDialect},
              {"title", "An event of tracee --output json"},
              {"description", "One line. Written by tracee " + subject.version + "."}};
  Json whole = closed_object(std::move(properties), std::move(required));
  for (auto& [key, value] : whole.items()) out[key] = value;
  out["allOf"] = std::move(cases);
  out["$defs"] = std::move(definitions_);
  return out;
}

}  // namespace

std::vector<Page> schemas(const Subject& subject) {
  return {{"tracee-event.schema.json", Schema().event_schema(subject).dump(1) + "\n"}};
}

}  // namespace tracee
