// SPDX-License-Identifier: Apache-2.0
#include "filter/checker.h"

#include <algorithm>
#include <map>
#include <optional>

#include "filter/member_resolver.h"
#include "filter/program.h"

namespace tracee {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string as_sentence(const Error& error) {
  return error.hint.empty() ? error.what : error.what + "; " + error.hint;
}

bool is_literal(const Node& node) {
  using enum Node::Kind;
  return node.kind == Text || node.kind == Number || node.kind == Bool || node.kind == Network;
}

// Node by node, in the order of the source.
using Verdicts = std::map<std::pair<size_t, size_t>, Verdict>;

class Checker {
 public:
  Checker(const EventSpec& event, const Catalog& catalog, Verdicts& verdicts, Outer* outer)
      : event_(event), catalog_(catalog), verdicts_(verdicts), names_{event} {
    names_.outer = outer;
  }

  Checked<Tree> condition(const Node& node);

 private:
  Checked<Tree> relation(const Node& node);
  Checked<Tree> decide(const Node& node);
  Checked<Tree> compare(const Node& node);
  Checked<Tree> membership(const Node& node);
  Checked<Tree> in_set(const Node& left, std::shared_ptr<const OuterSet> set, const Node& node);
  Checked<Tree> call(const Node& node);
  Checked<Tree> match(const Node& node, Tree::Op op);
  Checked<Tree> quantified(const Node& node);
  Checked<Tree> presence(const Node& target, bool by_name, const Node& node);
  Checked<Tree> bare(const Node& node);
  Checked<Tree> against_literal(Term term, Operator op, const Node& term_node, const Node& literal);
  Checked<bool> add_literal(ValueSet& set, Operator op, const Term& term, const Node& literal);
  Checked<bool> known_event(const Term& term, const Node& literal) const;

  Checked<Maybe> value(const Node& node, bool whole = false) { return names_.value(node, whole); }
  Checked<Tree> lifted(Tree tree, const Node& node);

  const EventSpec& event_;
  const Catalog& catalog_;
  Verdicts& verdicts_;
  MemberResolver names_;
  uint8_t slots_ = 0;
};

// ---- conditions

Checked<Tree> Checker::condition(const Node& node) {
  switch (node.kind) {
    case Node::Kind::And:
    case Node::Kind::Or: {
      const bool is_and = node.kind == Node::Kind::And;
      Tree out{is_and ? Tree::Op::Always : Tree::Op::Never};
      for (const Node& child : node.children) {
        auto part = condition(child);
        if (!part) return part;
        out = is_and ? both(std::move(out), std::move(*part))
                     : either(std::move(out), std::move(*part));
      }
      return out;
    }
    case Node::Kind::Not: {
      auto inner = condition(node.children[0]);
      if (!inner) return inner;
      return negated(std::move(*inner));
    }
    case Node::Kind::Bool:
      return Tree{node.truth ? Tree::Op::Always : Tree::Op::Never};
    default:
      return relation(node);
  }
}

// A comparison that this event cannot make is false, and remembered.
Checked<Tree> Checker::relation(const Node& node) {
  Verdict* const outer = names_.verdict;
  Verdict& verdict = verdicts_[{node.at, node.end}];
  names_.verdict = &verdict;
  const uint8_t slots = slots_;
  auto tree = decide(node);
  slots_ = slots;
  names_.verdict = outer;
  if (!tree) {
    if (!verdict.wrong) verdict.wrong = tree.error();
    return Tree{Tree::Op::Never};
  }
  return tree;
}

Checked<Tree> Checker::decide(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Compare:
      return compare(node);
    case Node::Kind::In:
      return membership(node);
    case Node::Kind::Call:
      return call(node);
    case Node::Kind::Name:
    case Node::Kind::Member:
    case Node::Kind::Index:
      return bare(node);
    default:
      return complain(node.at, "a condition is expected here, as in data.dst_port == 80");
  }
}

// A flag or bool that stands alone.
Checked<Tree> Checker::bare(const Node& node) {
  auto term = value(node);
  if (!term) return pass_on(term);
  if (!*term) return Tree{Tree::Op::Never};
  if ((*term)->kind != Kind::Flag && (*term)->kind != Kind::Bool) {
    return complain(node.at, "this is " + std::string(kind_name((*term)->kind)) +
                                 ", not a condition; compare it with something");
  }
  ValueSet set((*term)->kind, 1);
  if (auto added = set.add_flag(true); !added) return complain(node.at, added.error().what);
  names_.verdict->good = true;
  return is_in(std::move(**term), std::move(set));
}

Checked<Tree> Checker::compare(const Node& node) {
  const Node& left = node.children[0];
  const Node& right = node.children[1];
  const bool equality = node.op == Operator::Equal || node.op == Operator::NotEqual;
  if (left.kind == Node::Kind::Null || right.kind == Node::Kind::Null) {
    if (!equality) return complain(node.at, "null has no order");
    const Node& target = left.kind == Node::Kind::Null ? right : left;
    auto has = presence(target, false, node);
    if (!has || node.op == Operator::NotEqual) return has;
    return negated(std::move(*has));
  }
  if (left.kind == Node::Kind::List || right.kind == Node::Kind::List) {
    return complain(node.at, "lists are asked with 'in', as in data.dst_port in [80, 443]");
  }
  if (is_literal(left) && !is_literal(right)) {
    // 80 == x is x == 80, and 80 < x is x > 80.
    static constexpr Operator kTurned[] = {Operator::Equal,   Operator::NotEqual,
                                           Operator::Greater, Operator::GreaterEqual,
                                           Operator::Less,    Operator::LessEqual};
    auto term = value(right);
    if (!term) return pass_on(term);
    if (!*term) return Tree{Tree::Op::Never};
    return against_literal(std::move(**term), kTurned[static_cast<size_t>(node.op)], right, left);
  }
  auto a = value(left);
  if (!a) return pass_on(a);
  if (is_literal(right)) {
    if (!*a) return Tree{Tree::Op::Never};
    return against_literal(std::move(**a), node.op, left, right);
  }
  auto b = value(right);
  if (!b) return pass_on(b);
  if (!*a || !*b) return Tree{Tree::Op::Never};
  const Kind ka = (*a)->kind, kb = (*b)->kind;
  if (!(is_countable(ka) && is_countable(kb)) && !(is_textual(ka) && is_textual(kb))) {
    return complain(node.at, std::string(kind_name(ka)) + " and " + std::string(kind_name(kb)) +
                                 " cannot be compared");
  }
  if (!equality && !is_number(ka)) {
    return complain(node.at, std::string(kind_name(ka)) + " has no order; use == or !=");
  }
  Tree out{Tree::Op::Compare};
  out.comparison = node.op == Operator::NotEqual ? Operator::Equal : node.op;
  out.terms = {std::move(**a), std::move(**b)};
  auto tree = lifted(std::move(out), node);
  if (!tree || node.op != Operator::NotEqual) return tree;
  return negated(std::move(*tree));
}

Checked<bool> Checker::known_event(const Term& term, const Node& literal) const {
  const bool is_event_name = term.form == Term::Form::Constant && term.text == event_.name;
  if (!is_event_name || literal.kind != Node::Kind::Text) return true;
  if (catalog_.find(literal.text) != nullptr) return true;
  std::vector<std::string_view> names;
  for (const EventSpec* spec : catalog_.events()) names.push_back(spec->name);
  const std::string near = did_you_mean(literal.text, names);
  return complain(literal.at, "unknown event " + quoted(literal.text) +
                                  (near.empty() ? "; `tracee list` shows all" : ", " + near));
}

Checked<bool> Checker::add_literal(ValueSet& set, Operator op, const Term& term,
                                   const Node& literal) {
  const bool order = op != Operator::Equal && op != Operator::NotEqual;
  if (order && !is_number(term.kind)) {
    return complain(literal.at, std::string(kind_name(term.kind)) + " has no order; use == or !=");
  }
  Result<> added;
  switch (literal.kind) {
    case Node::Kind::Text:
      added = set.add_text(literal.text);
      break;
    case Node::Kind::Number:
      if (is_textual(term.kind)) {
        return complain(literal.at,
                        "this is a number, the field is " + std::string(kind_name(term.kind)));
      }
      added = set.add_number(op, literal.number);
      break;
    case Node::Kind::Bool:
      added = set.add_flag(literal.truth);
      break;
    case Node::Kind::Network:
      added = set.add_network(literal.address, literal.bits);
      break;
    default:
      return complain(literal.at, "a constant is expected here");
  }
  if (!added) return complain(literal.at, as_sentence(added.error()));
  return known_event(term, literal);
}

Checked<Tree> Checker::against_literal(Term term, Operator op, const Node& term_node,
                                       const Node& literal) {
  if (!is_countable(term.kind) && !is_textual(term.kind)) {
    std::string what = "this is " + std::string(kind_name(term.kind)) + ", not a value";
    if (term.kind == Kind::List || term.kind == Kind::Map) what += "; see size() and .exists()";
    if (term.kind == Kind::Record) what += "; name one of its fields";
    return complain(term_node.at, std::move(what));
  }
  const unsigned width = term.form == Term::Form::Path ? term.path.width_bits : 64;
  ValueSet set(term.kind, width);
  if (auto added = add_literal(set, op, term, literal); !added) return pass_on(added);
  names_.verdict->good = true;
  Tree tree = is_in(std::move(term), std::move(set));
  auto out = lifted(std::move(tree), term_node);
  if (!out || op != Operator::NotEqual) return out;
  return negated(std::move(*out));
}

Checked<Tree> Checker::in_set(const Node& left, std::shared_ptr<const OuterSet> set,
                              const Node& node) {
  auto term = value(left);
  if (!term) return pass_on(term);
  if (!*term) return Tree{Tree::Op::Never};
  if (!is_textual((*term)->kind)) {
    return complain(left.at, "this is " + std::string(kind_name((*term)->kind)) +
                                 "; the set holds texts or addresses");
  }
  Tree out{Tree::Op::InSet};
  out.outer_set = std::move(set);
  out.terms.push_back(std::move(**term));
  return lifted(std::move(out), node);
}

Checked<Tree> Checker::membership(const Node& node) {
  const Node& left = node.children[0];
  const Node& right = node.children[1];
  if (names_.outer != nullptr && right.kind == Node::Kind::Name) {
    if (auto set = names_.outer->set(right.text)) return in_set(left, std::move(set), node);
  }
  bool constants = right.kind == Node::Kind::List || right.kind == Node::Kind::Network;
  if (right.kind == Node::Kind::Text) {
    // A network may stand in quotes.
    auto asked = value(left);
    if (!asked) return pass_on(asked);
    if (!*asked) return Tree{Tree::Op::Never};
    constants = (*asked)->kind == Kind::Address;
  }
  if (!constants) {
    if (right.kind == Node::Kind::Text || right.kind == Node::Kind::Number) {
      return complain(right.at, "'in' asks a list, a network or a list field");
    }
    auto list = value(right);
    if (!list) return pass_on(list);
    if (!*list) return Tree{Tree::Op::Never};
    const bool field = (*list)->form == Term::Form::Path;
    const bool is_list = field ? (*list)->path.many : (*list)->kind == Kind::List;
    if (!is_list) return complain(right.at, "this is no list; use ==");
    if (!is_literal(left)) return complain(left.at, "a constant is expected before 'in'");
    if (field && (*list)->kind == Kind::Map) {
      if (left.kind != Node::Kind::Text) return complain(left.at, "keys of a map are texts");
      pick_key((*list)->path, left.text);
      Tree out{Tree::Op::Exists};
      out.variable = slots_;
      out.terms.push_back(std::move(**list));
      out.children.push_back(Tree{Tree::Op::Always});
      names_.verdict->good = true;
      return out;
    }
    if (field) return against_literal(std::move(**list), Operator::Equal, right, left);
    // An element of a computed list.
    Term element;
    element.form = Term::Form::Path;
    element.path.root = Path::Root::Variable;
    element.path.variable = slots_;
    Tree out{Tree::Op::Exists};
    out.variable = slots_++;
    out.terms.push_back(std::move(**list));
    auto body = against_literal(std::move(element), Operator::Equal, right, left);
    if (!body) return body;
    out.children.push_back(std::move(*body));
    return out;
  }
  auto term = value(left);
  if (!term) return pass_on(term);
  if (!*term) return Tree{Tree::Op::Never};
  if (!is_countable((*term)->kind) && !is_textual((*term)->kind)) {
    return complain(left.at, "this is " + std::string(kind_name((*term)->kind)) + ", not a value");
  }
  const unsigned width = (*term)->form == Term::Form::Path ? (*term)->path.width_bits : 64;
  ValueSet set((*term)->kind, width);
  if (right.kind != Node::Kind::List) {
    if (auto added = add_literal(set, Operator::Equal, **term, right); !added) {
      return pass_on(added);
    }
  }
  for (const Node& item : right.children) {
    if (auto added = add_literal(set, Operator::Equal, **term, item); !added) {
      return pass_on(added);
    }
  }
  names_.verdict->good = true;
  return lifted(is_in(std::move(**term), std::move(set)), node);
}

Checked<Tree> Checker::call(const Node& node) {
  if (const auto matcher = std::ranges::find(matchers(), node.text, &Matcher::name);
      matcher != matchers().end()) {
    return match(node, matcher->op);
  }
  if (node.text == "exists" || node.text == "all") return quantified(node);
  if (node.text == "hasData" || node.text == "has") {
    if (node.method || node.children.size() != 1) {
      return complain(node.at, "write hasData(\"name\") or has(data.name)");
    }
    return presence(node.children[0], node.text == "hasData", node);
  }
  return bare(node);
}

Checked<Tree> Checker::match(const Node& node, Tree::Op op) {
  if (node.children.size() != 2) {
    return complain(node.at, "write TEXT." + node.text + "(\"…\")");
  }
  auto object = value(node.children[0]);
  if (!object) return pass_on(object);
  if (*object && !is_textual((*object)->kind)) {
    return complain(node.children[0].at, "this is " + std::string(kind_name((*object)->kind)) +
                                             "; ." + node.text + "() asks texts and addresses");
  }
  Tree out{op};
  if (op == Tree::Op::Matches) {
    const Node& pattern = node.children[1];
    if (pattern.kind != Node::Kind::Text) {
      return complain(pattern.at, "the pattern is a text in quotes");
    }
    std::string problem;
    out.regex = Regex::make(pattern.text, problem);
    if (out.regex == nullptr) return complain(pattern.at, "no regular expression: " + problem);
  } else {
    auto part = value(node.children[1]);
    if (!part) return pass_on(part);
    if (!*part) return Tree{Tree::Op::Never};
    if (!is_textual((*part)->kind)) {
      return complain(node.children[1].at, "." + node.text + "() takes text, this is " +
                                               std::string(kind_name((*part)->kind)));
    }
    out.terms.push_back(std::move(**part));
  }
  if (!*object) return Tree{Tree::Op::Never};
  out.terms.insert(out.terms.begin(), std::move(**object));
  return lifted(std::move(out), node);
}

Checked<Tree> Checker::quantified(const Node& node) {
  const bool all = node.text == "all";
  if (!node.method || node.children.size() != 3 || node.children[1].kind != Node::Kind::Name) {
    return complain(node.at, "write LIST." + node.text + "(x, condition on x)");
  }
  auto domain = value(node.children[0]);
  if (!domain) return pass_on(domain);
  if (!*domain) return Tree{Tree::Op::Never};
  const bool field = (*domain)->form == Term::Form::Path;
  if (field ? !(*domain)->path.many : (*domain)->kind != Kind::List) {
    return complain(node.children[0].at,
                    "this is " + std::string(kind_name((*domain)->kind)) + ", not a list");
  }
  if (slots_ >= Program::kMaxVariables) return complain(node.at, "too many lists in one another");
  Variable variable{node.children[1].text, {}};
  variable.element.form = Term::Form::Path;
  variable.element.path.root = Path::Root::Variable;
  variable.element.path.variable = slots_;
  if (field) {
    variable.element.path.kind = (*domain)->kind == Kind::Map ? Kind::Text : (*domain)->kind;
    variable.element.path.width_bits = (*domain)->path.width_bits;
    variable.element.path.of = (*domain)->path.of;
  }
  if (!field) {
    variable.element.path.kind = (*domain)->element;
    variable.element.path.of = (*domain)->of;
  }
  variable.element.kind = variable.element.path.kind;
  Tree out{Tree::Op::Exists};
  out.variable = slots_++;
  names_.variables.push_back(std::move(variable));
  auto body = condition(node.children[2]);
  names_.variables.pop_back();
  if (!body) return body;
  names_.verdict->good = true;
  out.terms.push_back(std::move(**domain));
  out.children.push_back(all ? negated(std::move(*body)) : std::move(*body));
  if (!field) {
    // The list's own text may come from a path with many values.
    Tree whole = std::move(out);
    auto lift = lifted(std::move(whole), node);
    if (!lift) return lift;
    out = std::move(*lift);
  }
  return all ? negated(std::move(out)) : std::move(out);
}

// hasData("a.b"), has(data.a.b), data.a.b != null.
Checked<Tree> Checker::presence(const Node& target, bool by_name, const Node& node) {
  Checked<Maybe> term = Maybe();
  if (by_name) {
    Node call{Node::Kind::Call, node.at, node.end};
    call.text = "getEventData";
    call.children.push_back(target);
    term = value(call, true);
  } else {
    term = value(target, true);
  }
  if (!term) return pass_on(term);
  if (!*term) return Tree{Tree::Op::Never};
  names_.verdict->good = true;
  if ((*term)->form == Term::Form::Call) {
    Tree out{Tree::Op::Present};
    out.terms.push_back(std::move(**term));
    return lifted(std::move(out), node);
  }
  if ((*term)->form != Term::Form::Path || !(*term)->path.many) return Tree{Tree::Op::Always};
  Tree out{Tree::Op::Exists};
  out.variable = slots_;
  out.terms.push_back(std::move(**term));
  out.children.push_back(Tree{Tree::Op::Always});
  return out;
}

// ---- many values

// Gives each path with many values inside `term` to a variable of its own; the
// paths go to `domains`.
void take_many(Term& term, std::vector<Term>& domains, uint8_t first) {
  if (term.form == Term::Form::Path && term.path.many) {
    Term variable = term;
    variable.path.root = Path::Root::Variable;
    variable.path.variable = static_cast<uint8_t>(first + domains.size());
    variable.path.steps.clear();
    variable.path.many = false;
    domains.push_back(std::move(term));
    term = std::move(variable);
    return;
  }
  for (Term& argument : term.arguments) take_many(argument, domains, first);
}

// "Any element": the comparison holds for some choice of the values its paths
// lead to. A test of a path does so by itself.
Checked<Tree> Checker::lifted(Tree tree, const Node& node) {
  names_.verdict->good = true;
  if (tree.op == Tree::Op::Always || tree.op == Tree::Op::Never) return tree;
  if (tree.op == Tree::Op::Test && tree.terms[0].form == Term::Form::Path) return tree;
  std::vector<Term> domains;
  for (Term& term : tree.terms) take_many(term, domains, slots_);
  if (slots_ + domains.size() > Program::kMaxVariables) {
    return complain(node.at, "too many lists in one comparison");
  }
  for (size_t i = domains.size(); i-- > 0;) {
    Tree out{Tree::Op::Exists};
    out.variable = static_cast<uint8_t>(slots_ + i);
    out.terms.push_back(std::move(domains[i]));
    out.children.push_back(std::move(tree));
    tree = std::move(out);
  }
  return tree;
}

}  // namespace

Checked<std::vector<Tree>> check_expression(const Node& node,
                                            std::span<const EventSpec* const> events,
                                            const Catalog& catalog, Outer* outer) {
  Verdicts verdicts;
  std::vector<Tree> out;
  for (const EventSpec* event : events) {
    auto tree = Checker(*event, catalog, verdicts, outer).condition(node);
    if (!tree) return pass_on(tree);
    if (!Program::make(*tree)) return complain(node.at, "the expression is too complex");
    out.push_back(std::move(*tree));
  }
  for (auto& [place, verdict] : verdicts) {
    if (verdict.good) continue;
    if (verdict.wrong) return tl::unexpected<Complaint>(*verdict.wrong);
    if (verdict.lacking) {
      return complain(verdict.lacking->at,
                      unknown("field", verdict.lacking_name, verdict.candidates));
    }
  }
  return out;
}

}  // namespace tracee
