// SPDX-License-Identifier: Apache-2.0
#include "output/format/json_finding.h"

#include <algorithm>

#include "output/format/escape.h"

namespace tracee {
namespace {

void put_text(std::string_view text, Buffer& out) noexcept {
  out.put('"');
  put_json_text(text, out);
  out.put('"');
}

void put_properties(std::span<const Property> properties, Buffer& out) noexcept {
  out.put('{');
  for (size_t i = 0; i < properties.size(); ++i) {
    if (i > 0) out.put(',');
    put_text(properties[i].name, out);
    out.put(':');
    put_text(properties[i].value, out);
  }
  out.put('}');
}

// Fields of findings are numbers, bools and texts.
void put_scalar(const Value& value, Buffer& out) noexcept {
  switch (value.kind) {
    case Kind::Unsigned:
      out.put_number(value.u);
      break;
    case Kind::Signed:
      out.put_number(value.i);
      break;
    case Kind::Bool:
      out.put(value.u != 0 ? "true" : "false");
      break;
    default:
      put_text(value.text(), out);
      break;
  }
}

void put_arguments(const Event& event, Buffer& out) noexcept {
  out.put('[');
  bool first = true;
  for (const Field& field : event.spec->fields) {
    if (!field.present(event.data)) continue;
    out.put(first ? "{\"name\":" : ",{\"name\":");
    first = false;
    put_text(field.name, out);
    out.put(",\"type\":");
    put_text(field.type, out);
    out.put(",\"value\":");
    put_scalar(field.get(event.data), out);
    out.put('}');
  }
  out.put(']');
}

void put_metadata(const Event& event, Buffer& out) noexcept {
  out.put(",\"metadata\":{\"Version\":");
  put_text(event.spec->version, out);
  out.put(",\"Description\":");
  put_text(event.spec->summary, out);
  out.put(",\"Tags\":[");
  for (size_t i = 0; i < event.spec->tags.size(); ++i) {
    if (i > 0) out.put(',');
    put_text(event.spec->tags[i], out);
  }
  out.put("],\"Properties\":");
  const Threat* threat = event.finding->threat;
  put_properties(threat != nullptr ? threat->properties : std::span<const Property>(), out);
  out.put('}');
}

void put_threat(const Threat& threat, Buffer& out) noexcept {
  out.put(",\"threat\":{\"description\":");
  put_text(threat.description, out);
  out.put(",\"mitre\":{\"tactic\":{\"name\":");
  put_text(threat.tactic, out);
  out.put("},\"technique\":{\"id\":");
  put_text(threat.technique, out);
  out.put(",\"name\":");
  put_text(threat.technique_name, out);
  out.put("}},\"severity\":");
  out.put_number(threat.severity);
  out.put(",\"name\":");
  put_text(threat.name, out);
  out.put(",\"properties\":");
  put_properties(threat.properties, out);
  out.put('}');
}

void put_source(const DetectedFrom& from, const Context& context, V1Data& data,
                Buffer& out) noexcept {
  out.put("{\"id\":");
  out.put_number(from.spec->id);
  out.put(",\"name\":");
  put_text(from.spec->name, out);
  if (from.data != nullptr) data.put(*from.spec, from.data, context, out);
  if (from.parent != nullptr) {
    out.put(",\"parent\":");
    put_source(*from.parent, context, data, out);
  }
  out.put('}');
}

}  // namespace

size_t finding_size(const Event& event) noexcept {
  return static_cast<size_t>(std::ranges::count_if(
      event.spec->fields, [&](const Field& field) { return field.present(event.data); }));
}

void put_threat_and_source(const Event& event, V1Data& data, Buffer& out) noexcept {
  if (event.finding->threat != nullptr) put_threat(*event.finding->threat, out);
  if (event.finding->from == nullptr) return;
  out.put(",\"detected_from\":");
  put_source(*event.finding->from, *event.context, data, out);
}

void put_finding(const Event& event, V1Data& data, Buffer& out) noexcept {
  put_arguments(event, out);
  put_metadata(event, out);
  put_threat_and_source(event, data, out);
}

}  // namespace tracee
