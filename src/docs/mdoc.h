// SPDX-License-Identifier: Apache-2.0
// Writes mdoc, the language of manual pages: one sentence a line, nothing that
// roff would take for its own, everything else in ASCII.
#pragma once

#include <string>
#include <string_view>

namespace tracee {

class Mdoc {
 public:
  // The three lines every page begins with. `name` in lower case.
  Mdoc(std::string_view name, std::string_view section, std::string_view date);

  void section(std::string_view title);
  // A line as it is: a macro with its arguments.
  void macro(std::string_view line);
  // Prose. `code` between backquotes is set in bold. Sentences end with a stop and a blank.
  void text(std::string_view prose);
  // Lines that are shown as they are.
  void literal(std::string_view lines);

  std::string take() { return std::move(out_); }

  // A text as one argument of a macro, whatever is in it.
  static std::string argument(std::string_view text);

 private:
  std::string out_;
};

}  // namespace tracee
