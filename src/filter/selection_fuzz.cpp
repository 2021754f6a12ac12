// SPDX-License-Identifier: Apache-2.0
// Any text as --events flags, one a line: an answer or an error with a hint.
#include <cstdlib>

#include "filter/selection.h"

namespace {

using namespace tracee;

struct Sample {
  Address src;
  uint16_t port;
  Flag flag;
  int64_t length;
  std::string_view name;
  TextMap map;
};
constexpr Field kFields[] = {
    argument<&Sample::src, "src">("x", "Source."),
    argument<&Sample::port, "src_port">("x", "Port."),
    argument<&Sample::flag, "flag">("x", "Flag."),
    argument<&Sample::length, "length">("x", "Length."),
    argument<&Sample::name, "name">("x", "Name."),
    argument<&Sample::map, "map">("x", "Map."),
};
constexpr std::string_view kSets[] = {"default"};
constexpr EventSpec kEvent{1, "event", "1.0.0", kSets, kFields, "An event.", ""};
constexpr const EventSpec* kEvents[] = {&kEvent};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(kEvents);
  std::vector<std::string> flags;
  std::string text(reinterpret_cast<const char*>(data), size);
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    flags.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  const auto selection = Selection::parse(flags, catalog);
  if (!selection) {
    if (selection.error().hint.empty()) std::abort();
    return 0;
  }
  const Sample sample{};
  const Context context;
  selection->keeps(Event{&kEvent, &context, &sample});
  return 0;
}
