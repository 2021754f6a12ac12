// SPDX-License-Identifier: Apache-2.0
// Any text as a template: an error with its place, or lines of events.
#include <cstdlib>

#include "output/format/format.h"
#include "support/fuzz_event.h"
#include "support/fuzz_file.h"

using namespace tracee;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Catalog catalog(test::kFuzzEvents);
  const test::FuzzFile file(data, size);
  auto format = make_template_format(file.path(), catalog);
  if (!format) {
    if (format.error().what.empty() || format.error().hint.empty()) std::abort();
    return 0;
  }
  const std::string_view texts[] = {"a", "\x1b[31m", "{{name}}"};
  const test::FuzzItem items[] = {{"{{#items}}", 1, texts}, {"two", 65535, {}}};
  const MapEntry map[] = {{"User-Agent", texts}};
  const test::FuzzSample sample{*parse_address("10.0.0.1"), 80, {true}, -1, "na\nme", items, map};
  Context context;
  context.process_name = "curl";
  static Buffer out(size_t{8} << 20);
  out.clear();
  (*format)->write(Event{&test::kFuzzEvent, &context, &sample}, out);
  if (!out.overflowed() && !out.text().ends_with('\n')) std::abort();
  return 0;
}
