// SPDX-License-Identifier: Apache-2.0
// The reference's newer JSON, written by walking the event tables. Members with a
// zero value are left out, and bytes that are no UTF-8 too. What has no place in
// the dialect (cgroup, host name, namespaces, processor) is not shown.
#include <bit>
#include <ctime>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "event/address.h"
#include "output/format/escape.h"
#include "output/format/format.h"
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

void put_text(std::string_view text, Buffer& out) noexcept {
  out.put('"');
  while (!text.empty()) {
    const size_t valid = valid_length(text);
    put_json_text(text.substr(0, valid), out);
    text.remove_prefix(valid < text.size() ? valid + 1 : valid);
  }
  out.put('"');
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
    put_text(map[i].key, out);
    out.put(":{\"header\":[");
    for (size_t j = 0; j < map[i].values.size(); ++j) {
      if (j > 0) out.put(',');
      put_text(map[i].values[j], out);
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
      put_text(value.text(), out);
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

// Times of one second differ in their ends only.
class TimeText {
 public:
  // "2025-11-23T09:18:32.931545102Z"; zeros at the end of the fraction are left out.
  void put(uint64_t time_ns, Buffer& out) noexcept {
    const auto second = static_cast<time_t>(time_ns / 1'000'000'000);
    if (second != second_) {
      tm utc;
      gmtime_r(&second, &utc);
      strftime(text_, sizeof text_, "\"%Y-%m-%dT%H:%M:%S", &utc);
      second_ = second;
    }
    out.put(text_);
    uint64_t rest = time_ns % 1'000'000'000;
    char digits[10] = {'.'};
    for (size_t i = 9; i > 0; rest /= 10) digits[i--] = static_cast<char>('0' + rest % 10);
    size_t size = sizeof digits;
    while (size > 0 && (digits[size - 1] == '0' || digits[size - 1] == '.')) --size;
    out.put({digits, size});
    out.put("Z\"");
  }

 private:
  time_t second_ = -1;
  char text_[32] = "";
};

// An argument; `start` is `{"name":…,"KIND":`, with what stands before a list.
struct Argument {
  const Field* field;
  Field element;
  std::string start, end;
  const Shape* of;
  bool after_direction;
};

struct Kinds {
  std::string event;  // ,"id":…,"name":…
  std::vector<Argument> arguments;
};

std::string quoted(std::string_view text) {
  Buffer buffer(text.size() * 8 + 16);
  put_text(text, buffer);
  return std::string(buffer.text());
}

class JsonV1Format final : public Format {
 public:
  JsonV1Format(const Catalog& catalog, const FormatOptions& options)
      : extended_(options.extended), network_(shapes_.of(kContextNetwork.of)) {
    for (const EventSpec* spec : catalog.events()) {
      if (events_.size() <= spec->id) events_.resize(spec->id + 1);
      Kinds& made = events_[spec->id];
      made.event = ",\"id\":" + std::to_string(spec->id) + ",\"name\":" + quoted(spec->name);
      for (const Field& field : spec->fields) made.arguments.push_back(argument_of(field));
    }
  }

  void write(const Event& event, Buffer& out) noexcept override {
    const Kinds& kinds = events_[event.spec->id];
    const Context& context = *event.context;
    out.put("{\"timestamp\":");
    time_.put(context.time_ns, out);
    out.put(kinds.event);
    put_policies(event, out);
    put_workload(context, out);
    put_data(event, kinds, out);
    if (event.spec->threat != nullptr) put_threat(*event.spec->threat, out);
    if (extended_) {
      out.put(",\"network\":");
      put_record(&context, *network_, out);
    }
    out.put("}\n");
  }

 private:
  Argument argument_of(const Field& field) {
    const V1Kind kind = v1_kind(field);
    Argument made{&field, element_of(field), "", "}", shapes_.of(field.of), kind.after_direction};
    made.start = "{\"name\":" + quoted(field.name) + ",\"" + std::string(kind.kind) + "\":";
    if (!kind.list.empty()) {
      made.start += "{\"" + std::string(kind.list) + "\":";
      made.end = "}}";
    }
    return made;
  }

  static void put_policies(const Event& event, Buffer& out) noexcept {
    if (event.policies == 0) return;
    std::string_view before = ",\"policies\":{\"matched\":[";
    for (uint64_t rest = event.policies; rest != 0; rest &= rest - 1) {
      out.put(before);
      put_text(event.policy_names[static_cast<size_t>(std::countr_zero(rest))], out);
      before = ",";
    }
    out.put("]}");
  }

  template <class Number>
  static void put_number(std::string_view key, Number number, Buffer& out) noexcept {
    out.put(key);
    out.put_number(number);
  }
  static void put_member(std::string_view key, std::string_view text, Buffer& out) noexcept {
    if (text.empty()) return;
    out.put(key);
    put_text(text, out);
  }

  void put_workload(const Context& c, Buffer& out) noexcept {
    const bool process = c.host_process_id != 0, container = !c.container.id.empty(),
               pod = !c.kubernetes.pod_name.empty();
    if (!process && !container && !pod) return;
    out.put(",\"workload\":{");
    if (process) put_process(c, out);
    if (container) {
      if (process) out.put(',');
      put_container(c, out);
    }
    if (pod) {
      if (process || container) out.put(',');
      out.put("\"k8s\":{\"pod\":{\"name\":");
      put_text(c.kubernetes.pod_name, out);
      put_member(",\"uid\":", c.kubernetes.pod_uid, out);
      out.put("},\"namespace\":{\"name\":");
      put_text(c.kubernetes.pod_namespace, out);
      out.put("}}");
    }
    out.put('}');
  }

  void put_process(const Context& c, Buffer& out) noexcept {
    out.put("\"process\":{");
    if (!c.executable.path.empty()) {
      out.put("\"executable\":{\"path\":");
      put_text(c.executable.path, out);
      out.put("},");
    }
    put_number("\"unique_id\":", c.process_entity, out);
    put_number(",\"host_pid\":", c.host_process_id, out);
    put_number(",\"pid\":", c.process_id, out);
    put_number(",\"real_user\":{\"id\":", c.user_id, out);
    out.put("},\"thread\":{\"start_time\":");
    start_.put(c.thread_start_ns, out);
    out.put(",\"name\":");
    put_text(c.process_name, out);
    put_number(",\"unique_id\":", c.thread_entity, out);
    put_number(",\"host_tid\":", c.host_thread_id, out);
    put_number(",\"tid\":", c.thread_id, out);
    put_member(",\"syscall\":", c.syscall, out);
    if (c.flags.is_compat) out.put(",\"compat\":true");
    out.put('}');
    if (c.host_parent_id != 0) {
      put_number(",\"ancestors\":[{\"unique_id\":", c.parent_entity, out);
      put_number(",\"host_pid\":", c.host_parent_id, out);
      put_number(",\"pid\":", c.parent_id, out);
      out.put("}]");
    }
    out.put('}');
  }

  static void put_container(const Context& c, Buffer& out) noexcept {
    out.put("\"container\":{\"id\":");
    put_text(c.container.id, out);
    put_member(",\"name\":", c.container.name, out);
    if (!c.container.image.empty()) {
      out.put(",\"image\":{");
      if (!c.container.image_digest.empty()) {
        out.put("\"repo_digests\":[");
        put_text(c.container.image_digest, out);
        out.put("],");
      }
      out.put("\"name\":");
      put_text(c.container.image, out);
      out.put('}');
    }
    if (c.flags.container_started) out.put(",\"started\":true");
    out.put('}');
  }

  static void put_data(const Event& event, const Kinds& kinds, Buffer& out) noexcept {
    if (kinds.arguments.empty()) return;
    std::string_view before = ",\"data\":[";
    for (const Argument& argument : kinds.arguments) {
      out.put(before);
      before = ",";
      if (argument.after_direction) {
        out.put("{\"name\":\"metadata\",\"str\":\"");
        const std::string_view direction = event.context->direction;
        out.put(direction.empty() ? "unknown" : direction);
        out.put("\"},");
      }
      out.put(argument.start);
      const Value value = argument.field->get(event.data);
      put_value(value, value.kind == Kind::List ? argument.element : *argument.field, argument.of,
                out);
      out.put(argument.end);
    }
    out.put(']');
  }

  static void put_threat(const Threat& threat, Buffer& out) noexcept {
    out.put(",\"threat\":{\"mitre\":{\"tactic\":{\"name\":");
    put_text(threat.tactic, out);
    out.put("},\"technique\":{\"id\":");
    put_text(threat.technique, out);
    put_number("}},\"severity\":", threat.severity, out);
    out.put(",\"name\":");
    put_text(threat.name, out);
    out.put('}');
  }

  bool extended_;
  Shapes shapes_;
  const Shape* network_;
  std::vector<Kinds> events_;  // by event id
  TimeText time_, start_;
};

}  // namespace

std::unique_ptr<Format> make_json_v1_format(const Catalog& catalog, const FormatOptions& options) {
  return std::make_unique<JsonV1Format>(catalog, options);
}

}  // namespace tracee
