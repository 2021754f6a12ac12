// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/http/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "base/octets.h"

namespace tracee {
namespace {

// RFC 9110 sets no limit; the longest registered method has 17 letters.
constexpr size_t kMaxMethod = 32;
constexpr size_t kMaxHeaders = 4096;

constexpr auto kToken = [] {  // RFC 9110, 5.6.2
  std::array<bool, 256> is{};
  for (unsigned c = '0'; c <= '9'; ++c) is[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) is[c] = is[c + 32] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) is[static_cast<uint8_t>(c)] = true;
  return is;
}();
bool is_token(char c) noexcept { return kToken[static_cast<uint8_t>(c)]; }

// starts_with() calls a function for each comparison; this one is a load or two.
template <size_t Size>
bool begins(std::string_view text, const char (&with)[Size]) noexcept {
  return text.size() >= Size - 1 && __builtin_memcmp(text.data(), with, Size - 1) == 0;
}

// HTTP/2 begins with a line that looks like a request of version 2.0.
bool is_version_1(std::string_view protocol) noexcept { return begins(protocol, "HTTP/1."); }

// Three digits, then a blank or nothing (RFC 9112, 4).
bool has_status_code(std::string_view status) noexcept {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return status.size() >= 3 && std::ranges::all_of(status.substr(0, 3), digit) &&
         (status.size() == 3 || status[3] == ' ');
}

constexpr bool is_lower(unsigned c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(unsigned c) { return c >= 'A' && c <= 'Z'; }

// What keeps a name from being canonical, by octet, at the start of a word and
// within one.
constexpr uint8_t kNoToken = 1, kOtherCase = 2;
constexpr auto kNameFaults = [] {
  std::array<std::array<uint8_t, 256>, 2> faults{};
  for (unsigned c = 0; c < 256; ++c) {
    faults[0][c] = kToken[c] ? (is_lower(c) ? kOtherCase : 0) : kNoToken;
    faults[1][c] = kToken[c] ? (is_upper(c) ? kOtherCase : 0) : kNoToken;
  }
  return faults;
}();

// Sixteen octets of a name, and the one before each of them: a capital behind a
// hyphen, a small letter behind a letter, or a hyphen.
bool is_canonical(Octets name, Octets previous) noexcept {
  const Octets starts = previous == each('-');
  const Octets lowest = (starts & each('A')) | (~starts & each('a'));
  return none(((name < lowest) | (name > lowest + each(25))) & (name != each('-')));
}

// A name of `size` octets, at least sizeof(Part) and at most twice as many, looked at
// as two overlapping parts.
template <class Part>
bool is_canonical(const char* p, size_t size) noexcept {
  Part first = 0, last = 0, before_last = 0;
  std::memcpy(&first, p, sizeof first);
  std::memcpy(&last, p + size - sizeof last, sizeof last);
  const auto before_first = static_cast<Part>(first << 8 | Part{'-'});
  std::memcpy(&before_last, size > sizeof last ? p + size - sizeof last - 1 : p, sizeof last);
  if (size == sizeof last) before_last = before_first;
  return is_canonical(both(first, last), both(before_first, before_last));
}

// The same of 17 to 32.
bool is_canonical_long(const char* p, size_t size) noexcept {
  Octets first{}, last{}, before_last{};
  std::memcpy(&first, p, sizeof first);
  std::memcpy(&last, p + size - sizeof last, sizeof last);
  std::memcpy(&before_last, p + size - sizeof last - 1, sizeof last);
  const Octets before_first = __builtin_shufflevector(first, each('-'), 16, 0, 1, 2, 3, 4, 5, 6, 7,
                                                      8, 9, 10, 11, 12, 13, 14);
  return is_canonical(first, before_first) && is_canonical(last, before_last);
}

// Of letters and hyphens, and canonical, as names are in nearly all messages. False
// may also mean that it was not looked at.
bool is_canonical(std::string_view name) noexcept {
  const size_t size = name.size();
  if (size < 4 || size > 32) return false;
  if (size > 16) return is_canonical_long(name.data(), size);
  return size < 8 ? is_canonical<uint32_t>(name.data(), size)
                  : is_canonical<uint64_t>(name.data(), size);
}

uint8_t faults_of(std::string_view name) noexcept {
  uint8_t faults = 0;
  bool within = false;
  for (const char c : name) {  // no branch but its end
    faults |= kNameFaults[within][static_cast<uint8_t>(c)];
    within = c != '-';
  }
  return faults;
}

constexpr auto kControls = [](Octets block) noexcept {
  return ((block & each(0xe0)) == each(0)) | (block == each(0x7f));
};
// All but visible ASCII, and what ends the path of a target.
constexpr auto kNotInPlainTarget = [](Octets block) noexcept {
  return (block <= each(' ')) | (block == each(0x7f)) | (block == each('#'));
};
constexpr auto kEndsName = [](Octets block) noexcept {
  return (block <= each(' ')) | (block == each(':'));
};

bool is_plain(std::string_view text, const HttpStartLine& line) noexcept {
  if (line.protocol.size() != 8) return false;
  if (line.protocol[7] != '0' && line.protocol[7] != '1') return false;  // "HTTP/1.1"
  if (line.size < 2 || text[line.size - 2] != '\r') return false;
  if (line.is_response) {
    return line.status.size() > 3 && find_octet(line.status, 0, kControls) == line.status.size();
  }
  return line.target.starts_with('/') &&
         find_octet(line.target, 0, kNotInPlainTarget) == line.target.size();
}

bool equals_ignoring_case(std::string_view a, std::string_view lower) noexcept {
  return std::ranges::equal(a, lower, {}, to_lower);
}

// Digits and nothing else.
bool read_length(std::string_view text, uint64_t& length) noexcept {
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, length);
  return read.ec == std::errc{} && read.ptr == end;
}

constexpr std::string_view kContentLength = "Content-Length";
constexpr std::string_view kTransferEncoding = "Transfer-Encoding";

// A look at the size alone: the name was just written, and is not to be waited for.
bool may_frame(std::string_view name) noexcept {
  return name.size() == kContentLength.size() || name.size() == kTransferEncoding.size();
}

// Of a plain head. False: a length or coding that is not, or more than one of them.
bool read_plain_framing(const HttpHeader& header, HttpFraming& framing) noexcept {
  const bool is_length = header.name == kContentLength;
  if (!is_length && header.name != kTransferEncoding) return true;
  if (framing.has_length || framing.is_chunked) return false;
  if (!is_length) {
    framing.is_chunked = equals_ignoring_case(header.value, "chunked");
    return framing.is_chunked;
  }
  constexpr size_t kMaxDigits = 18;  // far from an overflow
  framing.has_length = true;
  return header.value.size() <= kMaxDigits && read_length(header.value, framing.length);
}

// One header line of a head that llhttp refused; a fold goes to the header before.
// False: no room.
bool read_line_tolerantly(std::string_view line, HttpHeaders& headers) noexcept {
  const bool is_fold = line.starts_with(' ') || line.starts_with('\t');
  if (is_fold) return headers.all().empty() || headers.fold(trimmed(line));
  const size_t colon = line.find(':');
  if (colon == 0 || colon == line.npos) return true;  // nothing to be had of it
  return headers.add(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
}

// A head that llhttp refuses: a length of -1, an octet that no name may have. Two
// readers that disagree on such a message are an attack (RFC 9112, 11.2), so it must
// be seen: lines are taken for what they look like, and what is no length is none.
Parse read_tolerantly(std::string_view text, HttpHeaders& headers, HttpFraming& framing) noexcept {
  headers.clear();
  framing = {};
  framing.is_faulty = true;
  size_t at = text.find('\n') + 1;
  for (;;) {
    const size_t newline = text.find('\n', at);
    if (newline == text.npos) return Parse::Truncated;
    std::string_view line = text.substr(at, newline - at);
    at = newline + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (!read_line_tolerantly(line, headers)) return Parse::NoRoom;
  }
  framing.head_bytes = at;
  for (const HttpHeader& header : headers.all()) {
    if (equals_ignoring_case(header.name, "transfer-encoding")) {
      const size_t last = header.value.rfind(',');
      const std::string_view coding = trimmed(header.value.substr(last + 1));  // npos + 1 is 0
      framing.is_chunked = equals_ignoring_case(coding, "chunked");
      framing.other_coding = !framing.is_chunked;
    } else if (equals_ignoring_case(header.name, "content-length")) {
      framing.has_length = read_length(header.value, framing.length);
    }
  }
  return Parse::Ok;
}

}  // namespace

HttpHeaders::HttpHeaders(Arena& kept, Arena& scratch, size_t head_bytes) noexcept
    : kept_(kept), room_(scratch.take<HttpHeader>(std::min(kMaxHeaders, head_bytes / 3))) {}

bool HttpHeaders::put(std::string_view name, uint8_t faults, std::string_view value) noexcept {
  if (count_ == room_.size()) return false;
  if (faults == kOtherCase) {
    const auto canonical = kept_.take<char>(name.size());
    if (canonical.size() != name.size()) return false;
    bool within = false;
    std::ranges::transform(name, canonical.begin(), [&](char c) {
      const uint8_t fault = kNameFaults[std::exchange(within, c != '-')][static_cast<uint8_t>(c)];
      return static_cast<char>(fault == kOtherCase ? c ^ 0x20 : c);
    });
    name = {canonical.data(), canonical.size()};
  }
  room_[count_++] = {name, value};
  return true;
}

bool HttpHeaders::add(std::string_view name, std::string_view value) noexcept {
  // A name that is no token stays as it is.
  return put(name, is_canonical(name) ? 0 : faults_of(name), value);
}

bool HttpHeaders::add_token(std::string_view name, std::string_view value) noexcept {
  const uint8_t faults = is_canonical(name) ? 0 : faults_of(name);
  return (faults & kNoToken) == 0 && put(name, faults, value);
}

bool HttpHeaders::fold(std::string_view part) noexcept {
  std::string_view& value = room_[count_ - 1].value;
  const auto joined = kept_.take<char>(value.size() + 1 + part.size());
  if (joined.empty()) return false;
  char* end = std::copy(value.begin(), value.end(), joined.data());
  *end++ = ' ';
  std::copy(part.begin(), part.end(), end);
  value = {joined.data(), joined.size()};
  return true;
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

Parse split_start_line(std::string_view text, HttpStartLine& out) noexcept {
  out.is_response = begins(text, "HTTP/");
  if (!out.is_response) {
    size_t end = 0;
    while (end < text.size() && end <= kMaxMethod && is_token(text[end])) ++end;
    if (end == text.size()) return Parse::Truncated;
    if (end == 0 || end > kMaxMethod || text[end] != ' ') return Parse::NotMine;
    out.method = text.substr(0, end);
  }
  const size_t newline = text.find('\n');
  if (newline == text.npos) return Parse::Truncated;
  out.size = newline + 1;
  std::string_view line = text.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (out.is_response) {
    const size_t space = line.find(' ');
    if (space == line.npos) return Parse::NotMine;
    out.protocol = line.substr(0, space);
    out.status = line.substr(space + 1);
    out.status.remove_prefix(std::min(out.status.find_first_not_of(' '), out.status.size()));
    return is_version_1(out.protocol) && has_status_code(out.status) ? Parse::Ok : Parse::NotMine;
  }
  const size_t space = line.rfind(' ');
  if (space <= out.method.size()) return Parse::NotMine;
  out.protocol = line.substr(space + 1);
  out.target = line.substr(out.method.size() + 1, space - out.method.size() - 1);
  return is_version_1(out.protocol) ? Parse::Ok : Parse::NotMine;
}

bool read_plain_headers(std::string_view text, const HttpStartLine& line, HttpHeaders& headers,
                        HttpFraming& framing) noexcept {
  framing = {};
  if (!is_plain(text, line)) return false;
  size_t at = line.size;
  while (!begins(text.substr(at), "\r\n")) {
    const size_t colon = find_octet(text, at, kEndsName);
    if (colon == at || colon == text.size() || text[colon] != ':') return false;
    const size_t end = find_octet(text, colon + 1, kControls);
    if (!begins(text.substr(end), "\r\n")) return false;
    // No control is in it: what can be trimmed are blanks.
    std::string_view value = text.substr(colon + 1, end - colon - 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    const std::string_view name = text.substr(at, colon - at);
    if (!headers.add_token(name, value)) return false;
    if (may_frame(name) && !read_plain_framing(headers.all().back(), framing)) return false;
    at = end + 2;
  }
  framing.head_bytes = at + 2;
  return true;
}

Parse read_headers(std::string_view text, const HttpStartLine& line, HttpHeaders& headers,
                   HttpFraming& framing) noexcept {
  if (read_plain_headers(text, line, headers, framing)) return Parse::Ok;
  headers.clear();
  const Parse result = read_headers_by_llhttp(text, line, headers, framing);
  return result == Parse::Malformed ? read_tolerantly(text, headers, framing) : result;
}

}  // namespace tracee
