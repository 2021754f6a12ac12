// SPDX-License-Identifier: Apache-2.0
#include "output/format/escape.h"

#include <array>
#include <cstdint>
#include <cstring>

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

// Sixteen bytes at once; the compiler makes SSE2, NEON or plain code of it.
using Block = int8_t __attribute__((vector_size(16)));

constexpr Block each(char c) noexcept {
  const auto v = static_cast<int8_t>(c);
  return Block{v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v};
}

// kJsonPlain of all bytes. Signed, a byte from 0x80 on is below a blank too; < and
// >, " and & differ in one bit.
bool all_plain(Block block) noexcept {
  const Block odd = (block < each(' ')) | ((block | each('>' ^ '<')) == each('>')) |
                    ((block | each('&' ^ '"')) == each('&')) | (block == each('\\'));
  uint64_t halves[2];
  std::memcpy(halves, &odd, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

// A text of `size` bytes, at least sizeof(Part) and at most twice as many, as two
// overlapping parts: copied, and whether it is all plain.
template <class Part>
bool copy_if_plain(const uint8_t* p, size_t size, char* at) noexcept {
  Part parts[2];
  std::memcpy(&parts[0], p, sizeof(Part));
  std::memcpy(&parts[1], p + size - sizeof(Part), sizeof(Part));
  std::memcpy(at, &parts[0], sizeof(Part));
  std::memcpy(at + size - sizeof(Part), &parts[1], sizeof(Part));
  Block block = each(' ');
  std::memcpy(&block, parts, sizeof parts);
  return all_plain(block);
}

// Copies the plain bytes in front and returns how many. May write all of `left`
// bytes at `at`.
size_t copy_plain(const uint8_t* p, size_t left, char* at) noexcept {
  size_t done = 0;
  for (; left - done >= sizeof(Block); done += sizeof(Block)) {
    Block block;
    std::memcpy(&block, p + done, sizeof block);
    if (!all_plain(block)) break;
    std::memcpy(at + done, &block, sizeof block);
  }
  const size_t rest = left - done;
  if (rest < sizeof(Block)) {
    if (rest >= 8 && copy_if_plain<uint64_t>(p + done, rest, at + done)) return left;
    if (rest >= 4 && rest < 8 && copy_if_plain<uint32_t>(p + done, rest, at + done)) return left;
  }
  for (; done < left && kJsonPlain[p[done]]; ++done) at[done] = static_cast<char>(p[done]);
  return done;
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
    const size_t plain = copy_plain(p, static_cast<size_t>(end - p), at);
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
