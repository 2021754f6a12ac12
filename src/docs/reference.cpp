// SPDX-License-Identifier: Apache-2.0
// The events as a page of Markdown: docs/events.md.
#include <fmt/core.h>

#include "docs/fields.h"
#include "docs/pages.h"
#include "event/context.h"

namespace tracee {
namespace {

// A cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void add_fields(std::span<const Field> fields, const char* heading, std::string& out) {
  out += fmt::format("| {} | kind | what it is |\n|---|---|---|\n", heading);
  for (const Leaf& leaf : leaves_of(fields)) {
    out += fmt::format("| `{}` | {} | {} |\n", leaf.path, leaf.kind, cell(leaf.doc));
  }
}

std::string joined(std::span<const std::string_view> texts) {
  std::string out;
  for (const auto text : texts) out += fmt::format("{}`{}`", out.empty() ? "" : ", ", text);
  return out;
}

}  // namespace

std::vector<Page> reference_pages(const Subject& subject) {
  std::string out =
      "# Events\n\n"
      "Written by `tracee docs --format md` from the tables that the program itself reads; a test\n"
      "holds this page to them. `tracee explain EVENT` shows the same, `tracee docs --format "
      "schema`\n"
      "the JSON Schema of `--output json`.\n\n"
      "| event | id | shows |\n|---|---|---|\n";
  for (const EventSpec* spec : subject.catalog.events()) {
    out += fmt::format("| [{0}](#{0}) | {1} | {2} |\n", spec->name, spec->id, cell(spec->summary));
  }
  out +=
      "\nEvery event has the envelope; an argument is named in filters as `EVENT.data.FIELD` or\n"
      "`data.FIELD`, a path through a list means any element, `NAME` is a map's key.\n";
  for (const EventSpec* spec : subject.catalog.events()) {
    out += fmt::format("\n## {}\n\n{} Id {}, version {}", spec->name, spec->summary, spec->id,
                       spec->version);
    out +=
        spec->sets.empty() ? ", in no set.\n\n" : fmt::format("; sets {}.\n\n", joined(spec->sets));
    add_fields(spec->fields, "field", out);
    out += fmt::format("\n```sh\n{}\n```\n", spec->example);
  }
  out += "\n## The envelope\n\n";
  std::vector<Field> envelope(kContextHead.begin(), kContextHead.end());
  envelope.push_back(kContextSyscall);
  envelope.insert(envelope.end(), kContextTail.begin(), kContextTail.end());
  add_fields(envelope, "key", out);
  out += "\nWith `--output option:extended`, at the end:\n\n";
  add_fields({&kContextNetwork, 1}, "key", out);
  return {{"events.md", std::move(out)}};
}

}  // namespace tracee
