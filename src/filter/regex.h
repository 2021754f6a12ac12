// SPDX-License-Identifier: Apache-2.0
// Regular expressions in linear time. The automaton is built as texts need it,
// within a fixed limit: the first texts of a new shape cost memory from the
// heap, what was seen before costs none. Nothing else in this room allocates
// for an event.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tracee {

class Regex {
 public:
  // Null: no regular expression, and `problem` says why.
  static std::unique_ptr<Regex> make(std::string_view pattern, std::string& problem);
  ~Regex();

  // Somewhere in `text` is a match.
  bool found_in(std::string_view text) const noexcept;

 private:
  struct Compiled;
  explicit Regex(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace tracee
