// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/http/http.h"

#include <llhttp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

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

// HTTP/2 begins with a line that looks like a request of version 2.0.
bool is_version_1(std::string_view protocol) noexcept { return protocol.starts_with("HTTP/1."); }

// The first line of a message, cut into its three parts.
struct StartLine {
  bool is_response = false;
  std::string_view method, target;    // request
  std::string_view protocol, status;  // "HTTP/1.1"; response: all behind it
};

// Three digits, then a blank or nothing (RFC 9112, 4).
bool has_status_code(std::string_view status) noexcept {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return status.size() >= 3 && std::ranges::all_of(status.substr(0, 3), digit) &&
         (status.size() == 3 || status[3] == ' ');
}

Parse split_start_line(std::string_view text, StartLine& out) noexcept {
  out.is_response = text.starts_with("HTTP/");
  if (!out.is_response) {
    size_t end = 0;
    while (end < text.size() && end <= kMaxMethod && is_token(text[end])) ++end;
    if (end == text.size()) return Parse::Truncated;
    if (end == 0 || end > kMaxMethod || text[end] != ' ') return Parse::NotMine;
    out.method = text.substr(0, end);
  }
  const size_t newline = text.find('\n');
  if (newline == text.npos) return Parse::Truncated;
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

struct Header {
  std::string_view name, value;
};

// Where a header stands in the sorted list. Sorted themselves, headers would be
// three times as many bytes to move.
struct Place {
  uint64_t key;  // the name's first eight octets: decides nearly every comparison
  uint32_t index;
};

// What the callbacks of one parse share.
struct Head {
  Arena* arena;
  std::span<Header> headers;
  size_t count = 0;
  bool folded = false;  // the value continues on the next line
  bool no_room = false;
};

Head& head_of(llhttp_t* parser) noexcept { return *static_cast<Head*>(parser->data); }

std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

int on_header_field(llhttp_t* parser, const char* at, size_t size) noexcept {
  Head& head = head_of(parser);
  if (head.count == head.headers.size()) {
    head.no_room = true;
    return -1;
  }
  head.headers[head.count] = {{at, size}, {}};
  ++head.count;
  head.folded = false;
  return 0;
}

int on_header_value(llhttp_t* parser, const char* at, size_t size) noexcept {
  Head& head = head_of(parser);
  if (head.count == 0) return -1;
  std::string_view& value = head.headers[head.count - 1].value;
  const std::string_view part = trimmed({at, size});
  if (!head.folded) {
    value = part;
    head.folded = true;
    return 0;
  }
  // Obsolete line folding (RFC 9112, 5.2): the break reads as one space.
  const auto joined = head.arena->take<char>(value.size() + 1 + part.size());
  if (joined.empty()) {
    head.no_room = true;
    return -1;
  }
  char* end = std::copy(value.begin(), value.end(), joined.data());
  *end++ = ' ';
  std::copy(part.begin(), part.end(), end);
  value = {joined.data(), joined.size()};
  return 0;
}

int on_headers_complete(llhttp_t*) noexcept { return HPE_PAUSED; }

const llhttp_settings_t& callbacks() noexcept {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_header_field = on_header_field;
    settings.on_header_value = on_header_value;
    settings.on_headers_complete = on_headers_complete;
    return settings;
  }();
  return kSettings;
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

// A name of `size` octets, at least sizeof(Part) and at most twice as many, that
// nearly all messages have: of letters and hyphens, and canonical. Looked at as two
// overlapping parts, each beside itself moved on by one octet.
template <class Part>
bool is_canonical(const char* p, size_t size) noexcept {
  constexpr size_t kPart = sizeof(Part);
  Part parts[2], before[2];
  std::memcpy(&parts[0], p, kPart);
  std::memcpy(&parts[1], p + size - kPart, kPart);
  before[0] = static_cast<Part>(parts[0] << 8 | Part{'-'});
  before[1] = before[0];
  if (size > kPart) std::memcpy(&before[1], p + size - kPart - 1, kPart);
  Octets name = each('-'), previous = each('x');
  std::memcpy(&name, parts, sizeof parts);
  std::memcpy(&previous, before, sizeof before);
  // A capital behind a hyphen, a small letter behind a letter, or a hyphen.
  const Octets starts = previous == each('-');
  const Octets first = (starts & each('A')) | (~starts & each('a'));
  return none(((name < first) | (name > first + each(25))) & (name != each('-')));
}

bool is_canonical(std::string_view name) noexcept {
  if (name.size() < 4 || name.size() > 16) return false;
  return name.size() < 8 ? is_canonical<uint32_t>(name.data(), name.size())
                         : is_canonical<uint64_t>(name.data(), name.size());
}

// "content-type" → "Content-Type"; a name that is no token stays as it is, and so
// does one that is canonical. Null when the arena is full.
const char* canonical_name(std::string_view name, Arena& arena) noexcept {
  if (is_canonical(name)) return name.data();
  uint8_t faults = 0;
  bool within = false;
  for (const char c : name) {  // no branch but its end
    faults |= kNameFaults[within][static_cast<uint8_t>(c)];
    within = c != '-';
  }
  if (faults != kOtherCase) return name.data();
  const auto room = arena.take<char>(name.size());
  if (room.size() != name.size()) return nullptr;
  within = false;
  std::ranges::transform(name, room.begin(), [&](char c) {
    const uint8_t fault = kNameFaults[std::exchange(within, c != '-')][static_cast<uint8_t>(c)];
    return static_cast<char>(fault == kOtherCase ? c ^ 0x20 : c);
  });
  return room.data();
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent-decoding (RFC 3986, 2.1). A stray percent sign stays itself.
std::string_view percent_decoded(std::string_view text, Arena& arena) noexcept {
  if (text.find('%') == text.npos) return text;
  const auto room = arena.take<char>(text.size());
  if (room.empty()) return text;
  size_t out = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      room[out++] = static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      room[out++] = text[i];
    }
  }
  arena.shrink(room, out);
  return {room.data(), out};
}

// RFC 9112, 3.2: origin, absolute, authority and asterisk form.
void split_target(std::string_view target, Arena& arena, HttpMessage& out) noexcept {
  if (out.method == "CONNECT" && !target.starts_with('/')) {
    out.host = target;
    return;
  }
  target = target.substr(0, target.find('#'));
  target = target.substr(0, target.find('?'));
  const size_t scheme = target.find("://");
  if (!target.starts_with('/') && scheme != target.npos) {
    std::string_view rest = target.substr(scheme + 3);
    const size_t path = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, path);
    authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
    out.host = authority;
    target = rest.substr(path);
  }
  out.uri_path = percent_decoded(target, arena);
}

bool has_header(std::span<const Header> headers, std::string_view name) noexcept {
  return std::ranges::any_of(headers, [&](const Header& h) { return h.name == name; });
}

uint64_t sort_key(std::string_view name) noexcept {
  uint64_t key = 0;
  if (name.size() >= sizeof key) {
    std::memcpy(&key, name.data(), sizeof key);
    return __builtin_bswap64(key);
  }
  for (size_t i = 0; i < name.size(); ++i) {
    key |= uint64_t{static_cast<uint8_t>(name[i])} << (56 - 8 * i);
  }
  return key;
}

// Sorts `headers` by name and groups equal names; takes out what the format
// shows elsewhere.
Parse group_headers(std::span<Header> headers, Arena& arena, HttpMessage& out) noexcept {
  const auto places = arena.take<Place>(headers.size());
  if (places.size() != headers.size()) return Parse::NoRoom;
  for (uint32_t i = 0; i < places.size(); ++i) {
    Header& header = headers[i];
    const char* name = canonical_name(header.name, arena);
    if (name == nullptr) return Parse::NoRoom;
    header.name = {name, header.name.size()};
    places[i] = {sort_key(header.name), i};
  }
  std::ranges::sort(places, [&](const Place& a, const Place& b) {
    if (a.key != b.key) return a.key < b.key;
    const int order = headers[a.index].name.compare(headers[b.index].name);
    return order != 0 ? order < 0 : a.index < b.index;
  });
  // One more of each for the Cache-Control that Pragma implies.
  const auto entries = arena.take<MapEntry>(headers.size() + 1);
  const auto values = arena.take<std::string_view>(headers.size() + 1);
  if (entries.empty() || values.empty()) return Parse::NoRoom;

  static constexpr std::string_view kNoCache = "no-cache";
  const auto is_no_cache = [](const Header& h) {
    return h.name == "Pragma" && h.value == kNoCache;
  };
  bool imply_cache_control =
      std::ranges::any_of(headers, is_no_cache) && !has_header(headers, "Cache-Control");

  size_t used_entries = 0, used_values = 0;
  const auto add = [&](std::string_view name, std::string_view value) {
    values[used_values] = value;
    if (used_entries > 0 && entries[used_entries - 1].key == name) {
      MapEntry& entry = entries[used_entries - 1];
      entry.values = {entry.values.data(), entry.values.size() + 1};
    } else {
      entries[used_entries++] = MapEntry{name, {&values[used_values], 1}};
    }
    ++used_values;
  };
  for (const Place& place : places) {
    const Header& header = headers[place.index];
    if (imply_cache_control && header.name > "Cache-Control") {
      add("Cache-Control", kNoCache);
      imply_cache_control = false;
    }
    if (header.name == "Host" && !out.is_response) {
      if (out.host.empty()) out.host = header.value;
      continue;
    }
    if (header.name == "Transfer-Encoding" || header.name == "Trailer") continue;
    add(header.name, header.value);
  }
  out.headers = entries.first(used_entries);
  return Parse::Ok;
}

int64_t body_length(const HttpFraming& framing, const HttpMessage& message) noexcept {
  const uint16_t code = message.status_code;
  if (message.is_response && (code / 100 == 1 || code == 204 || code == 304)) return 0;
  if (framing.is_chunked) return -1;
  if (framing.has_length) {
    return static_cast<int64_t>(std::min<uint64_t>(framing.length, INT64_MAX));
  }
  return message.is_response ? -1 : 0;
}

// One header line; a fold goes to the header before. False: no room.
bool read_line_tolerantly(std::string_view line, Head& head) noexcept {
  const bool is_fold = line.starts_with(' ') || line.starts_with('\t');
  const size_t colon = line.find(':');
  if (!is_fold && (colon == 0 || colon == line.npos)) return true;  // nothing to be had of it
  if (is_fold && head.count == 0) return true;
  if (head.count == head.headers.size()) return false;
  Header& header = head.headers[is_fold ? head.count - 1 : head.count];
  const std::string_view part = trimmed(is_fold ? line : line.substr(colon + 1));
  if (!is_fold) {
    header = {trimmed(line.substr(0, colon)), part};
    ++head.count;
    return true;
  }
  const auto joined = head.arena->take<char>(header.value.size() + 1 + part.size());
  if (joined.empty()) return false;
  char* end = std::copy(header.value.begin(), header.value.end(), joined.data());
  *end++ = ' ';
  std::copy(part.begin(), part.end(), end);
  header.value = {joined.data(), joined.size()};
  return true;
}

bool equals_ignoring_case(std::string_view a, std::string_view lower) noexcept {
  return std::ranges::equal(a, lower, [](char x, char y) {
    return (is_upper(static_cast<uint8_t>(x)) ? x | 0x20 : x) == y;
  });
}

// A head that llhttp refuses: a length of -1, an octet that no name may have. Two
// readers that disagree on such a message are an attack (RFC 9112, 11.2), so it must
// be seen: lines are taken for what they look like, and what is no length is none.
Parse parse_tolerantly(std::string_view text, Head& head, HttpFraming& framing) noexcept {
  head.count = 0;
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
    if (!read_line_tolerantly(line, head)) return Parse::NoRoom;
  }
  framing.head_bytes = at;
  for (const Header& header : head.headers.first(head.count)) {
    if (equals_ignoring_case(header.name, "transfer-encoding")) {
      const size_t last = header.value.rfind(',');
      const std::string_view coding = trimmed(header.value.substr(last + 1));  // npos + 1 is 0
      framing.is_chunked = equals_ignoring_case(coding, "chunked");
      framing.other_coding = !framing.is_chunked;
    } else if (equals_ignoring_case(header.name, "content-length")) {
      const char* const end = header.value.data() + header.value.size();
      const auto read = std::from_chars(header.value.data(), end, framing.length);
      framing.has_length = read.ec == std::errc{} && read.ptr == end;
    }
  }
  return Parse::Ok;
}

}  // namespace

Parse look_at_http_start(Bytes bytes) noexcept {
  StartLine line;
  return split_start_line(as_text(bytes), line);
}

Parse parse_http(Bytes bytes, Arena& arena, HttpMessage& message, HttpFraming& framing) noexcept {
  message = {};
  const std::string_view text = as_text(bytes);
  StartLine line;
  if (const Parse result = split_start_line(text, line); result != Parse::Ok) return result;
  message.is_response = line.is_response;
  message.protocol = line.protocol;

  Head head;
  head.arena = &arena;
  head.headers = arena.take<Header>(std::min(kMaxHeaders, bytes.size() / 3));
  if (head.headers.empty()) return Parse::NoRoom;

  llhttp_t parser;
  llhttp_init(&parser, line.is_response ? HTTP_RESPONSE : HTTP_REQUEST, &callbacks());
  // Conflicting lengths are what an analyst looks for, not a reason to be silent.
  llhttp_set_lenient_headers(&parser, 1);
  llhttp_set_lenient_chunked_length(&parser, 1);
  parser.data = &head;
  std::string_view rest = text;
  if (!line.is_response) {
    // llhttp knows a list of methods; HTTP allows any token. It is shown one
    // that it knows and that frames the same way.
    const std::string_view known = line.method == "CONNECT" ? "CONNECT" : "GET";
    llhttp_execute(&parser, known.data(), known.size());
    rest = text.substr(line.method.size());
  }
  const llhttp_errno_t status = llhttp_execute(&parser, rest.data(), rest.size());
  if (head.no_room) return Parse::NoRoom;
  if (status == HPE_OK) return Parse::Truncated;
  // Paused on the line feed that ends the head. llhttp takes a carriage return for
  // the empty line, whatever stands behind it; a recipient must not (RFC 9112, 2.2).
  const char* const stopped = llhttp_get_error_pos(&parser);
  const std::string_view seen = text.substr(0, static_cast<size_t>(stopped - text.data()));
  if (status == HPE_PAUSED && (seen.ends_with("\n\r\n") || seen.ends_with("\n\n"))) {
    framing = {
        .head_bytes = seen.size(),
        .length = parser.content_length,
        .has_length = (parser.flags & F_CONTENT_LENGTH) != 0,
        .is_chunked = (parser.flags & F_CHUNKED) != 0,
        .other_coding = (parser.flags & (F_CHUNKED | F_TRANSFER_ENCODING)) == F_TRANSFER_ENCODING,
        .is_faulty = false};
  } else if (const Parse result = parse_tolerantly(text, head, framing); result != Parse::Ok) {
    return result;
  }

  if (line.is_response) {
    message.status = line.status;
    for (const char digit : line.status.substr(0, 3)) {
      message.status_code = static_cast<uint16_t>(message.status_code * 10 + (digit - '0'));
    }
  } else {
    message.method = line.method;
    split_target(line.target, arena, message);
  }
  const Parse grouped = group_headers(head.headers.first(head.count), arena, message);
  message.content_length = body_length(framing, message);
  return grouped;
}

}  // namespace tracee
