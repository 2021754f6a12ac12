// SPDX-License-Identifier: Apache-2.0
#include "output/format/v1_data.h"

#include <deque>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "event/address.h"
#include "output/format/escape.h"
#include "output/format/v1_names.h"

namespace tracee {
namespace {

struct Shape;

// A member as the dialect has it. `key` is `"name":`.
struct Member {
  const Field* field;
  Field element;  // of a list
  std::string key;
  const Shape* of;  // of a record, or of a list's records
};

struct Shape {
  std::vector<Member> members;
};

// Bytes at the start of `text` that are UTF-8.
size_t valid_length(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = p[at] < 0x80 ? 1 : utf8_sequence(p + at, text.size() - at);
    if (length == 0) break;
    at += length;
  }
  return at;
}

void put_value(const Value& value, const Field& field, const Shape* shape, Buffer& out) noexcept;

bool is_zero(const Value& value) noexcept {
  switch (value.kind) {
    case Kind::Unsigned:
    case Kind::Flag:
    case Kind::Bool:
      return value.u == 0;
    case Kind::Signed:
      return value.i == 0;
    case Kind::Text:
    case Kind::List:
    case Kind::Map:
      return value.count == 0;
    case Kind::Address:
      return value.address().family == 0;
    case Kind::Record:
      break;
  }
  return false;
}

// False: all members are zero, and nothing but {} was put.
bool put_record(const void* object, const Shape& shape, Buffer& out) noexcept {
  out.put('{');
  bool any = false;
  for (const Member& member : shape.members) {
    if (member.field->present != nullptr && !member.field->present(object)) continue;
    const Value value = member.field->get(object);
    if (is_zero(value)) continue;
    const size_t before = out.size();
    if (any) out.put(',');
    out.put(member.key);
    if (value.kind == Kind::Record && !put_record(value.p, *member.of, out)) {
      if (!out.overflowed()) out.rewind(before);
      continue;
    }
    if (value.kind != Kind::Record) {
      put_value(value, value.kind == Kind::List ? member.element : *member.field, member.of, out);
    }
    any = true;
  }
  out.put('}');
  return any;
}

// `element` is the field of one element.
void put_list(const Value& list, const Field& element, const Shape* shape, Buffer& out) noexcept {
  out.put('[');
  for (uint32_t i = 0; i < list.count; ++i) {
    if (i > 0) out.put(',');
    put_value(element.at(list.p, i), element, shape, out);
  }
  out.put(']');
}

void put_map(TextMap map, Buffer& out) noexcept {
  out.put('{');
  for (size_t i = 0; i < map.size(); ++i) {
    if (i > 0) out.put(',');
    put_v1_text(map[i].key, out);
    out.put(":{\"header\":[");
    for (size_t j = 0; j < map[i].values.size(); ++j) {
      if (j > 0) out.put(',');
      put_v1_text(map[i].values[j], out);
    }
    out.put("]}");
  }
  out.put('}');
}

void put_value(const Value& value, const Field& field, const Shape* shape, Buffer& out) noexcept {
  const std::string_view quote = v1_number_is_text(field) ? "\"" : "";
  switch (value.kind) {
    case Kind::Unsigned:
    case Kind::Flag:
      out.put(quote);
      out.put_number(value.u);
      out.put(quote);
      break;
    case Kind::Signed:
      out.put(quote);
      out.put_number(value.i);
      out.put(quote);
      break;
    case Kind::Bool:
      out.put(value.u != 0 ? "true" : "false");
      break;
    case Kind::Text:
      put_v1_text(value.text(), out);
      break;
    case Kind::Address:
      out.put('"');
      if (char* at = out.room(kAddressTextMax)) out.commit(format_address(at, value.address()));
      out.put('"');
      break;
    case Kind::Record:
      put_record(value.p, *shape, out);
      break;
    case Kind::List:
      put_list(value, field, shape, out);
      break;
    case Kind::Map:
      put_map(value.map(), out);
      break;
  }
}

Field element_of(const Field& field) {
  Field element = field;
  element.kind = field.element;
  return element;
}

// The shapes of all records, each made once.
class Shapes {
 public:
  const Shape* of(const RecordSpec* spec) {
    if (spec == nullptr) return nullptr;
    for (const Made& made : made_) {
      if (made.spec == spec) return &made.shape;
    }
    // A deque: what was handed out stays where it is.
    Made& made = made_.emplace_back(Made{spec, {}});
    for (const Field& field : spec->fields) {
      made.shape.members.push_back({&field, element_of(field),
                                    "\"" + v1_name(spec->name, field.name) + "\":", of(field.of)});
    }
    return &made.shape;
  }

 private:
  struct Made {
    const RecordSpec* spec;
    Shape shape;
  };
  std::deque<Made> made_;
};

// An argument; `start` is `{"name":…,"KIND":`, with what stands before a list.
struct Argument {
  const Field* field;
  Field element;
  std::string start, end;
  const Shape* of;
  bool after_direction;
};

std::string quoted(std::string_view text) {
  Buffer buffer(text.size() * 8 + 16);
  put_v1_text(text, buffer);
  return std::string(buffer.text());
}

// One kind of event.
struct KindOfEvent {
  const EventSpec* spec;
  std::vector<Argument> arguments;
};

}  // namespace

void put_v1_text(std::string_view text, Buffer& out) noexcept {
  out.put('"');
  while (!text.empty()) {
    const size_t valid = valid_length(text);
    put_json_text(text.substr(0, valid), out);
    text.remove_prefix(valid < text.size() ? valid + 1 : valid);
  }
  out.put('"');
}

struct V1Data::Kinds {
  Argument argument_of(const Field& field) {
    const V1Kind kind = v1_kind(field);
    Argument made{&field, element_of(field), "", "}", shapes.of(field.of), kind.after_direction};
    made.start = "{\"name\":" + quoted(field.name) + ",\"" + std::string(kind.kind) + "\":";
    if (!kind.list.empty()) {
      made.start += "{\"" + std::string(kind.list) + "\":";
      made.end = "}}";
    }
    return made;
  }

  const KindOfEvent& of(const EventSpec& spec) {
    for (const KindOfEvent& known : by_spec) {
      if (known.spec == &spec) return known;
    }
    KindOfEvent& made = by_spec.emplace_back(KindOfEvent{&spec, {}});
    for (const Field& field : spec.fields) made.arguments.push_back(argument_of(field));
    return made;
  }

  Shapes shapes;
  // A deque: what was handed out stays where it is.
  std::deque<KindOfEvent> by_spec;
};

V1Data::V1Data() : kinds_(std::make_unique<Kinds>()) {}
V1Data::~V1Data() = default;

void V1Data::prepare(const EventSpec& spec) { kinds_->of(spec); }

void V1Data::put(const EventSpec& spec, const void* data, const Context& context,
                 Buffer& out) noexcept {
  std::string_view before = ",\"data\":[";
  for (const Argument& argument : kinds_->of(spec).arguments) {
    const Field& field = *argument.field;
    if (field.present != nullptr && !field.present(data)) continue;
    out.put(before);
    before = ",";
    if (argument.after_direction) {
      out.put("{\"name\":\"metadata\",\"str\":\"");
      out.put(context.direction.empty() ? "unknown" : context.direction);
      out.put("\"},");
    }
    out.put(argument.start);
    const Value value = field.get(data);
    put_value(value, value.kind == Kind::List ? argument.element : field, argument.of, out);
    out.put(argument.end);
  }
  if (before == ",") out.put(']');
}

void V1Data::put_record(const void* object, const RecordSpec& spec, Buffer& out) noexcept {
  tracee::put_record(object, *kinds_->shapes.of(&spec), out);
}

}  // namespace tracee
