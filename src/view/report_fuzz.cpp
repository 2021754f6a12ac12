// SPDX-License-Identifier: Apache-2.0
// Any lines as a log of events: each is summed or refused, and the page has no
// markup but its own.
#include <cstdlib>

#include "view/report.h"

namespace {

size_t tags(std::string_view page, std::string_view tag) {
  size_t count = 0;
  for (size_t at = page.find(tag); at != page.npos; at = page.find(tag, at + 1)) ++count;
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tracee;
  Report report(8);  // so few that tables forget
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const auto added = report.add(text.substr(at, end - at));
    if (!added && added.error().hint.empty()) std::abort();
    at = end + 1;
  }
  const std::string page = report.html("log");
  // A page that shows something has one script.
  const size_t scripts = report.events() > 0 ? 1 : 0;
  if (tags(page, "<script") != scripts || tags(page, "</script") != scripts) std::abort();
  for (const std::string_view tag : {"<img", "<iframe", "<!--"}) {
    if (tags(page, tag) != 0) std::abort();
  }
  return 0;
}
