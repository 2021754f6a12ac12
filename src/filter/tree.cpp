// SPDX-License-Identifier: Apache-2.0
#include "filter/tree.h"

namespace tracee {
namespace {

// What is known at start is decided at start: `absorbing` ends a chain,
// `neutral` leaves it.
Tree joined(Tree::Op op, Tree a, Tree b) {
  const Tree::Op absorbing = op == Tree::Op::And ? Tree::Op::Never : Tree::Op::Always;
  const Tree::Op neutral = op == Tree::Op::And ? Tree::Op::Always : Tree::Op::Never;
  if (a.op == absorbing || b.op == neutral) return a;
  if (b.op == absorbing || a.op == neutral) return b;
  if (a.op != op) {
    Tree chain{op};
    chain.children.push_back(std::move(a));
    a = std::move(chain);
  }
  a.children.push_back(std::move(b));
  return a;
}

}  // namespace

Tree both(Tree a, Tree b) { return joined(Tree::Op::And, std::move(a), std::move(b)); }
Tree either(Tree a, Tree b) { return joined(Tree::Op::Or, std::move(a), std::move(b)); }

Tree negated(Tree a) {
  if (a.op == Tree::Op::Never) return Tree{Tree::Op::Always};
  if (a.op == Tree::Op::Always) return Tree{Tree::Op::Never};
  if (a.op == Tree::Op::Not) {
    Tree inner = std::move(a.children[0]);
    return inner;
  }
  Tree out{Tree::Op::Not};
  out.children.push_back(std::move(a));
  return out;
}

Tree is_in(Term term, ValueSet set) {
  if (set.empty()) return Tree{Tree::Op::Never};
  if (term.form == Term::Form::Constant) {
    const Value value = term.kind == Kind::Text      ? value_of(std::string_view(term.text))
                        : term.kind == Kind::Address ? value_of(term.address)
                                                     : term.number;
    return Tree{set.contains(value) ? Tree::Op::Always : Tree::Op::Never};
  }
  Tree out{Tree::Op::Test};
  out.terms.push_back(std::move(term));
  out.set = std::make_shared<ValueSet>(std::move(set));
  return out;
}

Term term_of(Path path) {
  Term out;
  out.form = Term::Form::Path;
  out.kind = path.kind;
  if (!path.steps.empty()) out.element = path.steps.back().field->element;
  out.path = std::move(path);
  return out;
}

}  // namespace tracee
