// SPDX-License-Identifier: Apache-2.0
#include "filter/lexer.h"

#include <algorithm>
#include <charconv>

#include "event/address.h"

namespace tracee {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || is_digit(c); }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

void append_utf8(uint32_t code, std::string& out) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// The escape behind a backslash at `at`; `at` is moved behind it.
bool unescape(std::string_view source, size_t& at, std::string& out) {
  static constexpr std::string_view kFrom = "abfnrtv\\'\"`?", kTo = "\a\b\f\n\r\t\v\\'\"`?";
  if (at >= source.size()) return false;
  const char c = source[at++];
  if (const size_t i = kFrom.find(c); i != kFrom.npos) {
    out.push_back(kTo[i]);
    return true;
  }
  const size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0 || source.size() - at < digits) return false;
  uint32_t code = 0;
  const char* end = source.data() + at + digits;
  const auto parsed = std::from_chars(source.data() + at, end, code, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end || code > 0x10ffff) return false;
  if (code >= 0xd800 && code < 0xe000) return false;  // half of a pair is no character
  at += digits;
  append_utf8(code, out);
  return true;
}

}  // namespace

Checked<Token> Lexer::next() {
  while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  if (at_ >= source_.size()) return Token{Token::Kind::End, at_, at_};
  const char c = peek();
  if (size_t size = 0; at_address(size)) return address(size);
  if (is_digit(c)) return number();
  if (c == '"' || c == '\'') return text(false);
  if ((c == 'r' || c == 'R') && (peek(1) == '"' || peek(1) == '\'')) {
    ++at_;
    return text(true);
  }
  if (starts_name(c)) {
    Token out{Token::Kind::Name, at_, at_};
    while (in_name(peek())) ++at_;
    out.end = at_;
    out.source = source_.substr(out.at, out.end - out.at);
    return out;
  }
  return symbol();
}

// Nothing else of the language holds a colon or three dots between digits, so
// the run of characters decides.
bool Lexer::at_address(size_t& size) const {
  size_t colons = 0, dots = 0, i = 0;
  bool decimal = true;
  for (;; ++i) {
    const char c = peek(i);
    if (c == ':') {
      ++colons;
    } else if (c == '.' && is_digit(peek(i + 1))) {
      ++dots;
    } else if (is_hex(c)) {
      decimal = decimal && is_digit(c);
    } else {
      break;
    }
  }
  size = i;
  return colons > 0 || (decimal && dots > 0);
}

Checked<Token> Lexer::address(size_t size) {
  Token out{Token::Kind::Network, at_, at_ + size};
  const std::string_view text = source_.substr(at_, size);
  const auto address = parse_address(text);
  if (!address) {
    const bool fraction = std::ranges::count(text, '.') == 1 && text.find(':') == text.npos;
    return complain(at_, quoted(text) + (fraction ? " is no integer; there are no fractions"
                                                  : " is not an address"));
  }
  out.address = *address;
  const unsigned most = address->family == 4 ? 32 : 128;
  out.bits = most;
  at_ += size;
  if (peek() == '/') {
    const size_t start = ++at_;
    while (in_name(peek())) ++at_;
    const std::string_view length = source_.substr(start, at_ - start);
    const char* end = length.data() + length.size();
    const auto parsed = std::from_chars(length.data(), end, out.bits);
    if (length.empty() || parsed.ptr != end || parsed.ec != std::errc() || out.bits > most) {
      return complain(start,
                      quoted(length) + " is no prefix length, give 0 to " + std::to_string(most));
    }
  }
  out.end = at_;
  return out;
}

Checked<Token> Lexer::number() {
  Token out{Token::Kind::Number, at_, at_};
  while (in_name(peek())) ++at_;
  out.end = at_;
  std::string_view text = source_.substr(out.at, out.end - out.at);
  std::string_view digits = text;
  // CEL marks unsigned numbers; here both kinds compare with any number.
  if (digits.ends_with('u') || digits.ends_with('U')) digits.remove_suffix(1);
  if (!parse_number(digits, out.number)) {
    return complain(out.at, quoted(text) + " is not a number");
  }
  const bool is_most = digits == "18446744073709551615";
  if (out.number.magnitude == UINT64_MAX && !is_most && digits.size() > 18) {
    return complain(out.at, quoted(text) + " is larger than any number");
  }
  return out;
}

Checked<Token> Lexer::text(bool raw) {
  Token out{Token::Kind::Text, at_, at_};
  const char quote = source_[at_++];
  while (peek() != quote) {
    if (at_ >= source_.size()) return complain(out.at, "the text has no closing quote");
    if (peek() == '\\' && !raw) {
      const size_t escape = at_++;
      if (!unescape(source_, at_, out.text)) {
        return complain(escape, "unknown escape; for a backslash write \\\\, or r\"…\"");
      }
      continue;
    }
    out.text.push_back(source_[at_++]);
  }
  out.end = ++at_;
  return out;
}

Checked<Token> Lexer::symbol() {
  static constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "&&", "||", "<", ">",
                                                  "!",  "(",  ")",  "[",  "]",  ",",  ".", "-"};
  Token out{Token::Kind::Symbol, at_, at_};
  for (const std::string_view symbol : kSymbols) {
    if (!source_.substr(at_).starts_with(symbol)) continue;
    at_ += symbol.size();
    out.end = at_;
    out.source = source_.substr(out.at, symbol.size());
    return out;
  }
  switch (peek()) {
    case '=':
      return complain(at_, "'=' is no operator here, write '=='");
    case '&':
      return complain(at_, "'&' is no operator, write '&&'");
    case '|':
      return complain(at_, "'|' is no operator, write '||'");
    case '*':
      return complain(at_,
                      "patterns are written .startsWith(), .endsWith(), .contains() or "
                      ".matches()");
    default:
      break;
  }
  const char c = peek();
  const bool printable = c > ' ' && c < 0x7f;
  return complain(at_, printable ? "unexpected " + quoted({&c, 1}) : "unexpected character");
}

}  // namespace tracee
