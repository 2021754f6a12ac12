// SPDX-License-Identifier: Apache-2.0
// Any text as an expression: an answer, or an error with a caret. What is taken
// is run on an event, and must not contradict its own negation.
#include <cstdlib>

#include "filter/expression.h"
#include "filter/program.h"
#include "support/fuzz_event.h"

namespace {

using namespace tracee;

bool run(const Tree& tree, const Event& event) {
  const auto program = Program::make(tree);
  if (!program) std::abort();  // the checker lets nothing through that does not fit
  return program->keeps(event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(test::kFuzzEvents);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto terms = read_expression("--filter", text, test::kFuzzEvents, catalog);
  if (!terms) {
    if (terms.error().hint.find('^') == std::string::npos) std::abort();
    return 0;
  }
  const std::string_view texts[] = {"a,b", "", "c"};
  const test::FuzzItem items[] = {{"one.example", 1, texts}, {"two", 65535, {}}};
  const MapEntry map[] = {{"User-Agent", texts}};
  const test::FuzzSample sample{*parse_address("10.0.0.1"), 80, {true}, -1, "name", items, map};
  Context context;
  context.process_name = "curl";
  const Event event{&test::kFuzzEvent, &context, &sample};
  for (const RuleTerm& term : (*terms)[0]) {
    if (run(term.tree, event) == run(negated(term.tree), event)) std::abort();
  }
  return 0;
}
