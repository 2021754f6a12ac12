// SPDX-License-Identifier: Apache-2.0
// Operator precedence as in CEL: || && relations ! members, loosest first.
#include <algorithm>

#include "filter/lexer.h"
#include "filter/syntax.h"

namespace tracee {
namespace {

// Deeper nesting than people write; recursion stays far from the stack's end.
constexpr unsigned kMaxDepth = 64;
constexpr size_t kMaxBytes = 64 * 1024;

std::string shown(const Token& token, std::string_view source) {
  if (token.kind == Token::Kind::End) return "the end";
  return "'" + std::string(source.substr(token.at, token.end - token.at)) + "'";
}

enum Binding { kNone = 0, kOr = 1, kAnd = 2, kRelation = 3 };

Binding binding_of(const Token& token) {
  if (token.is("||")) return kOr;
  if (token.is("&&")) return kAnd;
  static constexpr std::string_view kRelations[] = {"==", "!=", "<", "<=", ">", ">="};
  if (token.kind == Token::Kind::Symbol &&
      std::ranges::find(kRelations, token.source) != std::end(kRelations)) {
    return kRelation;
  }
  return token.kind == Token::Kind::Name && token.source == "in" ? kRelation : kNone;
}

Operator operator_of(std::string_view symbol) {
  if (symbol == "==") return Operator::Equal;
  if (symbol == "!=") return Operator::NotEqual;
  if (symbol == "<") return Operator::Less;
  if (symbol == "<=") return Operator::LessEqual;
  return symbol == ">" ? Operator::Greater : Operator::GreaterEqual;
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source), lexer_(source) {}

  Checked<Node> whole() {
    if (source_.size() > kMaxBytes) return complain(0, "the expression is longer than 64 KiB");
    if (auto moved = advance(); !moved) return pass_on(moved);
    if (token_.kind == Token::Kind::End) return complain(0, "the expression is empty");
    auto node = expression(kNone);
    if (!node) return node;
    if (token_.kind != Token::Kind::End) return unexpected();
    return node;
  }

 private:
  // Counts nesting for as long as it lives.
  struct Deeper {
    explicit Deeper(unsigned& depth) : depth(depth) { ++depth; }
    ~Deeper() { --depth; }
    unsigned& depth;
  };

  Checked<bool> advance() {
    auto token = lexer_.next();
    if (!token) return pass_on(token);
    end_ = token_.end;
    token_ = std::move(*token);
    return true;
  }

  tl::unexpected<Complaint> unexpected() const {
    std::string what = "unexpected " + shown(token_, source_);
    if (token_.is("-"))
      what += "; a name with a dash is written in brackets: headers[\"User-Agent\"]";
    if (token_.kind == Token::Kind::Name && token_.source == "and") what += ", write '&&'";
    if (token_.kind == Token::Kind::Name && token_.source == "or") what += ", write '||'";
    return complain(token_.at, std::move(what));
  }

  Checked<bool> expect(std::string_view symbol) {
    if (!token_.is(symbol)) {
      return complain(token_.at,
                      "expected '" + std::string(symbol) + "', found " + shown(token_, source_));
    }
    return advance();
  }

  Checked<Node> expression(Binding above) {
    const Deeper deeper(depth_);
    if (depth_ > kMaxDepth) return complain(token_.at, "nested too deeply");
    auto left = unary();
    if (!left) return left;
    for (Binding binding = binding_of(token_); binding > above; binding = binding_of(token_)) {
      const Token symbol = token_;
      if (auto moved = advance(); !moved) return pass_on(moved);
      auto right = expression(binding);
      if (!right) return right;
      if (binding == kRelation && binding_of(token_) == kRelation) {
        return complain(token_.at, "comparisons do not chain, write a < b && b < c");
      }
      const bool logic = binding != kRelation;
      const Node::Kind kind = binding == kOr          ? Node::Kind::Or
                              : binding == kAnd       ? Node::Kind::And
                              : symbol.source == "in" ? Node::Kind::In
                                                      : Node::Kind::Compare;
      // a && b && c is one node with three children: chains cost no depth.
      if (logic && left->kind == kind) {
        left->end = right->end;
        left->children.push_back(std::move(*right));
        continue;
      }
      Node node{kind, left->at, right->end};
      if (kind == Node::Kind::Compare) node.op = operator_of(symbol.source);
      node.children.push_back(std::move(*left));
      node.children.push_back(std::move(*right));
      left = std::move(node);
    }
    return left;
  }

  Checked<Node> unary() {
    const Deeper deeper(depth_);
    if (depth_ > kMaxDepth) return complain(token_.at, "nested too deeply");
    const size_t at = token_.at;
    if (token_.is("!")) {
      if (auto moved = advance(); !moved) return pass_on(moved);
      auto inner = unary();
      if (!inner) return inner;
      Node node{Node::Kind::Not, at, inner->end};
      node.children.push_back(std::move(*inner));
      return node;
    }
    if (token_.is("-")) {
      if (auto moved = advance(); !moved) return pass_on(moved);
      if (token_.kind != Token::Kind::Number) return complain(at, "'-' stands before numbers only");
      Node node{Node::Kind::Number, at, token_.end};
      node.number = token_.number;
      node.number.negative = node.number.magnitude != 0;
      if (auto moved = advance(); !moved) return pass_on(moved);
      return node;
    }
    auto node = primary();
    for (unsigned links = 0; node && (token_.is(".") || token_.is("[")); ++links) {
      if (links > kMaxDepth) return complain(token_.at, "nested too deeply");
      node = token_.is(".") ? member(std::move(*node)) : index(std::move(*node));
    }
    return node;
  }

  Checked<Node> primary() {
    const Token token = token_;
    Node node{Node::Kind::Null, token.at, token.end};
    switch (token.kind) {
      case Token::Kind::Text:
        node.kind = Node::Kind::Text;
        node.text = token.text;
        break;
      case Token::Kind::Number:
        node.kind = Node::Kind::Number;
        node.number = token.number;
        break;
      case Token::Kind::Network:
        node.kind = Node::Kind::Network;
        node.address = token.address;
        node.bits = token.bits;
        break;
      case Token::Kind::Name:
        return name();
      case Token::Kind::Symbol:
        if (token.is("(")) return group();
        if (token.is("[")) return list();
        return unexpected();
      case Token::Kind::End:
        return complain(token.at, "the expression ends too soon");
    }
    if (auto moved = advance(); !moved) return pass_on(moved);
    return node;
  }

  Checked<Node> name() {
    Node node{Node::Kind::Name, token_.at, token_.end};
    node.text = token_.source;
    if (token_.source == "in") return unexpected();
    if (token_.source == "true" || token_.source == "false") {
      node.kind = Node::Kind::Bool;
      node.truth = token_.source == "true";
    } else if (token_.source == "null") {
      node.kind = Node::Kind::Null;
    }
    if (auto moved = advance(); !moved) return pass_on(moved);
    if (node.kind == Node::Kind::Name && token_.is("(")) return arguments(std::move(node));
    return node;
  }

  Checked<Node> group() {
    const size_t at = token_.at;
    if (auto moved = advance(); !moved) return pass_on(moved);
    auto inner = expression(kNone);
    if (!inner) return inner;
    if (auto closed = expect(")"); !closed) return pass_on(closed);
    inner->at = at;
    inner->end = end_;
    return inner;
  }

  Checked<Node> list() {
    Node node{Node::Kind::List, token_.at, 0};
    if (auto moved = advance(); !moved) return pass_on(moved);
    if (auto read = elements(node, "]"); !read) return pass_on(read);
    return node;
  }

  // Expressions between commas, then `close`.
  Checked<bool> elements(Node& node, std::string_view close) {
    while (!token_.is(close)) {
      auto element = expression(kNone);
      if (!element) return pass_on(element);
      node.children.push_back(std::move(*element));
      if (token_.is(close)) break;
      if (auto comma = expect(","); !comma) return comma;
    }
    if (auto closed = expect(close); !closed) return closed;
    node.end = end_;
    return true;
  }

  // `node` names a function or method; its "(" is the token.
  Checked<Node> arguments(Node node) {
    node.kind = Node::Kind::Call;
    if (auto moved = advance(); !moved) return pass_on(moved);
    if (auto read = elements(node, ")"); !read) return pass_on(read);
    return node;
  }

  Checked<Node> member(Node object) {
    if (auto moved = advance(); !moved) return pass_on(moved);
    if (token_.kind != Token::Kind::Name) {
      return complain(token_.at, "expected a name behind '.', found " + shown(token_, source_));
    }
    Node node{Node::Kind::Member, object.at, token_.end};
    node.text = token_.source;
    node.children.push_back(std::move(object));
    if (auto moved = advance(); !moved) return pass_on(moved);
    if (!token_.is("(")) return node;
    node.method = true;
    return arguments(std::move(node));
  }

  Checked<Node> index(Node object) {
    if (auto moved = advance(); !moved) return pass_on(moved);
    auto inner = expression(kNone);
    if (!inner) return inner;
    if (auto closed = expect("]"); !closed) return pass_on(closed);
    Node node{Node::Kind::Index, object.at, end_};
    node.children.push_back(std::move(object));
    node.children.push_back(std::move(*inner));
    return node;
  }

  std::string_view source_;
  Lexer lexer_;
  Token token_;
  size_t end_ = 0;  // of the token before
  unsigned depth_ = 0;
};

}  // namespace

Checked<Node> parse_expression(std::string_view source) { return Parser(source).whole(); }

Error error_at(std::string_view label, std::string_view source, const Complaint& complaint) {
  const size_t at = std::min(complaint.at, source.size());
  const size_t before = source.substr(0, at).rfind('\n');
  const size_t start = before == source.npos ? 0 : before + 1;
  const std::string_view line = source.substr(start, source.find('\n', start) - start);
  // A character takes one column whatever its bytes.
  const auto is_first = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  const auto column = std::ranges::count_if(source.substr(start, at - start), is_first) + 1;
  std::string what(label);
  if (before != source.npos) {
    what += ": line " + std::to_string(std::ranges::count(source.substr(0, at), '\n') + 1);
  }
  what += ": column " + std::to_string(column) + ": " + complaint.what;
  // The hint is shown indented by eight; its second line has to say so itself.
  const std::string blanks(static_cast<size_t>(column - 1), ' ');
  return Error{Exit::Usage, std::move(what), std::string(line) + "\n        " + blanks + "^"};
}

}  // namespace tracee
