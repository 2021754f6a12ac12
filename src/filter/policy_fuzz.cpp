// SPDX-License-Identifier: Apache-2.0
// Any text as a policy file: a selection, or an error with its place.
#include <cstdlib>

#include "filter/selection.h"
#include "support/fuzz_file.h"

namespace {

using namespace tracee;

struct Sample {
  uint16_t port;
  std::string_view name;
};
constexpr Field kFields[] = {
    argument<&Sample::port, "port">("u16", "Port."),
    argument<&Sample::name, "name">("const char*", "Name."),
};
constexpr std::string_view kSets[] = {"default"};
constexpr EventSpec kEvent{2001, "event", "1.0.0", kSets, kFields, "An event.", ""};
constexpr const EventSpec* kEvents[] = {&kEvent};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(kEvents);
  const test::FuzzFile file(data, size);
  const auto selection = Selection::parse(Wishes{{}, {}, {file.path()}, {}}, catalog);
  if (!selection) {
    if (selection.error().what.empty()) std::abort();
    return 0;
  }
  const Sample sample{80, "one"};
  Context context;
  context.process_name = "curl";
  const Event event{&kEvent, &context, &sample};
  // What is kept is in scope.
  if ((selection->matched(event) & ~selection->in_scope(event)) != 0) std::abort();
  return selection->explain().empty() ? 1 : 0;
}
