// SPDX-License-Identifier: Apache-2.0
// The only file that knows RE2.
#include "filter/regex.h"

#include <re2/re2.h>

namespace tracee {

struct Regex::Compiled {
  Compiled(std::string_view pattern, const RE2::Options& options)
      : re(re2::StringPiece(pattern.data(), pattern.size()), options) {}
  RE2 re;
};

Regex::Regex(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Regex::~Regex() = default;

std::unique_ptr<Regex> Regex::make(std::string_view pattern, std::string& problem) {
  RE2::Options options(RE2::Quiet);
  options.set_never_capture(true);
  options.set_max_mem(1 << 20);
  auto compiled = std::make_unique<Compiled>(pattern, options);
  if (!compiled->re.ok()) {
    problem = compiled->re.error();
    return nullptr;
  }
  return std::unique_ptr<Regex>(new Regex(std::move(compiled)));
}

bool Regex::found_in(std::string_view text) const noexcept {
  return compiled_->re.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                             RE2::UNANCHORED, nullptr, 0);
}

}  // namespace tracee
