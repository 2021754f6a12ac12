// SPDX-License-Identifier: Apache-2.0
// HTTP heads held against a naive parser that splits lines with std::string. It is
// strict: what it takes must be taken, with the same parts. What only the real
// parser takes (it is more tolerant) must still have the naive one's start line
// and end at a blank line. The quick reader of plain heads is held against llhttp, and
// heads that were read before against the reading of them.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "decode/protocols/http/http_head.h"
#include "decode/protocols/http/http_repeated.h"

namespace {

using namespace tracee;

struct Naive {
  bool is_response = false;
  std::string method, target, protocol, status;
  std::map<std::string, std::vector<std::string>> headers;  // lower-case names
  size_t size = 0;
};

bool is_token(const std::string& text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string("!#$%&'*+-.^_`|~").find(c) == std::string::npos) {
      return false;
    }
  }
  return true;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

bool is_visible(const std::string& text, bool blanks) {
  for (const char c : text) {
    if (!(c > ' ' && c < 0x7f) && !(blanks && (c == ' ' || c == '\t'))) return false;
  }
  return true;
}

bool is_version(const std::string& text) { return text == "HTTP/1.0" || text == "HTTP/1.1"; }

bool parse_start(const std::string& line, Naive& out) {
  const size_t first = line.find(' ');
  if (first == std::string::npos) return false;
  if (is_version(line.substr(0, first))) {
    out.is_response = true;
    out.protocol = line.substr(0, first);
    out.status = line.substr(first + 1);
    if (out.status.size() < 4 || out.status[3] != ' ' || !is_visible(out.status, true))
      return false;
    for (int i = 0; i < 3; ++i) {
      if (out.status[static_cast<size_t>(i)] < '0' || out.status[static_cast<size_t>(i)] > '9') {
        return false;
      }
    }
    return true;
  }
  const size_t second = line.find(' ', first + 1);
  if (second == std::string::npos) return false;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, second - first - 1);
  out.protocol = line.substr(second + 1);
  return is_token(out.method) && out.method.size() <= 32 && !out.target.empty() &&
         out.target[0] == '/' && is_visible(out.target, false) && is_version(out.protocol) &&
         out.method != "CONNECT" && out.method.substr(0, 5) != "HTTP/";
}

bool parse_naively(const std::string& text, Naive& out) {
  size_t at = 0;
  bool is_first = true;
  for (;;) {
    const size_t end = text.find("\r\n", at);
    if (end == std::string::npos) return false;
    const std::string line = text.substr(at, end - at);
    at = end + 2;
    if (is_first) {
      if (!parse_start(line, out)) return false;
      is_first = false;
      continue;
    }
    if (line.empty()) break;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) return false;
    const std::string name = lower(line.substr(0, colon));
    std::string value = line.substr(colon + 1);
    if (!is_token(name) || !is_visible(value, true)) return false;
    // Headers with a grammar of their own are not this parser's.
    for (const char* special : {"content-length", "transfer-encoding", "trailer", "pragma",
                                "connection", "proxy-connection", "upgrade", "host"}) {
      if (name == special) return false;
    }
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.erase(0, 1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
    out.headers[name].push_back(value);
  }
  out.size = at;
  return true;
}

// A head that is read as plain is what llhttp takes, in all its parts.
void compare_with_llhttp(std::string_view text) {
  static Arena arena(1 << 20);
  arena.reset();
  HttpStartLine line;
  if (split_start_line(text, line) != Parse::Ok) return;
  HttpHeaders plain(arena, arena, text.size()), judged(arena, arena, text.size());
  HttpFraming framing{}, expected{};
  if (!read_plain_headers(text, line, plain, framing)) return;
  if (read_headers_by_llhttp(text, line, judged, expected) != Parse::Ok) std::abort();
  const auto same = [](const HttpHeader& a, const HttpHeader& b) {
    return a.name == b.name && a.value == b.value;
  };
  if (!std::ranges::equal(plain.all(), judged.all(), same)) std::abort();
  if (framing.head_bytes != expected.head_bytes || framing.length != expected.length ||
      framing.has_length != expected.has_length || framing.is_chunked != expected.is_chunked ||
      framing.other_coding != expected.other_coding || framing.is_faulty || expected.is_faulty) {
    std::abort();
  }
}

bool same_lists(TextMap a, TextMap b) {
  return std::ranges::equal(a, b, [](const MapEntry& x, const MapEntry& y) {
    return x.key == y.key && std::ranges::equal(x.values, y.values);
  });
}

// Until it is kept, and as what is kept.
void compare_with_repeated(Bytes bytes, Parse parsed, const HttpMessage& message,
                           const HttpFraming& framing) {
  static RepeatedHeads heads;
  static Arena arena(1 << 20);
  for (int i = 0; i < 4; ++i) {
    arena.reset();
    HttpMessage again;
    HttpFraming found{};
    if (heads.read(bytes, arena, again, found) != parsed) std::abort();
    if (parsed != Parse::Ok) continue;
    if (again.is_response != message.is_response || again.method != message.method ||
        again.protocol != message.protocol || again.host != message.host ||
        again.uri_path != message.uri_path || again.status != message.status ||
        again.status_code != message.status_code ||
        again.content_length != message.content_length ||
        !same_lists(again.headers, message.headers)) {
      std::abort();
    }
    if (found.head_bytes != framing.head_bytes || found.length != framing.length ||
        found.has_length != framing.has_length || found.is_chunked != framing.is_chunked ||
        found.other_coding != framing.other_coding || found.is_faulty != framing.is_faulty) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Arena arena(1 << 20);
  arena.reset();
  HttpMessage message;
  HttpFraming framing{};
  const Bytes bytes{data, size};
  const Parse parsed = parse_http(bytes, arena, message, framing);
  const std::string text(as_text(bytes));
  compare_with_llhttp(text);
  compare_with_repeated(bytes, parsed, message, framing);
  Naive naive;
  const bool taken = parse_naively(text, naive);
  if (taken && parsed != Parse::Ok) std::abort();
  if (parsed == Parse::Ok) {
    // The head ends with a line break behind a line break, and holds no other.
    const std::string head = text.substr(0, framing.head_bytes);
    if (!head.ends_with("\n\r\n") && !head.ends_with("\n\n")) std::abort();
    const size_t blank = std::min(text.find("\n\r\n"), text.find("\n\n"));
    if (blank > head.size()) std::abort();
  }
  if (!taken) return 0;
  if (framing.head_bytes != naive.size || message.is_response != naive.is_response ||
      message.protocol != naive.protocol) {
    std::abort();
  }
  if (naive.is_response) {
    if (message.status != naive.status) std::abort();
  } else if (message.method != naive.method) {
    std::abort();
  }
  std::map<std::string, std::vector<std::string>> got;
  for (const MapEntry& entry : message.headers) {
    for (const auto value : entry.values) {
      got[lower(std::string(entry.key))].emplace_back(value);
    }
  }
  if (got != naive.headers) std::abort();
  return 0;
}
