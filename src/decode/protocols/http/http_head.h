// SPDX-License-Identifier: Apache-2.0
// The lines of an HTTP/1 message head (RFC 9112): the start line cut into its parts, and
// the header lines in their order. http.cpp makes the fields of an event of them.
//
// Three readers, from the quick to the patient. Nearly every head is plain, and read
// here. What is not, llhttp judges. What llhttp refuses is still shown, line by line, and
// marked as faulty. The first takes only what the second takes too, with the same result:
// http_head_fuzz.cpp holds them against each other.
//
// Texts point into the head, or into an arena where a name or value had to be changed.
#pragma once

#include <span>
#include <string_view>

#include "base/arena.h"
#include "decode/protocols/http/http.h"

namespace tracee {

// The first line of a message, cut into its three parts.
struct HttpStartLine {
  bool is_response = false;
  std::string_view method, target;    // request
  std::string_view protocol, status;  // "HTTP/1.1"; response: all behind it
  size_t size = 0;                    // its line feed included
};

struct HttpHeader {
  std::string_view name;  // canonical: "Content-Type"
  std::string_view value;
};

// Header lines as they come. False, from each of these: no room.
class HttpHeaders {
 public:
  // `head_bytes`: no head of that size has more lines than there is room for. Lines are
  // in `scratch`, names and values that had to be changed in `kept`.
  HttpHeaders(Arena& kept, Arena& scratch, size_t head_bytes) noexcept;

  bool add(std::string_view name, std::string_view value) noexcept;
  // False also when the name is no token.
  bool add_token(std::string_view name, std::string_view value) noexcept;
  // Obsolete line folding (RFC 9112, 5.2): the break reads as one space. There is a header.
  bool fold(std::string_view part) noexcept;

  std::span<HttpHeader> all() noexcept { return room_.first(count_); }
  void clear() noexcept { count_ = 0; }

 private:
  bool put(std::string_view name, uint8_t faults, std::string_view value) noexcept;

  Arena& kept_;
  std::span<HttpHeader> room_;
  size_t count_ = 0;
};

// Ok, Truncated (so far it is one) or NotMine.
Parse split_start_line(std::string_view text, HttpStartLine& out) noexcept;

// Reads the headers of a head whose start line is `line`, by whichever reader it needs.
Parse read_headers(std::string_view text, const HttpStartLine& line, HttpHeaders& headers,
                   HttpFraming& framing) noexcept;

// The readers by themselves. A plain head is whole, and has visible ASCII in its start
// line, tokens as names, no fold, no control in a value, and a length or coding that
// leaves no question. False: not plain, or no room.
bool read_plain_headers(std::string_view text, const HttpStartLine& line, HttpHeaders& headers,
                        HttpFraming& framing) noexcept;
// Malformed: llhttp refuses it. http_llhttp.cpp
Parse read_headers_by_llhttp(std::string_view text, const HttpStartLine& line, HttpHeaders& headers,
                             HttpFraming& framing) noexcept;

// Blanks and line breaks at both ends taken off.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace tracee
