// SPDX-License-Identifier: Apache-2.0
// A condition on the events of one kind, resolved and typed: the one form that
// expressions, `--events`, `--scope` and policies all become before they are
// laid flat as a Program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filter/path.h"
#include "filter/regex.h"
#include "filter/values.h"

namespace tracee {

enum class Function : uint8_t {
  Size,
  Lower,
  Upper,
  Trim,
  Replace,
  Split,
  Join,
  Basename,
  Dirname,
  Entropy,
  Domain,
  Subdomain,
  At,      // of a list
  Member,  // `member` of a record
  Outer,   // `outer`
};

class OuterFunction;
class OuterSet;

// A value: known, read, or computed.
struct Term {
  enum class Form : uint8_t { Constant, Path, Call };
  Form form = Form::Constant;
  Kind kind = Kind::Text;     // what it gives
  Kind element = Kind::Text;  // of a List
  std::string text{};         // Constant Text
  Value number{};             // Constant of a number kind
  Address address{};          // Constant Address
  Path path{};                // Path
  Function function = Function::Size;
  std::vector<Term> arguments{};  // Call
  const Field* member = nullptr;
  const OuterFunction* outer = nullptr;
  const RecordSpec* of = nullptr;  // of a computed Record, or a List of them
  // Element of a computed list; null: of texts.
  Value (*at)(const void* first, uint32_t index) noexcept = nullptr;
};

// A question about the owner that the packet's context alone does not answer.
class OwnerTest {
 public:
  virtual ~OwnerTest() = default;
  virtual bool keeps(const Context& context) const noexcept = 0;
};

struct Tree {
  enum class Op : uint8_t {
    Never,
    Always,
    And,
    Or,
    Not,      // children
    Test,     // terms[0] is in `set`; of a path with many values: any of them is
    Compare,  // terms[0] `comparison` terms[1]
    StartsWith,
    EndsWith,
    Contains,  // terms[0] … terms[1]
    Matches,   // terms[0] has a match of `regex`
    Exists,    // some value of terms[0], as `variable`, makes children[0] true
    Present,   // terms[0] is a value
    InSet,     // terms[0] is in `outer_set`
    Owner,
  };
  Op op = Op::Always;
  Operator comparison = Operator::Equal;
  uint8_t variable = 0;
  std::vector<Tree> children{};
  std::vector<Term> terms{};
  std::shared_ptr<const ValueSet> set{};
  std::shared_ptr<const Regex> regex{};
  std::shared_ptr<const OwnerTest> owner{};
  std::shared_ptr<const OuterSet> outer_set{};
};

Tree both(Tree a, Tree b);
Tree either(Tree a, Tree b);
Tree negated(Tree a);
Tree is_in(Term term, ValueSet set);
Term term_of(Path path);

}  // namespace tracee
