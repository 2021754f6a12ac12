// SPDX-License-Identifier: Apache-2.0
// Events through a Mustache template of the user. The only file that knows the
// library. This is the one format that allocates: for each event a tree of its
// fields, under the names of the JSON.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <kainjow/mustache.hpp>
#include <sstream>
#include <vector>

#include "event/address.h"
#include "event/finding.h"
#include "output/format/escape.h"
#include "output/format/format.h"

namespace tracee {
namespace {

namespace mustache = kainjow::mustache;
using Data = mustache::data;

constexpr size_t kMaxTemplate = 1 << 20;

// As in a JSON text, so that a template can be JSON and a terminal is safe.
std::string escaped(const std::string& text) {
  Buffer out(text.size() * 6 + 1);
  put_json_text(text, out);
  return std::string(out.text());
}

// What is empty is false, so that {{#name}}…{{/name}} asks whether it is there.
Data text_data(std::string_view text) {
  return text.empty() ? Data(false) : Data(std::string(text));
}

// The names that a template has. Only they are made data of: that is most of the cost.
struct Used {
  bool all = false;
  std::vector<std::string> names{};

  // The parts of a dotted name.
  void add(std::string_view name) {
    while (!name.empty()) {
      const size_t dot = std::min(name.find('.'), name.size());
      names.emplace_back(name.substr(0, dot));
      name.remove_prefix(std::min(dot + 1, name.size()));
    }
  }
  bool has(std::string_view name) const {
    return all || std::ranges::find(names, name) != names.end();
  }
};

Data value_data(const Value& value, const Field& field, const Used& used);

Data record_data(std::span<const Field> fields, const void* object, const Used& used) {
  Data out(Data::type::object);
  for (const Field& field : fields) {
    if (!used.has(field.name)) continue;
    out.set(std::string(field.name), value_data(field.get(object), field, used));
  }
  return out;
}

Data list_data(const Value& list, const Field& field, const Used& used) {
  Field element = field;
  element.kind = field.element;
  Data out(Data::type::list);
  for (uint32_t i = 0; i < list.count; ++i) out << value_data(field.at(list.p, i), element, used);
  return out;
}

Data map_data(TextMap map) {
  Data out(Data::type::object);
  for (const MapEntry& entry : map) {
    std::string values;
    for (const std::string_view value : entry.values) {
      values += (values.empty() ? "" : ", ") + std::string(value);
    }
    out.set(std::string(entry.key), text_data(values));
  }
  return out;
}

Data value_data(const Value& value, const Field& field, const Used& used) {
  if (is_absent(value)) return Data(false);
  switch (value.kind) {
    case Kind::Unsigned:
      return Data(std::to_string(value.u));
    case Kind::Signed:
      return Data(std::to_string(value.i));
    case Kind::Flag:
      return value.u != 0 ? Data("1") : Data(false);
    case Kind::Bool:
      return value.u != 0 ? Data("true") : Data(false);
    case Kind::Text:
      return text_data(value.text());
    case Kind::Address: {
      char text[kAddressTextMax];
      return text_data({text, format_address(text, value.address())});
    }
    case Kind::Record:
      return record_data(field.of->fields, value.p, used);
    case Kind::List:
      return list_data(value, field, used);
    case Kind::Map:
      return map_data(value.map());
  }
  return Data(false);
}

void set_members(std::span<const Field> fields, const Context& context, const Used& used,
                 Data& out) {
  for (const Field& field : fields) {
    if (!used.has(field.name)) continue;
    out.set(std::string(field.name), value_data(field.get(&context), field, used));
  }
}

Data threat_data(const Threat& threat) {
  Data out(Data::type::object);
  out.set("name", text_data(threat.name));
  out.set("description", text_data(threat.description));
  out.set("severity", std::to_string(threat.severity));
  out.set("technique", text_data(threat.technique));
  out.set("tactic", text_data(threat.tactic));
  return out;
}

Data arguments_data(const Event& event, const Used& used) {
  Data out(Data::type::list);
  for (const Field& field : event.spec->fields) {
    Data argument(Data::type::object);
    argument.set("name", std::string(field.name));
    argument.set("type", std::string(field.type));
    argument.set("value", value_data(field.get(event.data), field, used));
    out << argument;
  }
  return out;
}

Data event_data(const Event& event, const Used& used) {
  Data out(Data::type::object);
  set_members(kContextHead, *event.context, used, out);
  set_members({&kContextSyscall, 1}, *event.context, used, out);
  set_members(kContextTail, *event.context, used, out);
  set_members({&kContextNetwork, 1}, *event.context, used, out);
  out.set("eventId", std::to_string(event.spec->id));
  out.set("eventName", std::string(event.spec->name));
  Data policies(Data::type::list);
  for (uint64_t rest = event.policies; rest != 0; rest &= rest - 1) {
    policies << Data(std::string(event.policy_names[static_cast<size_t>(std::countr_zero(rest))]));
  }
  out.set("matchedPolicies", policies);
  if (used.has("data")) out.set("data", record_data(event.spec->fields, event.data, used));
  if (used.has("args")) out.set("args", arguments_data(event, used));
  const Threat* threat = event.finding == nullptr ? nullptr : event.finding->threat;
  out.set("threat", threat == nullptr ? Data(false) : threat_data(*threat));
  return out;
}

// All names a template may use, and those of maps, behind which any name may come.
struct Names {
  std::vector<std::string_view> all = {
      "eventId", "eventName", "matchedPolicies", "args",     "data",      "name",  "type",
      "value",   "threat",    "description",     "severity", "technique", "tactic"};
  std::vector<std::string_view> maps;

  void add(std::span<const Field> fields) {
    for (const Field& field : fields) {
      all.push_back(field.name);
      if (field.kind == Kind::Map) maps.push_back(field.name);
      if (field.of != nullptr) add(field.of->fields);
    }
  }
  static bool has(const std::vector<std::string_view>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  }
};

Names names_of(const Catalog& catalog) {
  Names out;
  out.add(kContextHead);
  out.add({&kContextSyscall, 1});
  out.add(kContextTail);
  out.add({&kContextNetwork, 1});
  for (const EventSpec* spec : catalog.events()) out.add(spec->fields);
  return out;
}

std::string place(const std::string& path, std::string_view text, size_t position) {
  const std::string_view before = text.substr(0, std::min(position, text.size()));
  const auto line = 1 + std::ranges::count(before, '\n');
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return path + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// Mustache prints nothing for a name that is not there; a typing mistake would never
// be seen. `{{=` changes the brackets: what follows it is not looked at.
Result<> check_names(const std::string& path, std::string_view text, const Names& names,
                     Used& used) {
  size_t in_maps = 0;  // sections about a map that are open
  for (size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at + 2)) {
    const size_t end = text.find("}}", at);
    std::string_view tag = text.substr(at + 2, end - at - 2);
    const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '{'; };
    while (!tag.empty() && is_blank(tag.front())) tag.remove_prefix(1);
    while (!tag.empty() && is_blank(tag.back())) tag.remove_suffix(1);
    const char kind = tag.empty() ? '!' : tag.front();
    if (kind == '=') {
      used.all = true;
      return {};
    }
    if (kind == '!' || kind == '>' || tag == ".") continue;
    if (kind == '#' || kind == '^' || kind == '/' || kind == '&') tag.remove_prefix(1);
    while (!tag.empty() && is_blank(tag.front())) tag.remove_prefix(1);
    used.add(tag);
    bool is_map = false;
    while (!tag.empty() && in_maps == 0 && !is_map) {
      const size_t dot = std::min(tag.find('.'), tag.size());
      const std::string_view part = tag.substr(0, dot);
      if (!Names::has(names.all, part)) {
        const std::string near = did_you_mean(part, names.all);
        return fail(Exit::Usage,
                    place(path, text, at) + ": unknown name '" + std::string(part) + "'",
                    near.empty() ? "`tracee explain EVENT` shows an event's fields" : near);
      }
      is_map = Names::has(names.maps, part);
      tag.remove_prefix(std::min(dot + 1, tag.size()));
    }
    if (is_map && kind == '#') ++in_maps;
    if (in_maps > 0 && kind == '/') --in_maps;
  }
  return {};
}

Result<std::string> read_template(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxTemplate + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (!file.is_open() || file.bad() || (text.empty() && errno == EISDIR)) {
    return fail(Exit::Usage, "--output: cannot read template " + path + ": " + strerror(errno),
                "write --output template=FILE");
  }
  if (text.size() > kMaxTemplate) {
    return fail(Exit::Usage, "--output: template " + path + " is larger than 1 MiB", "shorten it");
  }
  return text;
}

// The library says "… at POSITION".
std::string in_our_words(const std::string& path, std::string_view text,
                         const std::string& message) {
  const size_t at = message.rfind(" at ");
  if (at == message.npos) return path + ": " + message;
  const size_t position = std::strtoul(message.c_str() + at + 4, nullptr, 10);
  return place(path, text, position) + ": " + message.substr(0, at);
}

class TemplateFormat final : public Format {
 public:
  TemplateFormat(mustache::mustache made, Used used)
      : template_(std::move(made)), used_(std::move(used)) {
    template_.set_custom_escape(&escaped);
  }

  void write(const Event& event, Buffer& out) noexcept override {
    const std::string text = template_.render(event_data(event, used_));
    out.put(text);
    if (!text.ends_with('\n')) out.put('\n');
  }

 private:
  mustache::mustache template_;
  const Used used_;
};

}  // namespace

Result<std::unique_ptr<Format>> make_template_format(const std::string& path,
                                                     const Catalog& catalog) {
  auto text = read_template(path);
  if (!text) return forward(text);
  mustache::mustache made(*text);
  if (!made.is_valid()) {
    return fail(Exit::Usage, in_our_words(path, *text, made.error_message()),
                "sections are {{#name}}…{{/name}}, names {{name}}");
  }
  Used used;
  if (auto known = check_names(path, *text, names_of(catalog), used); !known) return forward(known);
  return std::make_unique<TemplateFormat>(std::move(made), std::move(used));
}

}  // namespace tracee
