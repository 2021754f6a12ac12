// SPDX-License-Identifier: Apache-2.0
// A condition laid flat: instructions that test one thing each and say where to
// go on when it holds and when it does not, so the second half of an `&&` is
// not even read when the first decided. Values that have to be computed go over
// a small fixed stack.
//
// Running a program allocates nothing and reads no field but those it tests.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "filter/tree.h"

namespace tracee {

class Program {
 public:
  // Limits of one run. make() refuses what would pass them.
  static constexpr size_t kMaxStack = 16, kMaxVariables = 8;

  // Keeps everything.
  Program() = default;
  // Null: the condition needs more than the limits.
  static std::optional<Program> make(const Tree& tree);

  bool keeps(const Event& event) const noexcept;

  // A program that computes a value instead. Of a path with many values it is the
  // first.
  static std::optional<Program> make_value(const Term& term);
  // A record that is none when the event has no such value. Texts may be in memory
  // that the next run of any program of this thread uses.
  Value value(const Event& event) const noexcept;

  bool keeps_all() const noexcept { return entry_ == kYes; }
  bool keeps_none() const noexcept { return entry_ == kNo; }
  size_t size() const noexcept { return code_.size(); }

 private:
  static constexpr uint32_t kYes = UINT32_MAX, kNo = UINT32_MAX - 1;

  enum class Op : uint8_t {
    NumberIn,    // `field`, or `member` of it, is in the range; the commonest test
    ValueIn,     // … is in `set`
    TestPath,    // a value of `path` is in `set`
    TestTop,     // … the value on the stack
    ExistsPath,  // a value of `path` as `variable` makes `body` true
    ExistsTop,   // … an element of the list of texts on the stack
    Compare,
    StartsWith,
    EndsWith,
    Contains,  // the two values on the stack
    Matches,   // the value on the stack
    Present,   // the value on the stack is one
    InSet,     // the value on the stack is in `outer_sets_`
    Owner,
    // These go on at `yes`:
    PushPath,
    PushConstant,
    Call,
  };

  struct Instruction {
    Op op;
    Operator comparison = Operator::Equal;
    Function function = Function::Size;
    Path::Root root = Path::Root::Data;
    uint8_t variable = 0;
    uint32_t operand = 0;  // index into what the operation uses
    uint32_t body = 0;
    uint32_t yes = kYes, no = kNo;
    // NumberIn: get(…).u ^ bias is in [low, low + span].
    const Field* field = nullptr;
    const Field* member = nullptr;
    uint64_t bias = 0, low = 0, span = 0;
    const OuterFunction* outer = nullptr;
    Value (*at)(const void* first, uint32_t index) noexcept = nullptr;
  };

  class Maker;
  class Machine;

  std::vector<Instruction> code_;
  std::vector<Path> paths_;
  std::vector<Term> constants_;
  std::vector<std::shared_ptr<const ValueSet>> sets_;
  std::vector<std::shared_ptr<const Regex>> regexes_;
  std::vector<std::shared_ptr<const OwnerTest>> owners_;
  std::vector<std::shared_ptr<const OuterSet>> outer_sets_;
  uint32_t entry_ = kYes;
};

}  // namespace tracee
