// SPDX-License-Identifier: Apache-2.0
// Body of any_value; see path.h.
#pragma once

#include <strings.h>

namespace tracee {

namespace path_detail {

// Names of header fields ignore case.
inline bool same_key(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

template <class Visit>
bool any_entry(const Step& step, TextMap map, Visit& visit) noexcept {
  for (const MapEntry& entry : map) {
    if (!step.has_key) {
      if (visit(value_of(entry.key))) return true;
    } else if (same_key(entry.key, step.key)) {
      for (size_t i = 0; i < entry.values.size(); ++i) {
        if (step.index != Step::kAll && step.index != i) continue;
        if (visit(value_of(entry.values[i]))) return true;
      }
    }
  }
  return false;
}

}  // namespace path_detail

template <class Visit>
bool any_value(std::span<const Step> steps, const void* object, Visit&& visit) noexcept {
  const Step& step = steps.front();
  const Field& field = *step.field;
  if (field.present != nullptr && !field.present(object)) return false;
  const Value value = field.get(object);
  // Formats leave it out, so there is nothing to compare.
  if (field.empty == Empty::Absent && value.count == 0) return false;
  const auto rest = steps.subspan(1);
  const auto go_on = [&](const Value& found) noexcept {
    return rest.empty() ? visit(found) : any_value(rest, found.p, visit);
  };
  if (step.index == Step::kWhole) return visit(value);
  if (value.kind == Kind::Map) return path_detail::any_entry(step, value.map(), visit);
  if (value.kind != Kind::List) return go_on(value);
  if (step.index != Step::kAll) {
    return step.index < value.count && go_on(field.at(value.p, step.index));
  }
  for (uint32_t i = 0; i < value.count; ++i) {
    if (go_on(field.at(value.p, i))) return true;
  }
  return false;
}

}  // namespace tracee
