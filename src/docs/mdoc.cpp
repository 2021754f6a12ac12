// SPDX-License-Identifier: Apache-2.0
#include "docs/mdoc.h"

#include <fmt/core.h>

#include <algorithm>

namespace tracee {
namespace {

constexpr size_t kWidth = 76;

// The code point that begins at `i`, which is moved behind it. Our own texts are UTF-8.
uint32_t next_code(std::string_view text, size_t& i) {
  const auto lead = static_cast<uint8_t>(text[i++]);
  if (lead < 0x80) return lead;
  uint32_t code = lead & (lead >= 0xf0 ? 0x07u : lead >= 0xe0 ? 0x0fu : 0x1fu);
  while (i < text.size() && (static_cast<uint8_t>(text[i]) & 0xc0) == 0x80) {
    code = code << 6 | (static_cast<uint8_t>(text[i++]) & 0x3fu);
  }
  return code;
}

// `code`: a hyphen is a minus that can be copied, quotes are the typewriter's.
std::string escaped(std::string_view text, bool code) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const uint32_t c = next_code(text, i);
    if (c == '\\') {
      out += "\\e";
    } else if (c >= 0x80) {
      out += fmt::format("\\[u{:04X}]", c);
    } else if (code && c == '-') {
      out += "\\-";
    } else if (code && c == '\'') {
      out += "\\(aq";
    } else if (code && c == '`') {
      out += "\\(ga";
    } else if (code && c == '^') {
      out += "\\(ha";
    } else if (code && c == '~') {
      out += "\\(ti";
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

// A line that begins with a stop or a quote would be a request.
void put_line(std::string& out, std::string_view line) {
  if (line.starts_with('.') || line.starts_with('\'')) out += "\\&";
  out += line;
  out += '\n';
}

}  // namespace

Mdoc::Mdoc(std::string_view name, std::string_view section, std::string_view date) {
  std::string title(name);
  std::ranges::transform(title, title.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  out_ = fmt::format(".\\\" Made by `tracee docs --format man`.\n.Dd {}\n.Dt {} {}\n.Os\n", date,
                     title, section);
}

void Mdoc::section(std::string_view title) { out_ += fmt::format(".Sh {}\n", title); }

void Mdoc::macro(std::string_view line) {
  out_ += line;
  out_ += '\n';
}

void Mdoc::text(std::string_view prose) {
  // Words in roff; a code span is one font change each, whatever blanks are in it.
  std::string line;
  bool code = false;
  const auto end_line = [&] {
    if (!line.empty()) put_line(out_, line);
    line.clear();
  };
  while (!prose.empty()) {
    const size_t blank = std::min(prose.find(' '), prose.size());
    const std::string_view raw = prose.substr(0, blank);
    prose.remove_prefix(std::min(blank + 1, prose.size()));
    if (raw.empty()) continue;
    std::string word;
    std::string_view rest = raw;
    for (;;) {
      const size_t quote = std::min(rest.find('`'), rest.size());
      word += escaped(rest.substr(0, quote), code);
      if (quote == rest.size()) break;
      code = !code;
      word += code ? "\\fB" : "\\fR";
      rest.remove_prefix(quote + 1);
    }
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) end_line();
    line += (line.empty() ? "" : " ") + word;
    if (!code && (raw.ends_with('.') || raw.ends_with(".)"))) end_line();
  }
  end_line();
}

void Mdoc::literal(std::string_view lines) {
  out_ += ".Bd -literal -offset indent\n";
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    put_line(out_, escaped(lines.substr(0, end), true));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  out_ += ".Ed\n";
}

std::string Mdoc::argument(std::string_view text) {
  std::string out = "\"";
  for (const char c : escaped(text, true)) {
    if (c == '"') {
      out += "\\(dq";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace tracee
