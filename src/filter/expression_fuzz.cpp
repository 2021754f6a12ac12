// SPDX-License-Identifier: Apache-2.0
// Any text as an expression: an answer, or an error with a caret. What is taken
// is run on an event, and must not contradict its own negation.
#include <cstdlib>

#include "event/address.h"
#include "filter/expression.h"
#include "filter/program.h"

namespace {

using namespace tracee;

struct Item {
  std::string_view name;
  uint16_t weight;
  std::span<const std::string_view> texts;
};
struct Sample {
  Address src;
  uint16_t port;
  Flag flag;
  int64_t length;
  std::string_view name;
  std::span<const Item> items;
  TextMap map;
};
constexpr Field kItemFields[] = {
    field<&Item::name, "name">("Name."),
    field<&Item::weight, "weight">("Weight."),
    field<&Item::texts, "texts">("Texts."),
};
constexpr RecordSpec kItem{"Item", kItemFields};
constexpr Field kFields[] = {
    argument<&Sample::src, "src">("x", "Source."),
    argument<&Sample::port, "port">("x", "Port."),
    argument<&Sample::flag, "flag">("x", "Flag."),
    argument<&Sample::length, "length">("x", "Length."),
    argument<&Sample::name, "name">("x", "Name."),
    argument<&Sample::items, "items">("x", "Items.", &kItem),
    argument<&Sample::map, "map">("x", "Map."),
};
constexpr std::string_view kSets[] = {"default"};
constexpr EventSpec kEvent{1, "event", "1.0.0", kSets, kFields, "An event.", ""};
constexpr const EventSpec* kEvents[] = {&kEvent};

bool run(const Tree& tree, const Event& event) {
  const auto program = Program::make(tree);
  if (!program) std::abort();  // the checker lets nothing through that does not fit
  return program->keeps(event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(kEvents);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto terms = read_expression("--filter", text, kEvents, catalog);
  if (!terms) {
    if (terms.error().hint.find('^') == std::string::npos) std::abort();
    return 0;
  }
  const std::string_view texts[] = {"a,b", "", "c"};
  const Item items[] = {{"one.example", 1, texts}, {"two", 65535, {}}};
  const MapEntry map[] = {{"User-Agent", texts}};
  const Sample sample{*parse_address("10.0.0.1"), 80, {true}, -1, "name", items, map};
  Context context;
  context.process_name = "curl";
  const Event event{&kEvent, &context, &sample};
  for (const RuleTerm& term : (*terms)[0]) {
    if (run(term.tree, event) == run(negated(term.tree), event)) std::abort();
  }
  return 0;
}
