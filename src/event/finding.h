// SPDX-License-Identifier: Apache-2.0
// What a detector's event has beside its arguments. The values of its arguments
// are an array; their types are known at run time only, so its table reads by
// position.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "event/event.h"

namespace tracee {

// What a finding was found in. Views of one packet, like the event itself.
struct DetectedFrom {
  const EventSpec* spec;
  const void* data;            // null: no longer known (the finding is about time that passed)
  const DetectedFrom* parent;  // what that was found in, if it was itself a finding
};

struct Finding {
  const Threat* threat = nullptr;      // null: it names none
  const DetectedFrom* from = nullptr;  // null: it does not say
  std::span<const Context> ancestors{};
};

// A field that a finding may lack, and does: formats leave it out.
inline Value absent() noexcept {
  Value out;
  out.kind = Kind::Record;
  out.p = nullptr;
  return out;
}
inline bool is_absent(const Value& value) noexcept {
  return value.kind == Kind::Record && value.p == nullptr;
}

constexpr size_t kMaxFindingFields = 32;

namespace finding_detail {
template <size_t Position>
Value value_at(const void* values) noexcept {
  return static_cast<const Value*>(values)[Position];
}
template <size_t Position>
bool present_at(const void* values) noexcept {
  return !is_absent(static_cast<const Value*>(values)[Position]);
}
struct Access {
  Value (*get)(const void*) noexcept;
  bool (*present)(const void*) noexcept;
};
template <size_t... Positions>
constexpr std::array<Access, sizeof...(Positions)> accesses(std::index_sequence<Positions...>) {
  return {Access{&value_at<Positions>, &present_at<Positions>}...};
}
inline constexpr auto kAccess = accesses(std::make_index_sequence<kMaxFindingFields>());
}  // namespace finding_detail

// The field at `position` of a finding's array of values. Texts must outlive it;
// `key` is `,"name":`.
inline Field finding_field(size_t position, Kind kind, std::string_view name, std::string_view key,
                           std::string_view type, std::string_view doc, uint8_t width_bits) {
  Field out{};
  out.name = name;
  out.key = key;
  out.type = type;
  out.doc = doc;
  out.kind = kind;
  out.width_bits = width_bits;
  out.get = finding_detail::kAccess[position].get;
  out.present = finding_detail::kAccess[position].present;
  return out;
}

}  // namespace tracee
