// SPDX-License-Identifier: Apache-2.0
#include "filter/program.h"

#include <algorithm>
#include <cstring>

#include "filter/outer.h"
#include "filter/text_functions.h"

namespace tracee {
namespace {

// Enough for the longest header block that is decoded, written anew once. Per
// thread and outside the stack; pages that no text function touches cost none.
constexpr size_t kScratchBytes = 72 * 1024;
thread_local char g_scratch[kScratchBytes];

}  // namespace

// Lays code from the end: where to go on is known before an instruction is made.
class Program::Maker {
 public:
  Program make(const Tree& tree) {
    out_.entry_ = lay(tree, kYes, kNo);
    return std::move(out_);
  }
  Program make_value(const Term& term) {
    out_.entry_ = push(term, kYes, 0);
    return std::move(out_);
  }
  bool fits() const { return fits_; }

 private:
  template <class T>
  static uint32_t keep(std::vector<T>& list, T item) {
    list.push_back(std::move(item));
    return static_cast<uint32_t>(list.size() - 1);
  }

  uint32_t put(Instruction instruction) { return keep(out_.code_, instruction); }

  uint32_t lay(const Tree& tree, uint32_t yes, uint32_t no) {
    switch (tree.op) {
      case Tree::Op::Always:
        return yes;
      case Tree::Op::Never:
        return no;
      case Tree::Op::And:
      case Tree::Op::Or: {
        const bool is_and = tree.op == Tree::Op::And;
        uint32_t entry = is_and ? yes : no;
        // NOLINTNEXTLINE(modernize-loop-convert): from the last to the first
        for (auto child = tree.children.rbegin(); child != tree.children.rend(); ++child) {
          entry = is_and ? lay(*child, entry, no) : lay(*child, yes, entry);
        }
        return entry;
      }
      case Tree::Op::Not:
        return lay(tree.children[0], no, yes);
      case Tree::Op::Test:
        return lay_test(tree, yes, no);
      case Tree::Op::Exists:
        return lay_exists(tree, yes, no);
      case Tree::Op::Owner: {
        Instruction out{Op::Owner};
        out.operand = keep(out_.owners_, tree.owner);
        return put(targets(out, yes, no));
      }
      case Tree::Op::Compare:
      case Tree::Op::StartsWith:
      case Tree::Op::EndsWith:
      case Tree::Op::Contains:
      case Tree::Op::Matches:
        return lay_relation(tree, yes, no);
      case Tree::Op::Present:
        return push(tree.terms[0], put(targets({Op::Present}, yes, no)), 0);
      case Tree::Op::InSet: {
        Instruction out{Op::InSet};
        out.operand = keep(out_.outer_sets_, tree.outer_set);
        return push(tree.terms[0], put(targets(out, yes, no)), 0);
      }
    }
    return no;
  }

  static Instruction targets(Instruction instruction, uint32_t yes, uint32_t no) {
    instruction.yes = yes;
    instruction.no = no;
    return instruction;
  }

  uint32_t lay_test(const Tree& tree, uint32_t yes, uint32_t no) {
    const Term& term = tree.terms[0];
    if (term.form != Term::Form::Path) {
      Instruction out{Op::TestTop};
      out.operand = keep(out_.sets_, tree.set);
      return push(term, put(targets(out, yes, no)), 0);
    }
    const Path& path = term.path;
    // Most fields are one or two steps away, with no list on the way.
    const bool short_way = !path.many && path.root != Path::Root::Variable && !path.steps.empty() &&
                           path.steps.size() <= 2;
    if (short_way) {
      Instruction near{Op::ValueIn};
      near.root = path.root;
      near.field = path.steps[0].field;
      if (path.steps.size() == 2) near.member = path.steps[1].field;
      if (tree.set->one_range(near.bias, near.low, near.span)) {
        near.op = Op::NumberIn;
      } else {
        near.operand = keep(out_.sets_, tree.set);
      }
      return put(targets(near, yes, no));
    }
    Instruction out{Op::TestPath};
    out.operand = keep(out_.paths_, path);
    out.body = keep(out_.sets_, tree.set);
    return put(targets(out, yes, no));
  }

  uint32_t lay_exists(const Tree& tree, uint32_t yes, uint32_t no) {
    const Term& term = tree.terms[0];
    fits_ = fits_ && tree.variable < kMaxVariables;
    Instruction out{term.form == Term::Form::Path ? Op::ExistsPath : Op::ExistsTop};
    out.variable = tree.variable;
    // The body is a program of its own, ending in yes or no.
    out.body = lay(tree.children[0], kYes, kNo);
    if (term.form == Term::Form::Path) {
      out.operand = keep(out_.paths_, term.path);
      return put(targets(out, yes, no));
    }
    out.at = term.at;
    return push(term, put(targets(out, yes, no)), 0);
  }

  uint32_t lay_relation(const Tree& tree, uint32_t yes, uint32_t no) {
    Instruction out{tree.op == Tree::Op::Compare      ? Op::Compare
                    : tree.op == Tree::Op::StartsWith ? Op::StartsWith
                    : tree.op == Tree::Op::EndsWith   ? Op::EndsWith
                    : tree.op == Tree::Op::Contains   ? Op::Contains
                                                      : Op::Matches};
    out.comparison = tree.comparison;
    if (tree.regex != nullptr) out.operand = keep(out_.regexes_, tree.regex);
    return push_all(tree.terms, put(targets(out, yes, no)), 0);
  }

  // Code that pushes the terms in order and goes on at `next`; `below` values
  // are on the stack before.
  uint32_t push_all(const std::vector<Term>& terms, uint32_t next, size_t below) {
    for (size_t i = terms.size(); i-- > 0;) next = push(terms[i], next, below + i);
    return next;
  }

  uint32_t push(const Term& term, uint32_t next, size_t below) {
    fits_ = fits_ && below < kMaxStack;
    Instruction out{Op::PushConstant};
    out.yes = next;
    switch (term.form) {
      case Term::Form::Constant:
        out.operand = keep(out_.constants_, term);
        return put(out);
      case Term::Form::Path:
        out.op = Op::PushPath;
        out.operand = keep(out_.paths_, term.path);
        return put(out);
      case Term::Form::Call:
        out.op = Op::Call;
        out.function = term.function;
        out.field = term.member;
        out.outer = term.outer;
        if (!term.arguments.empty()) out.at = term.arguments[0].at;
        out.operand = static_cast<uint32_t>(term.arguments.size());
        return push_all(term.arguments, put(out), below);
    }
    return next;
  }

  Program out_;
  bool fits_ = true;
};

std::optional<Program> Program::make(const Tree& tree) {
  Maker maker;
  Program out = maker.make(tree);
  if (!maker.fits()) return std::nullopt;
  return out;
}

std::optional<Program> Program::make_value(const Term& term) {
  Maker maker;
  Program out = maker.make_value(term);
  if (!maker.fits()) return std::nullopt;
  return out;
}

// One run. Its arrays are left as they are found: no slot is read that was not
// written before.
class Program::Machine {
 public:
  Machine(const Program& program, const Event& event) noexcept : program_(program), event_(event) {}

  bool run(uint32_t at) noexcept {
    while (at < kNo) {
      const Instruction& step = program_.code_[at];
      switch (step.op) {
        case Op::NumberIn:
          at = number_in(step) ? step.yes : step.no;
          break;
        case Op::ValueIn:
          at = program_.sets_[step.operand]->contains(near_value(step)) ? step.yes : step.no;
          break;
        case Op::TestPath: {
          const ValueSet& set = *program_.sets_[step.body];
          const auto is_in = [&](const Value& value) noexcept { return set.contains(value); };
          at = any(program_.paths_[step.operand], is_in) ? step.yes : step.no;
          break;
        }
        case Op::TestTop:
          at = program_.sets_[step.operand]->contains(stack_[--top_].value) ? step.yes : step.no;
          break;
        case Op::ExistsPath: {
          const auto holds = [&](const Value& value) noexcept { return body(step, value); };
          at = any(program_.paths_[step.operand], holds) ? step.yes : step.no;
          break;
        }
        case Op::ExistsTop:
          at = exists(step, stack_[--top_].value) ? step.yes : step.no;
          break;
        case Op::Owner:
          at = program_.owners_[step.operand]->keeps(*event_.context) ? step.yes : step.no;
          break;
        case Op::Present: {
          const Value value = stack_[--top_].value;
          at = value.kind != Kind::Record || value.p != nullptr ? step.yes : step.no;
          break;
        }
        case Op::InSet:
          --top_;
          at =
              program_.outer_sets_[step.operand]->contains(stack_[top_].value) ? step.yes : step.no;
          break;
        case Op::Compare:
        case Op::StartsWith:
        case Op::EndsWith:
        case Op::Contains:
        case Op::Matches:
          at = relation(step) ? step.yes : step.no;
          break;
        case Op::PushPath:
          push_path(program_.paths_[step.operand]);
          at = step.yes;
          break;
        case Op::PushConstant:
          push(constant(program_.constants_[step.operand]));
          at = step.yes;
          break;
        case Op::Call:
          push_call(step);
          at = step.yes;
          break;
      }
    }
    return at == kYes;
  }

  const Value& top() const noexcept { return stack_[top_ - 1].value; }

 private:
  // Not initialised until used; Value's own constructor would write them all.
  union Slot {
    Slot() noexcept {}  // NOLINT(modernize-use-equals-default): that would be deleted
    Value value;
  };

  void push(const Value& value) noexcept { stack_[top_++].value = value; }

  const void* object(Path::Root root) const noexcept {
    return root == Path::Root::Data ? event_.data : event_.context;
  }

  Value near_value(const Instruction& step) const noexcept {
    const Value value = step.field->get(object(step.root));
    return step.member == nullptr ? value : step.member->get(value.p);
  }

  bool number_in(const Instruction& step) const noexcept {
    return (near_value(step).u ^ step.bias) - step.low <= step.span;
  }

  template <class Visit>
  bool any(const Path& path, Visit&& visit) const noexcept {
    if (path.root != Path::Root::Variable) return any_value(path.steps, object(path.root), visit);
    const Value& value = variables_[path.variable].value;
    return path.steps.empty() ? visit(value) : any_value(path.steps, value.p, visit);
  }

  bool body(const Instruction& step, const Value& value) noexcept {
    variables_[step.variable].value = value;
    const size_t used = scratch_.used;
    const bool holds = run(step.body);
    scratch_.used = used;
    return holds;
  }

  // Of a list that was made, not found in the event.
  bool exists(const Instruction& step, Value list) noexcept {  // its slot is used again
    const uint32_t count = list.kind == Kind::List ? list.count : 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (body(step, step.at != nullptr ? step.at(list.p, i) : text_at(list, i))) return true;
    }
    return false;
  }

  void push_call(const Instruction& step) noexcept {
    top_ -= step.operand;
    Value arguments[3];
    for (uint32_t i = 0; i < step.operand && i < 3; ++i) arguments[i] = stack_[top_ + i].value;
    push(result(step, {arguments, step.operand}));
  }

  void push_path(const Path& path) noexcept {
    Value found = nothing();
    any(path, [&](const Value& value) noexcept {
      found = value;
      return true;
    });
    push(found);
  }

  static Value constant(const Term& term) noexcept {
    if (term.kind == Kind::Text) return value_of(std::string_view(term.text));
    if (term.kind == Kind::Address) return value_of(term.address);
    return term.number;
  }

  Value result(const Instruction& step, std::span<const Value> arguments) noexcept {
    if (step.function == Function::Outer) return step.outer->call(arguments, event_, scratch_);
    if (step.function == Function::Member) {
      const Value& object = arguments[0];
      if (object.kind != Kind::Record || object.p == nullptr) return nothing();
      return step.field->get(object.p);
    }
    if (step.function == Function::At && step.at != nullptr) {
      const Value& list = arguments[0];
      const bool there = list.kind == Kind::List && arguments[1].u < list.count;
      return there ? step.at(list.p, static_cast<uint32_t>(arguments[1].u)) : nothing();
    }
    return call(step.function, arguments, scratch_);
  }

  bool relation(const Instruction& step) noexcept {
    const size_t used = scratch_.used;
    const bool holds = step.op == Op::Matches ? matches(step) : pair(step);
    scratch_.used = used;
    return holds;
  }

  bool matches(const Instruction& step) noexcept {
    std::string_view text;
    const Value value = stack_[--top_].value;
    return text_of(value, scratch_, text) && program_.regexes_[step.operand]->found_in(text);
  }

  bool pair(const Instruction& step) noexcept {
    top_ -= 2;
    const Value& a = stack_[top_].value;
    const Value& b = stack_[top_ + 1].value;
    if (step.op == Op::Compare) return compare(step.comparison, a, b, scratch_);
    std::string_view text, part;
    if (!text_of(a, scratch_, text) || !text_of(b, scratch_, part)) return false;
    if (step.op == Op::StartsWith) return text.starts_with(part);
    if (step.op == Op::EndsWith) return text.ends_with(part);
    return text.find(part) != text.npos;
  }

  const Program& program_;
  const Event& event_;
  Slot stack_[kMaxStack];
  Slot variables_[kMaxVariables];
  size_t top_ = 0;
  Scratch scratch_{g_scratch, 0};
};

Value Program::value(const Event& event) const noexcept {
  Machine machine(*this, event);
  machine.run(entry_);
  return machine.top();
}

bool Program::keeps(const Event& event) const noexcept {
  if (entry_ >= kNo) return entry_ == kYes;
  return Machine(*this, event).run(entry_);
}

}  // namespace tracee
