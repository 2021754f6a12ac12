// SPDX-License-Identifier: Apache-2.0
#include "filter/path.h"

#include <algorithm>

#include "event/catalog.h"

namespace tracee {
namespace {

// The reference's prose says `dest` where its fields say `dst`.
std::string_view without_alias(std::string_view name) {
  if (name == "dest") return "dst";
  if (name == "dest_port") return "dst_port";
  return name;
}

std::string hint_for(std::span<const Field> fields, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Field& field : fields) names.push_back(field.name);
  std::string near = name.empty() ? "" : did_you_mean(name, names);
  if (!near.empty()) return near;
  near = "fields here: ";
  for (size_t i = 0; i < names.size(); ++i) near += (i > 0 ? ", " : "") + std::string(names[i]);
  return near;
}

}  // namespace

const Field* find_field(std::span<const Field> fields, std::string_view name, bool first) {
  const auto field = std::ranges::find(fields, first ? without_alias(name) : name, &Field::name);
  return field != fields.end() ? &*field : nullptr;
}

void append_step(Path& path, const Field& field) {
  path.steps.push_back(Step{&field});
  const bool list = field.kind == Kind::List;
  path.kind = list ? field.element : field.kind;
  path.width_bits = field.width_bits;
  path.of = field.of;
  path.many = path.many || list || field.present != nullptr || field.kind == Kind::Map ||
              field.empty == Empty::Absent;
}

void pick_key(Path& path, std::string_view key) {
  path.steps.back().has_key = true;
  path.steps.back().key = key;
  path.kind = Kind::Text;
}

void pick_index(Path& path, uint32_t index) { path.steps.back().index = index; }

void take_whole(Path& path) {
  path.steps.back().index = Step::kWhole;
  path.kind = path.steps.back().field->kind;
  path.many = std::ranges::any_of(path.steps, [&](const Step& step) {
    const bool last = &step == &path.steps.back();
    return step.field->present != nullptr || (!last && step.field->kind == Kind::List);
  });
}

Result<Path> resolve_path(std::span<const Field> fields, std::string_view text) {
  Path path;
  std::string_view rest = text;
  for (bool first = true;; first = false) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view name = rest.substr(0, dot);
    const Field* field = find_field(fields, name, first);
    if (field == nullptr) {
      return fail(Exit::Usage, "unknown field '" + std::string(name) + "'", hint_for(fields, name));
    }
    append_step(path, *field);
    rest = rest.substr(std::min(dot + 1, rest.size()));
    if (path.kind == Kind::Map) {
      if (rest.empty()) {
        return fail(Exit::Usage, "'" + std::string(text) + "' is a map",
                    "name one of its keys: " + std::string(text) + ".User-Agent");
      }
      pick_key(path, rest);  // a header's name may hold dots
      return path;
    }
    if (path.kind == Kind::Record) {
      if (rest.empty()) {
        return fail(Exit::Usage, "'" + std::string(text) + "' is a structure, not a value",
                    hint_for(field->of->fields, ""));
      }
      fields = field->of->fields;
      continue;
    }
    if (!rest.empty()) {
      return fail(Exit::Usage,
                  "'" + std::string(name) + "' has no member '" + std::string(rest) + "'",
                  "it is a plain value: leave out '." + std::string(rest) + "'");
    }
    return path;
  }
}

}  // namespace tracee
