// SPDX-License-Identifier: Apache-2.0
// Any text as a policy file: a selection, or an error with its place.
#include <cstdlib>

#include "filter/selection.h"
#include "support/fuzz_event.h"
#include "support/fuzz_file.h"

using namespace tracee;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(test::kFuzzEvents);
  const test::FuzzFile file(data, size);
  const auto selection = Selection::parse(Wishes{{}, {}, {file.path()}, {}}, catalog);
  if (!selection) {
    if (selection.error().what.empty()) std::abort();
    return 0;
  }
  const test::FuzzSample sample{*parse_address("10.0.0.1"), 80, {true}, -1, "one", {}, {}};
  Context context;
  context.process_name = "curl";
  const Event event{&test::kFuzzEvent, &context, &sample};
  // What is kept is in scope.
  if ((selection->matched(event) & ~selection->in_scope(event)) != 0) std::abort();
  return selection->explain().empty() ? 1 : 0;
}
