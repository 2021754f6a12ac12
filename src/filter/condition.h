// SPDX-License-Identifier: Apache-2.0
// What the filters on one field ask, as `--events` and `--scope` write them. One
// rule for every kind, in this order: a value listed under `=` keeps; else, if
// bounds are given, keep what lies inside all of them and is not listed under
// `!=`; else, if `!=` values are given, keep what none of them matches; else drop.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "filter/tree.h"

namespace tracee {

class Condition {
 public:
  // The values it is about: most often one; any of several may match.
  explicit Condition(std::vector<Term> terms);
  explicit Condition(Path path) : Condition(std::vector<Term>{term_of(std::move(path))}) {}

  const std::vector<Term>& terms() const { return terms_; }
  // Compares texts on their first bytes only.
  void cut_at(size_t bytes) { cut_ = bytes; }

  // Adds `field OP value`. Errors: a value or operator that the field's kind
  // does not take.
  Result<> add(Operator op, std::string_view value);

  Tree tree() const;
  // Neither bounds nor `!=` were given.
  bool only_lists() const { return !inside_ && not_equal_.empty(); }
  // The same question about other values.
  Condition with_terms(std::vector<Term> terms) const {
    Condition out = *this;
    out.terms_ = std::move(terms);
    return out;
  }

 private:
  ValueSet empty_set() const;
  Tree any_in(ValueSet set) const;

  std::vector<Term> terms_;
  size_t cut_ = SIZE_MAX;
  ValueSet equal_, not_equal_;
  std::optional<ValueSet> inside_;
};

}  // namespace tracee
