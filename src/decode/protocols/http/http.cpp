// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/http/http.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "decode/protocols/http/http_head.h"

namespace tracee {
namespace {

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
  const size_t scheme = target.starts_with('/') ? target.npos : target.find("://");
  if (scheme != target.npos) {
    std::string_view rest = target.substr(scheme + 3);
    const size_t path = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, path);
    authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
    out.host = authority;
    target = rest.substr(path);
  }
  out.uri_path = percent_decoded(target, arena);
}

// A name's first eight octets: they decide nearly every comparison.
constexpr uint64_t name_key(std::string_view name) noexcept {
  if (!std::is_constant_evaluated() && name.size() >= sizeof(uint64_t)) {
    uint64_t key = 0;
    std::memcpy(&key, name.data(), sizeof key);
    return __builtin_bswap64(key);
  }
  uint64_t key = 0;
  for (size_t i = 0; i < std::min(name.size(), sizeof key); ++i) {
    key |= uint64_t{static_cast<uint8_t>(name[i])} << (56 - 8 * i);
  }
  return key;
}

// A header's name and where its line stands. Sorted themselves, headers would be
// twice as many bytes to move.
struct Place {
  uint64_t key;
  uint32_t index;
};

// A name that the format treats in a way of its own.
struct KnownName {
  constexpr explicit KnownName(std::string_view text) : name(text), key(name_key(text)) {}
  bool is(const Place& place, const HttpHeader& header) const noexcept {
    return place.key == key && header.name == name;
  }
  std::string_view name;
  uint64_t key;
};
constexpr KnownName kHost("Host"), kPragma("Pragma"), kCacheControl("Cache-Control"),
    kTransferEncoding("Transfer-Encoding"), kTrailer("Trailer");
constexpr std::string_view kNoCache = "no-cache";

// Places by name, equal names as they came.
void sort_places(std::span<Place> places, std::span<const HttpHeader> headers) noexcept {
  const auto is_before = [&](const Place& a, const Place& b) {
    if (a.key != b.key) return a.key < b.key;
    const int order = headers[a.index].name.compare(headers[b.index].name);
    return order != 0 ? order < 0 : a.index < b.index;
  };
  constexpr size_t kFew = 20;
  if (places.size() > kFew) {
    std::ranges::sort(places, is_before);
    return;
  }
  // Of few, each is counted into its rank: no branch that depends on the order.
  std::array<uint32_t, kFew> ranks{};
  std::array<Place, kFew> unsorted;
  std::ranges::copy(places, unsorted.begin());
  for (size_t i = 0; i < places.size(); ++i) {
    for (size_t j = i + 1; j < places.size(); ++j) {
      bool behind = places[j].key < places[i].key;
      if (places[j].key == places[i].key) behind = is_before(places[j], places[i]);
      ranks[i] += behind ? 1 : 0;
      ranks[j] += behind ? 0 : 1;
    }
  }
  for (size_t i = 0; i < places.size(); ++i) places[ranks[i]] = unsorted[i];
}

// Pragma implies a Cache-Control where there is none.
bool implies_cache_control(std::span<const Place> places,
                           std::span<const HttpHeader> headers) noexcept {
  bool implied = false;
  for (const Place& place : places) {
    const HttpHeader& header = headers[place.index];
    if (kCacheControl.is(place, header)) return false;
    if (kPragma.is(place, header) && header.value == kNoCache) implied = true;
  }
  return implied;
}

// Sorts `headers` by name and groups equal names; takes out what the format
// shows elsewhere.
Parse group_headers(std::span<const HttpHeader> headers, Arena& kept, Arena& scratch,
                    HttpMessage& out) noexcept {
  const auto places = scratch.take<Place>(headers.size());
  if (places.size() != headers.size()) return Parse::NoRoom;
  for (uint32_t i = 0; i < places.size(); ++i) places[i] = {name_key(headers[i].name), i};
  sort_places(places, headers);
  // One more of each for the Cache-Control that Pragma implies.
  const auto entries = kept.take<MapEntry>(headers.size() + 1);
  const auto values = kept.take<std::string_view>(headers.size() + 1);
  if (entries.empty() || values.empty()) return Parse::NoRoom;

  bool imply_cache_control = implies_cache_control(places, headers);
  size_t used_entries = 0, used_values = 0;
  uint64_t last_key = 0;
  const auto add = [&](std::string_view name, uint64_t key, std::string_view value) {
    values[used_values] = value;
    if (used_entries > 0 && last_key == key && entries[used_entries - 1].key == name) {
      MapEntry& entry = entries[used_entries - 1];
      entry.values = {entry.values.data(), entry.values.size() + 1};
    } else {
      entries[used_entries++] = MapEntry{name, {&values[used_values], 1}};
      last_key = key;
    }
    ++used_values;
  };
  for (const Place& place : places) {
    const HttpHeader& header = headers[place.index];
    if (imply_cache_control && header.name > kCacheControl.name) {
      add(kCacheControl.name, kCacheControl.key, kNoCache);
      imply_cache_control = false;
    }
    if (kHost.is(place, header) && !out.is_response) {
      if (out.host.empty()) out.host = header.value;
      continue;
    }
    if (kTransferEncoding.is(place, header) || kTrailer.is(place, header)) continue;
    add(header.name, place.key, header.value);
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

}  // namespace

Parse look_at_http_start(Bytes bytes) noexcept {
  HttpStartLine line;
  return split_start_line(as_text(bytes), line);
}

Parse parse_http(Bytes bytes, Arena& kept, Arena& scratch, HttpMessage& message,
                 HttpFraming& framing) noexcept {
  message = {};
  const std::string_view text = as_text(bytes);
  HttpStartLine line;
  if (const Parse result = split_start_line(text, line); result != Parse::Ok) return result;
  message.is_response = line.is_response;
  message.protocol = line.protocol;

  HttpHeaders headers(kept, scratch, bytes.size());
  if (const Parse result = read_headers(text, line, headers, framing); result != Parse::Ok) {
    return result;
  }

  if (line.is_response) {
    message.status = line.status;
    for (const char digit : line.status.substr(0, 3)) {
      message.status_code = static_cast<uint16_t>(message.status_code * 10 + (digit - '0'));
    }
  } else {
    message.method = line.method;
    split_target(line.target, kept, message);
  }
  const Parse grouped = group_headers(headers.all(), kept, scratch, message);
  message.content_length = body_length(framing, message);
  return grouped;
}

}  // namespace tracee
