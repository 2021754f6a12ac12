// SPDX-License-Identifier: Apache-2.0
// Names and values of an expression, as one kind of event has them. A part of
// the checker.
#pragma once

#include <optional>

#include "event/catalog.h"
#include "filter/outer.h"
#include "filter/syntax.h"
#include "filter/tree.h"

namespace tracee {

// What became of one comparison over all events.
struct Verdict {
  bool good = false;                 // it makes sense in one of them
  std::optional<Complaint> wrong;    // what an event that has the field says
  std::optional<Complaint> lacking;  // where the first name stands that is not there
  std::string lacking_name;
  std::vector<std::string_view> candidates;
};

// A value that the event at hand may not have.
using Maybe = std::optional<Term>;

struct Variable {
  std::string name;
  Term element;  // what it stands for
};

// Where a chain of members has got to.
struct Reached {
  bool lacking = false;
  std::optional<Term> computed{};   // a result, event.name
  std::span<const Field> fields{};  // names that may follow, before the first step
  Path path{};
  bool started = false;      // path has a value: steps, or a variable
  std::string_view label{};  // for messages
};

struct MemberResolver {
  const EventSpec& event;
  Verdict* verdict = nullptr;  // of the comparison at hand
  std::vector<Variable> variables{};
  Outer* outer = nullptr;  // null: there are no such names

  // `whole`: a list is wanted as such, not its elements.
  Checked<Maybe> value(const Node& node, bool whole = false);

 private:
  Checked<Reached> place(const Node& node);
  Checked<Reached> root(const Node& node);
  Checked<Reached> member(Reached object, std::string_view name, const Node& node);
  Checked<Reached> element(Reached object, const Node& node);
  Checked<Reached> event_data(const Node& node);
  Checked<Maybe> function(const Node& node);
  Checked<Maybe> outer_function(const OuterFunction& function, const Node& node);
  Reached lacks(const Node& node, std::string_view name, std::vector<std::string_view> candidates);
};

// The methods that are conditions.
struct Matcher {
  std::string_view name;
  Tree::Op op;
};
std::span<const Matcher> matchers();

// "unknown field 'x', did you mean 'y'?", or which there are.
std::string unknown(std::string_view what, std::string_view name,
                    const std::vector<std::string_view>& candidates);
std::string_view kind_name(Kind kind);
inline bool is_number(Kind kind) { return kind == Kind::Unsigned || kind == Kind::Signed; }
inline bool is_countable(Kind kind) {
  return is_number(kind) || kind == Kind::Flag || kind == Kind::Bool;
}
inline bool is_textual(Kind kind) { return kind == Kind::Text || kind == Kind::Address; }

}  // namespace tracee
