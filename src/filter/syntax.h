// SPDX-License-Identifier: Apache-2.0
// The language of `--filter` and of detector conditions as a tree of what is
// written; nothing here knows an event. A subset of CEL, with addresses and
// networks as literals:
//
//   data.proto_tcp.SYN == 1 && !(data.dst in 10.0.0.0/8)
//   data.proto_dns.answers.exists(a, a.type == "MX" && a.MX.preference <= 10)
//   process.name.startsWith("ssh") || size(data.proto_dns.questions) > 1
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "filter/values.h"

namespace tracee {

// What is wrong with an expression, and where.
struct Complaint {
  size_t at = 0;  // byte offset
  std::string what;
};
template <class T>
using Checked = tl::expected<T, Complaint>;
inline tl::unexpected<Complaint> complain(size_t at, std::string what) {
  return tl::unexpected<Complaint>(Complaint{at, std::move(what)});
}
template <class T>
tl::unexpected<Complaint> pass_on(Checked<T>& failed) {
  return tl::unexpected<Complaint>(std::move(failed.error()));
}

struct Node {
  enum class Kind : uint8_t {
    Text,
    Number,
    Bool,
    Null,
    Network,
    List,  // literals
    Name,
    Member,
    Index,  // a, CHILD.a, CHILD[CHILD]
    Call,   // text(CHILDREN); a method's first child is its object
    Not,
    And,
    Or,
    Compare,
    In,
  };
  Kind kind = Kind::Null;
  size_t at = 0, end = 0;  // the bytes of the source it covers
  std::string text{};      // of a Text, Name, Member or Call
  Number number{};
  bool truth = false;  // of a Bool
  Address address{};   // of a Network
  unsigned bits = 0;
  Operator op = Operator::Equal;  // of a Compare
  bool method = false;            // of a Call
  std::vector<Node> children{};
};

// Reads one expression. Nesting is bounded; so is the work.
Checked<Node> parse_expression(std::string_view source);

// "column 17: what" and, as a hint, the line with a caret under the place.
Error error_at(std::string_view label, std::string_view source, const Complaint& complaint);

}  // namespace tracee
