// SPDX-License-Identifier: Apache-2.0
// Any text as --events flags, one a line: an answer or an error with a hint.
#include <cstdlib>

#include "filter/selection.h"
#include "support/fuzz_event.h"

using namespace tracee;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(test::kFuzzEvents);
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
  const test::FuzzSample sample{};
  const Context context;
  selection->keeps(Event{&test::kFuzzEvent, &context, &sample});
  return 0;
}
