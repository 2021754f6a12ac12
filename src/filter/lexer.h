// SPDX-License-Identifier: Apache-2.0
// The words of the expression language.
#pragma once

#include "filter/syntax.h"

namespace tracee {

struct Token {
  enum class Kind : uint8_t { End, Name, Text, Number, Network, Symbol };
  Kind kind = Kind::End;
  size_t at = 0, end = 0;
  std::string_view source{};  // of a Name or Symbol
  std::string text{};         // of a Text, escapes resolved
  Number number{};
  Address address{};
  unsigned bits = 0;

  bool is(std::string_view symbol) const { return kind == Kind::Symbol && source == symbol; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}
  Checked<Token> next();

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  // An address or network starts here; `size` is how many bytes its digits take.
  bool at_address(size_t& size) const;
  Checked<Token> address(size_t size);
  Checked<Token> number();
  Checked<Token> text(bool raw);
  Checked<Token> symbol();

  std::string_view source_;
  size_t at_ = 0;
};

}  // namespace tracee
