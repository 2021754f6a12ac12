// SPDX-License-Identifier: Apache-2.0
#include "filter/condition.h"

namespace tracee {

Condition::Condition(std::vector<Term> terms)
    : terms_(std::move(terms)), equal_(empty_set()), not_equal_(empty_set()) {}

ValueSet Condition::empty_set() const {
  const Term& term = terms_.front();
  return ValueSet(term.kind, term.form == Term::Form::Path ? term.path.width_bits : 64);
}

Result<> Condition::add(Operator op, std::string_view value) {
  if (op == Operator::Equal) return equal_.add(value);
  if (op == Operator::NotEqual) return not_equal_.add(value);
  const Kind kind = terms_.front().kind;
  if (kind != Kind::Unsigned && kind != Kind::Signed) {
    return fail(Exit::Usage, "the field is no number and has no order", "use = or !=");
  }
  // Read as a list value first: its complaints are about single numbers too.
  ValueSet bound = empty_set();
  Number number;
  if (!parse_number(value, number)) {
    auto read = bound.add(value);
    return read ? fail(Exit::Usage, "a range is no bound", "use = or != with a range")
                : forward(read);
  }
  if (auto added = bound.add_number(op, number); !added) return added;
  if (inside_) {
    inside_->intersect(bound);
  } else {
    inside_ = std::move(bound);
  }
  return {};
}

Tree Condition::any_in(ValueSet set) const {
  if (cut_ != SIZE_MAX) set.cut_at(cut_);
  Tree out{Tree::Op::Never};
  for (const Term& term : terms_) out = either(std::move(out), is_in(term, set));
  return out;
}

Tree Condition::tree() const {
  ValueSet wanted = equal_;
  if (inside_) {
    ValueSet inside = *inside_;
    inside.subtract(not_equal_);
    wanted.unite(inside);
    return any_in(std::move(wanted));
  }
  if (not_equal_.empty()) return any_in(std::move(wanted));
  return either(any_in(std::move(wanted)), negated(any_in(not_equal_)));
}

}  // namespace tracee
