// SPDX-License-Identifier: Apache-2.0
// The reference's JSON, written by walking the event tables. What does not
// change from event to event of one kind is rendered once, at start.
#include <bit>
#include <string>
#include <vector>

#include "event/address.h"
#include "event/context.h"
#include "output/format/escape.h"
#include "output/format/format.h"

namespace tracee {
namespace {

void put_value(const Value& value, const Field& field, Buffer& out) noexcept;

void put_text(std::string_view text, Buffer& out) noexcept {
  out.put('"');
  put_json_text(text, out);
  out.put('"');
}

void put_address(const Address& address, Buffer& out) noexcept {
  if (char* at = out.room(kAddressTextMax + 2)) {
    *at = '"';
    const size_t size = format_address(at + 1, address);
    at[size + 1] = '"';
    out.commit(size + 2);
  }
}

// Each member puts `,"key":` first; the first comma is then made the brace.
void put_record(const void* object, const RecordSpec& spec, Buffer& out) noexcept {
  const size_t start = out.size();
  for (const Field& member : spec.fields) {
    const Value value = member.get(object);
    if (member.empty == Empty::Absent && value.count == 0) continue;
    out.put(member.key);
    put_value(value, member, out);
  }
  if (out.size() == start) out.put('{');
  out.set(start, '{');
  out.put('}');
}

void put_list(const Value& list, const Field& field, Buffer& out) noexcept {
  if (list.count == 0) {
    out.put(field.empty == Empty::Null ? "null" : "[]");
    return;
  }
  Field element = field;
  element.kind = field.element;
  for (uint32_t i = 0; i < list.count; ++i) {
    out.put(i == 0 ? '[' : ',');
    put_value(field.at(list.p, i), element, out);
  }
  out.put(']');
}

void put_map(TextMap map, Buffer& out) noexcept {
  out.put('{');
  for (size_t i = 0; i < map.size(); ++i) {
    if (i > 0) out.put(',');
    put_text(map[i].key, out);
    out.put(':');
    for (size_t j = 0; j < map[i].values.size(); ++j) {
      out.put(j == 0 ? '[' : ',');
      put_text(map[i].values[j], out);
    }
    out.put(']');
  }
  out.put('}');
}

void put_value(const Value& value, const Field& field, Buffer& out) noexcept {
  switch (value.kind) {
    case Kind::Unsigned:
    case Kind::Flag:
      out.put_number(value.u);
      break;
    case Kind::Signed:
      out.put_number(value.i);
      break;
    case Kind::Bool:
      out.put(value.u != 0 ? "true" : "false");
      break;
    case Kind::Text:
      put_text(value.text(), out);
      break;
    case Kind::Address:
      put_address(value.address(), out);
      break;
    case Kind::Record:
      put_record(value.p, *field.of, out);
      break;
    case Kind::List:
      put_list(value, field, out);
      break;
    case Kind::Map:
      put_map(value.map(), out);
      break;
  }
}

// A text known at start, as JSON.
std::string quoted(std::string_view text) {
  Buffer buffer(text.size() * 8 + 16);
  put_text(text, buffer);
  return std::string(buffer.text());
}

// The constant parts of one kind of event.
struct Constants {
  std::string event;                  // ,"eventId":…,"eventName":…
  std::string returned;               // ,"argsNum":…,"returnValue":0
  std::vector<std::string> argument;  // {"name":…,"type":…,"value":
};

Constants constants_of(const EventSpec& spec) {
  Constants out;
  out.event = ",\"eventId\":\"" + std::to_string(spec.id) + "\",\"eventName\":" + quoted(spec.name);
  out.returned = ",\"argsNum\":" + std::to_string(spec.fields.size()) + ",\"returnValue\":0";
  for (const Field& argument : spec.fields) {
    out.argument.push_back("{\"name\":" + quoted(argument.name) +
                           ",\"type\":" + quoted(argument.type) + ",\"value\":");
  }
  return out;
}

// The key is left out when no policy is named; the command line has one name, "".
void put_policies(const Event& event, Buffer& out) noexcept {
  std::string_view before = ",\"matchedPolicies\":[";
  for (uint64_t rest = event.policies; rest != 0; rest &= rest - 1) {
    out.put(before);
    put_text(event.policy_names[static_cast<size_t>(std::countr_zero(rest))], out);
    before = ",";
  }
  if (event.policies != 0) out.put(']');
}

class JsonFormat final : public Format {
 public:
  JsonFormat(const Catalog& catalog, bool extended) : extended_(extended) {
    for (const EventSpec* spec : catalog.events()) {
      if (constants_.size() <= spec->id) constants_.resize(spec->id + 1);
      constants_[spec->id] = constants_of(*spec);
    }
  }

  void write(const Event& event, Buffer& out) noexcept override {
    const size_t start = out.size();
    const Constants& constant = constants_[event.spec->id];
    put_members(kContextHead, *event.context, out);
    out.set(start, '{');
    out.put(constant.event);
    put_policies(event, out);
    out.put(constant.returned);
    put_members({&kContextSyscall, 1}, *event.context, out);
    // Packet events have no stack; the reference shows one zero address.
    out.put(",\"stackAddresses\":[0]");
    put_members(kContextTail, *event.context, out);
    out.put(",\"args\":");
    const auto fields = event.spec->fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      out.put(i == 0 ? '[' : ',');
      out.put(constant.argument[i]);
      put_value(fields[i].get(event.data), fields[i], out);
      out.put('}');
    }
    out.put(']');
    if (extended_) put_members({&kContextNetwork, 1}, *event.context, out);
    out.put("}\n");
  }

 private:
  static void put_members(std::span<const Field> fields, const Context& context,
                          Buffer& out) noexcept {
    for (const Field& field : fields) {
      out.put(field.key);
      put_value(field.get(&context), field, out);
    }
  }

  bool extended_;
  std::vector<Constants> constants_;  // by event id
};

}  // namespace

std::unique_ptr<Format> make_json_format(const Catalog& catalog, bool extended) {
  return std::make_unique<JsonFormat>(catalog, extended);
}

}  // namespace tracee
