// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>

#include "detect/detector.h"

namespace tracee {

// Texts stay where they are put.
struct ProducedEvent::Texts {
  std::deque<std::string> all;
  std::vector<std::string_view> sets, tags;
  std::vector<Field> fields;
  std::vector<Property> properties;
  Threat threat;

  std::string_view keep(std::string text) { return all.emplace_back(std::move(text)); }

  Field field(size_t position, std::string_view name, std::string_view type, std::string_view doc) {
    Kind kind = Kind::Text;
    uint8_t width = 0;
    type_of(type, kind, width);
    const std::string_view kept = keep(std::string(name));
    return finding_field(position, kind, kept, keep(",\"" + std::string(name) + "\":"),
                         keep(std::string(type)), keep(std::string(doc)), width);
  }
};

// A spec with further fields.
struct ProducedEvent::Shape {
  std::vector<std::string> key;
  std::vector<Field> fields;
  EventSpec spec;
};

namespace {

std::string version_text(const detection::Version& v) {
  return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
}

}  // namespace

ProducedEvent& ProducedEvents::of(const DetectorDefinition& definition) {
  const detection::EventDefinition& event = definition.produced_event;
  std::string key;
  const auto say = [&](std::string_view text) {
    key += text;
    key += '\0';
  };
  for (const auto* text : {&event.name, &event.description}) say(*text);
  say(version_text(event.version));
  for (const auto& field : event.fields) {
    for (const auto* text : {&field.name, &field.type, &field.description}) say(*text);
    say(field.optional ? "optional" : "");
  }
  say("tags");
  for (const std::string& tag : event.tags) say(tag);
  if (const auto& threat = definition.threat_metadata) {
    for (const auto* text : {&threat->name, &threat->description, &threat->mitre.tactic.name,
                             &threat->mitre.technique.id, &threat->mitre.technique.name}) {
      say(*text);
    }
    say(std::to_string(static_cast<int>(threat->severity)));
    for (const auto& [name, value] : threat->properties) {
      say(name);
      say(value);
    }
  }
  auto& made = events_[key];
  if (made == nullptr) {
    const auto next = static_cast<uint32_t>(first_id_ + ids_.size());
    const uint32_t id = ids_.emplace(event.name, next).first->second;
    made = std::make_unique<ProducedEvent>(definition, id);
  }
  return *made;
}

bool type_of(std::string_view type, Kind& kind, uint8_t& width_bits) {
  struct Known {
    std::string_view name;
    Kind kind;
    uint8_t width;
  };
  static constexpr Known kKnown[] = {
      {"string", Kind::Text, 0},      {"int32", Kind::Signed, 32},    {"int64", Kind::Signed, 64},
      {"uint32", Kind::Unsigned, 32}, {"uint64", Kind::Unsigned, 64}, {"bool", Kind::Bool, 0},
      {"bytes", Kind::Text, 0},
  };
  const auto* known = std::ranges::find(kKnown, type, &Known::name);
  if (known == std::end(kKnown)) return false;
  kind = known->kind;
  width_bits = known->width;
  return true;
}

ProducedEvent::ProducedEvent(const DetectorDefinition& definition, uint32_t id)
    : texts_(std::make_unique<Texts>()), spec_(std::make_unique<EventSpec>()) {
  const detection::EventDefinition& event = definition.produced_event;
  Texts& texts = *texts_;
  texts.sets = {"detectors", "default"};
  for (const std::string& tag : event.tags) {
    const std::string_view kept = texts.keep(tag);
    texts.tags.push_back(kept);
    if (std::ranges::find(texts.sets, kept) == texts.sets.end()) texts.sets.push_back(kept);
  }
  for (size_t i = 0; i < event.fields.size(); ++i) {
    const detection::EventField& field = event.fields[i];
    texts.fields.push_back(texts.field(i, field.name, field.type, field.description));
  }
  spec_->id = id;
  spec_->name = texts.keep(event.name);
  spec_->version = texts.keep(version_text(event.version));
  spec_->sets = texts.sets;
  spec_->fields = texts.fields;
  spec_->summary = texts.keep(event.description);
  spec_->example = texts.keep("tracee --detectors PATH --events " + event.name);
  spec_->is_finding = true;
  spec_->tags = texts.tags;
  if (definition.threat_metadata) {
    const detection::Threat& threat = *definition.threat_metadata;
    for (const auto& [name, value] : threat.properties) {
      texts.properties.push_back({texts.keep(name), texts.keep(value)});
    }
    texts.threat = {texts.keep(threat.name),
                    static_cast<uint8_t>(threat.severity),
                    texts.keep(threat.mitre.technique.id),
                    texts.keep(threat.mitre.tactic.name),
                    texts.keep(threat.mitre.technique.name),
                    texts.keep(threat.description),
                    texts.properties};
    spec_->threat = &texts.threat;
  }
}

ProducedEvent::~ProducedEvent() = default;

const EventSpec* ProducedEvent::with(std::span<const Extra> extras) {
  constexpr size_t kMaxShapes = 16;
  if (spec_->fields.size() + extras.size() > kMaxFindingFields) return nullptr;
  for (const auto& shape : shapes_) {
    if (std::ranges::equal(shape->key, extras, [](const std::string& key, const Extra& extra) {
          return key.size() == extra.name.size() + extra.type.size() + 1 &&
                 key.starts_with(extra.name) && key.ends_with(extra.type);
        })) {
      return &shape->spec;
    }
  }
  if (shapes_.size() == kMaxShapes) return nullptr;
  auto shape = std::make_unique<Shape>();
  shape->fields.assign(spec_->fields.begin(), spec_->fields.end());
  for (const Extra& extra : extras) {
    shape->key.push_back(std::string(extra.name) + " " + std::string(extra.type));
    shape->fields.push_back(texts_->field(shape->fields.size(), extra.name, extra.type, ""));
  }
  shape->spec = *spec_;
  shape->spec.fields = shape->fields;
  return &shapes_.emplace_back(std::move(shape))->spec;
}

}  // namespace tracee
