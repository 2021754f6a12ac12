// SPDX-License-Identifier: Apache-2.0
#include "filter/flags.h"

#include <algorithm>

namespace tracee {
namespace {

constexpr std::string_view kOperatorChars = "=!<>";

}  // namespace

FlagText split_flag(std::string_view text) {
  const size_t at = std::min(text.find_first_of(kOperatorChars), text.size());
  const size_t value_at = std::min(text.find_first_not_of(kOperatorChars, at), text.size());
  return {text.substr(0, at), text.substr(at, value_at - at), text.substr(value_at)};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == text.npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool has_edge_blank(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  return !text.empty() && (blank(text.front()) || blank(text.back()));
}

bool parse_operator(std::string_view symbol, Operator& out) {
  static constexpr std::string_view kSymbols[] = {"=", "!=", "<", "<=", ">", ">="};
  const auto* found = std::ranges::find(kSymbols, symbol);
  if (found == std::end(kSymbols)) return false;
  out = static_cast<Operator>(found - std::begin(kSymbols));
  return true;
}

tl::unexpected<Error> invalid(std::string_view label, std::string_view error_class,
                              std::string_view text, std::string hint) {
  return fail(
      Exit::Usage,
      std::string(label) + ": " + std::string(error_class) + ": '" + std::string(text) + "'",
      std::move(hint));
}

Result<> add_values(Condition& condition, Operator op, std::string_view values,
                    std::string_view label, std::string_view text) {
  for (const std::string_view value : split(values, ',')) {
    if (value.empty() || has_edge_blank(value)) {
      return invalid(label, "invalid flag value", text,
                     "no blanks and nothing empty around a comma");
    }
    if (auto added = condition.add(op, value); !added) {
      // The reference calls a bound that nothing can meet a wrong expression.
      const bool empty_bound = added.error().what.starts_with("nothing is less");
      return invalid(label, empty_bound ? "invalid expression" : "invalid flag value", text,
                     added.error().what + ": " + added.error().hint);
    }
  }
  return {};
}

}  // namespace tracee
