// SPDX-License-Identifier: Apache-2.0
// Any text as a template: an error with its place, or lines of events.
#include <cstdlib>

#include "event/address.h"
#include "output/format/format.h"
#include "support/fuzz_file.h"

namespace {

using namespace tracee;

struct Item {
  std::string_view name;
  std::span<const std::string_view> texts;
};
struct Sample {
  Address src;
  Flag flag;
  std::string_view name;
  std::span<const Item> items;
  TextMap map;
};
constexpr Field kItemFields[] = {
    field<&Item::name, "name">("Name."),
    field<&Item::texts, "texts">("Texts."),
};
constexpr RecordSpec kItem{"Item", kItemFields};
constexpr Field kFields[] = {
    argument<&Sample::src, "src">("const char*", "Source."),
    argument<&Sample::flag, "flag">("u8", "Flag."),
    argument<&Sample::name, "name">("const char*", "Name."),
    argument<&Sample::items, "items">("x", "Items.", &kItem),
    argument<&Sample::map, "map">("x", "Map."),
};
constexpr std::string_view kSets[] = {"default"};
constexpr EventSpec kEvent{2001, "event", "1.0.0", kSets, kFields, "An event.", ""};
constexpr const EventSpec* kEvents[] = {&kEvent};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(kEvents);
  const test::FuzzFile file(data, size);
  auto format = make_template_format(file.path(), catalog);
  if (!format) {
    if (format.error().what.empty() || format.error().hint.empty()) std::abort();
    return 0;
  }
  const std::string_view texts[] = {"a", "\x1b[31m", "{{name}}"};
  const Item items[] = {{"{{#items}}", texts}, {"two", {}}};
  const MapEntry map[] = {{"User-Agent", texts}};
  const Sample sample{*parse_address("10.0.0.1"), {true}, "na\nme", items, map};
  Context context;
  context.process_name = "curl";
  static Buffer out(size_t{8} << 20);
  out.clear();
  (*format)->write(Event{&kEvent, &context, &sample}, out);
  if (!out.overflowed() && !out.text().ends_with('\n')) std::abort();
  return 0;
}
