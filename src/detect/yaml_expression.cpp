// SPDX-License-Identifier: Apache-2.0
#include "detect/yaml_expression.h"

#include <algorithm>
#include <cstring>

#include "detect/base64.h"
#include "event/address.h"
#include "filter/checker.h"
#include "filter/member_resolver.h"

namespace tracee {
namespace {

// ---- lists: a name stands for its values, before anything is checked

using Literals = decltype(YamlLists::literals);

Node literal(const Node& like, const std::string& text) {
  Node out;
  out.kind = Node::Kind::Text;
  out.at = like.at;
  out.end = like.end;
  out.text = text;
  return out;
}

void replace_name(Node& node, const std::string& name, const Node& by) {
  if (node.kind == Node::Kind::Name && node.text == name) {
    node = by;
    return;
  }
  for (Node& child : node.children) replace_name(child, name, by);
}

// LIST.exists(x, C) is C with each value for x, one of them true.
void expand_lists(Node& node, const Literals& lists) {
  const bool call = node.kind == Node::Kind::Call && !node.children.empty() &&
                    node.children[0].kind == Node::Kind::Name;
  if (call && lists.contains(node.children[0].text)) {
    const auto& values = lists.find(node.children[0].text)->second;
    const bool quantified = (node.text == "exists" || node.text == "all") &&
                            node.children.size() == 3 && node.children[1].kind == Node::Kind::Name;
    if (quantified) {
      Node out;
      out.kind = node.text == "exists" ? Node::Kind::Or : Node::Kind::And;
      out.at = node.at;
      out.end = node.end;
      for (const std::string& value : values) {
        Node one = node.children[2];
        replace_name(one, node.children[1].text, literal(node, value));
        expand_lists(one, lists);
        out.children.push_back(std::move(one));
      }
      if (out.children.empty()) {
        out.truth = out.kind == Node::Kind::And;
        out.kind = Node::Kind::Bool;
      }
      node = std::move(out);
      return;
    }
    if (node.text == "size" && node.children.size() == 1) {
      Node out;
      out.kind = Node::Kind::Number;
      out.at = node.at;
      out.end = node.end;
      out.number.magnitude = values.size();
      node = std::move(out);
      return;
    }
  }
  if (node.kind == Node::Kind::Name) {
    const auto found = lists.find(node.text);
    if (found == lists.end()) return;
    Node out;
    out.kind = Node::Kind::List;
    out.at = node.at;
    out.end = node.end;
    for (const std::string& value : found->second) out.children.push_back(literal(node, value));
    node = std::move(out);
    return;
  }
  for (Node& child : node.children) expand_lists(child, lists);
}

bool is_condition(const Node& node) {
  using enum Node::Kind;
  switch (node.kind) {
    case Compare:
    case And:
    case Or:
    case Not:
    case In:
    case Bool:
      return true;
    case Call:
      return node.text == "exists" || node.text == "all" || node.text == "has" ||
             node.text == "hasData" ||
             std::ranges::find(matchers(), node.text, &Matcher::name) != matchers().end();
    default:
      return false;
  }
}

std::string_view copy(std::string_view text, Arena& arena) noexcept {
  auto room = arena.take<char>(text.size());
  if (!room.empty()) std::memcpy(room.data(), text.data(), room.size());
  return {room.data(), room.size()};
}

}  // namespace

// The value as a field of that type; absent(): it has none, or does not fit.
Value converted(const Value& value, std::string_view type, Arena& arena) noexcept {
  if (is_absent(value)) return absent();
  const bool number = value.kind == Kind::Unsigned || value.kind == Kind::Signed ||
                      value.kind == Kind::Flag || value.kind == Kind::Bool;
  if (type == "string" || type == "bytes") {
    if (value.kind == Kind::Text && type == "bytes") {
      return value_of(base64({static_cast<const uint8_t*>(value.p), value.count}, arena));
    }
    if (value.kind == Kind::Text) return value_of(copy(value.text(), arena));
    if (value.kind != Kind::Address) return absent();
    char text[kAddressTextMax];
    return value_of(copy({text, format_address(text, value.address())}, arena));
  }
  if (!number) return absent();
  if (type == "bool") return value_of(value.u != 0);
  const bool below = value.kind == Kind::Signed && value.i < 0;
  if (type == "int32") {
    const bool fits = below ? value.i >= INT32_MIN : value.u <= uint64_t{INT32_MAX};
    return fits ? value_of(static_cast<int64_t>(value.u)) : absent();
  }
  if (below || (type == "uint32" && value.u > UINT32_MAX)) return absent();
  return value_of(value.u);
}

// Appends what tells one key from another.
void append_key(const Value& value, std::string& key) {
  if (value.kind == Kind::Text) {
    key += value.text();
  } else if (value.kind == Kind::Address) {
    char text[kAddressTextMax];
    key.append(text, format_address(text, value.address()));
  } else if (!is_absent(value)) {
    key += std::to_string(value.u);
  }
  key += '\0';
}

Result<Node> YamlExpressions::parsed(const PlacedText& source) const {
  auto node = parse_expression(source.text);
  if (!node) {
    return tl::unexpected<Error>(error_at(source.place, source.text, node.error()));
  }
  expand_lists(*node, lists_.literals);
  return std::move(*node);
}

Result<Tree> YamlExpressions::tree(const std::vector<PlacedText>& sources) const {
  Tree all;
  for (const PlacedText& source : sources) {
    auto node = parsed(source);
    if (!node) return forward(node);
    std::vector<const EventSpec*> events = {&spec_};
    events.insert(events.end(), others_.begin(), others_.end());
    auto trees = check_expression(*node, events, catalog_, &lookups_);
    if (!trees) {
      return tl::unexpected<Error>(error_at(source.place, source.text, trees.error()));
    }
    all = both(std::move(all), std::move(trees->front()));
  }
  return all;
}

Result<Program> YamlExpressions::condition(const std::vector<PlacedText>& sources) const {
  auto all = tree(sources);
  if (!all) return forward(all);
  auto program = Program::make(*all);
  if (!program) {
    return fail(Exit::Usage, sources.front().place + ": the conditions are too complex", "");
  }
  return std::move(*program);
}

Result<Valued> YamlExpressions::value(const PlacedText& source, bool needed) const {
  Valued out;
  auto node = parsed(source);
  if (!node) return forward(node);
  if (is_condition(*node)) {
    auto program = condition({source});
    if (!program) return forward(program);
    out.there = out.is_condition = true;
    out.kind = Kind::Bool;
    out.program = std::move(*program);
    return out;
  }
  Verdict verdict;
  MemberResolver names{spec_, &verdict};
  names.outer = &lookups_;
  auto term = names.value(*node);
  if (!term) return tl::unexpected<Error>(error_at(source.place, source.text, term.error()));
  if (!*term) {
    if (!needed) return out;
    return tl::unexpected<Error>(
        error_at(source.place, source.text,
                 {verdict.lacking ? verdict.lacking->at : 0,
                  unknown("field", verdict.lacking_name, verdict.candidates)}));
  }
  const Kind kind = (*term)->kind;
  if (!is_countable(kind) && !is_textual(kind)) {
    return tl::unexpected<Error>(
        error_at(source.place, source.text,
                 {node->at, "this is " + std::string(kind_name(kind)) + ", not a value"}));
  }
  auto program = Program::make_value(**term);
  if (!program) return fail(Exit::Usage, source.place + ": the expression is too complex", "");
  out.there = true;
  out.kind = kind;
  out.program = std::move(*program);
  return out;
}

Result<std::vector<Valued>> YamlExpressions::values(const std::vector<PlacedText>& sources) const {
  std::vector<Valued> out;
  for (const PlacedText& source : sources) {
    auto made = value(source, true);
    if (!made) return forward(made);
    out.push_back(std::move(*made));
  }
  return out;
}

}  // namespace tracee
