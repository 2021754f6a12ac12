// SPDX-License-Identifier: Apache-2.0
#include "output/format/escape.h"

#include <array>
#include <cstdint>

#include "base/octets.h"
#include "base/utf8.h"

namespace tracee {
namespace {

constexpr char kHex[] = "0123456789abcdef";
// One byte becomes at most \u00XX.
constexpr size_t kMaxEscape = 6;

// Bytes that go out as they are, in any position.
constexpr auto kJsonPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x80; ++c) plain[c] = true;
  for (const char c : {'"', '\\', '<', '>', '&'}) plain[static_cast<uint8_t>(c)] = false;
  return plain;
}();

// Those that are not in kJsonPlain: from 0x80 on they are below a blank, being
// signed; < and >, " and & differ in one bit.
Octets json_odd(Octets c) noexcept {
  return (c < each(' ')) | ((c | each('>' ^ '<')) == each('>')) |
         ((c | each('&' ^ '"')) == each('&')) | (c == each('\\'));
}

char* put_u00(char* at, uint8_t c) noexcept {
  at = std::copy_n("\\u00", 4, at);
  *at++ = kHex[c >> 4];
  *at++ = kHex[c & 15];
  return at;
}

char* put_escape(char* at, uint8_t c) noexcept {
  char letter = 0;
  switch (c) {
    case '"':
    case '\\':
      letter = static_cast<char>(c);
      break;
    case '\n':
      letter = 'n';
      break;
    case '\r':
      letter = 'r';
      break;
    case '\t':
      letter = 't';
      break;
    default:
      return put_u00(at, c);
  }
  *at++ = '\\';
  *at++ = letter;
  return at;
}

// U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
bool is_line_separator(const uint8_t* p, size_t length) noexcept {
  return length == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);
}

}  // namespace

void put_json_text(std::string_view text, Buffer& out) noexcept {
  if (char* const start = out.room(json_text_room(text))) {
    out.commit(static_cast<size_t>(put_json_text(text, start) - start));
  }
}

char* put_json_text(std::string_view text, char* at) noexcept {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = p + text.size();
  while (p < end) {
    const size_t plain = copy_until(p, static_cast<size_t>(end - p), at, json_odd,
                                    [](uint8_t c) { return !kJsonPlain[c]; });
    p += plain;
    at += plain;
    if (p == end) break;
    if (*p < 0x80) {
      at = put_escape(at, *p++);
      continue;
    }
    const size_t length = utf8_sequence(p, static_cast<size_t>(end - p));
    if (length == 0) {
      at = std::copy_n("\\ufffd", 6, at);
      ++p;
    } else if (is_line_separator(p, length)) {
      at = std::copy_n(p[2] == 0xa8 ? "\\u2028" : "\\u2029", 6, at);
      p += length;
    } else {
      at = std::copy_n(reinterpret_cast<const char*>(p), length, at);
      p += length;
    }
  }
  return at;
}

void put_plain_text(std::string_view text, Buffer& out) noexcept {
  char* const start = out.room(text.size() * kMaxEscape);
  if (start == nullptr) return;
  char* at = start;
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = p + text.size();
  while (p < end) {
    // U+0080 to U+009F are controls too: a terminal may take C2 9B for CSI.
    size_t length = *p < 0x80 ? 0 : utf8_sequence(p, static_cast<size_t>(end - p));
    if (length == 2 && p[0] == 0xc2 && p[1] < 0xa0) length = 0;
    if (*p >= 0x20 && *p < 0x7f) length = 1;
    if (length > 0) {
      at = std::copy_n(reinterpret_cast<const char*>(p), length, at);
      p += length;
    } else {
      at = std::copy_n("\\x", 2, at);
      *at++ = kHex[*p >> 4];
      *at++ = kHex[*p & 15];
      ++p;
    }
  }
  out.commit(static_cast<size_t>(at - start));
}

}  // namespace tracee
