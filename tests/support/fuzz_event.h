// SPDX-License-Identifier: Apache-2.0
// An event with a field of each kind, for fuzz targets whose text speaks of fields.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "event/address.h"
#include "event/catalog.h"

namespace tracee::test {

struct FuzzItem {
  std::string_view name;
  uint16_t weight;
  std::span<const std::string_view> texts;
};

struct FuzzSample {
  Address src;
  uint16_t port;
  Flag flag;
  int64_t length;
  std::string_view name;
  std::span<const FuzzItem> items;
  TextMap map;
};

inline constexpr Field kFuzzItemFields[] = {
    field<&FuzzItem::name, "name">("Name."),
    field<&FuzzItem::weight, "weight">("Weight."),
    field<&FuzzItem::texts, "texts">("Texts."),
};
inline constexpr RecordSpec kFuzzItem{"Item", kFuzzItemFields};
inline constexpr Field kFuzzFields[] = {
    argument<&FuzzSample::src, "src">("const char*", "Source."),
    argument<&FuzzSample::port, "port">("u16", "Port."),
    argument<&FuzzSample::flag, "flag">("u8", "Flag."),
    argument<&FuzzSample::length, "length">("s64", "Length."),
    argument<&FuzzSample::name, "name">("const char*", "Name."),
    argument<&FuzzSample::items, "items">("x", "Items.", &kFuzzItem),
    argument<&FuzzSample::map, "map">("x", "Map."),
};
inline constexpr std::string_view kFuzzSets[] = {"default"};
inline constexpr EventSpec kFuzzEvent{2001,        "event",     "1.0.0", kFuzzSets,
                                      kFuzzFields, "An event.", ""};
inline constexpr EventSpec kFuzzOther{2002,        "other",    "1.0.0", kFuzzSets,
                                      kFuzzFields, "Another.", ""};
inline constexpr const EventSpec* kFuzzEvents[] = {&kFuzzEvent, &kFuzzOther};

}  // namespace tracee::test
