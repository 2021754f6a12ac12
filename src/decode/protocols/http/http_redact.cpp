// SPDX-License-Identifier: Apache-2.0
// HTTP events without credentials, query strings and hidden names.
#include <algorithm>

#include "base/ascii.h"
#include "decode/protocols/http/http.h"
#include "decode/protocols/http/http_event.h"
#include "decode/redact.h"

namespace tracee {
namespace {

// Parts of names of header fields whose values let in who has them. Parts, because
// there is an X-, a Proxy- and a Set- of most, and because octets that no name may
// have must not hide one.
constexpr std::string_view kSecretNames[] = {"authorization", "cookie",   "token",   "session",
                                             "secret",        "password", "api-key", "apikey"};
// Fields whose value is a URL, which may be relative; and those that hold some.
constexpr std::string_view kUrlNames[] = {"referer",     "location",   "destination",
                                          "original-ur", "rewrite-ur", "forwarded-ur"};
constexpr std::string_view kUrlsNames[] = {"link", "refresh"};

bool has_part(std::string_view name, std::span<const std::string_view> parts) noexcept {
  return std::ranges::any_of(parts, [&](std::string_view part) {
    const auto same = [](char a, char b) { return to_lower(a) == b; };
    return std::search(name.begin(), name.end(), part.begin(), part.end(), same) != name.end();
  });
}

// Room for a text that grows only where something is replaced.
class Rewriter {
 public:
  explicit Rewriter(std::span<char> room) noexcept : room_(room) {}
  void put(std::string_view text) noexcept {
    full_ = full_ || text.size() > room_.size() - used_;
    if (full_) return;
    std::ranges::copy(text, room_.data() + used_);
    used_ += text.size();
  }
  bool full() const noexcept { return full_; }
  size_t used() const noexcept { return used_; }

 private:
  std::span<char> room_;
  size_t used_ = 0;
  bool full_ = false;
};

// Userinfo gone, the rest as it is.
void put_authority(std::string_view authority, Rewriter& out) noexcept {
  const size_t at = authority.rfind('@');
  if (at != authority.npos) {
    out.put(kRedacted);
    authority.remove_prefix(at);
  }
  out.put(authority);
}

// URLs are looked for behind `://`, at the beginning of a value that begins with `/`,
// and, in the fields above, everywhere.
std::string_view without_queries(std::string_view name, std::string_view value,
                                 Arena& arena) noexcept {
  if (value.find_first_of("?#@") == value.npos) return value;
  const bool is_url = has_part(name, kUrlNames);
  const bool always = is_url || has_part(name, kUrlsNames);
  const std::string_view ends = is_url ? "" : " \t\"<>";
  // At most six times as long: a question mark and a blank have the text between them.
  const auto room = arena.take<char>(6 * value.size() + kRedacted.size());
  Rewriter out(room);
  bool in_url = always || value.starts_with('/');
  for (size_t at = 0; at < value.size();) {
    const std::string_view rest = value.substr(at);
    const bool has_scheme = at == 0 ? in_url : value[at - 1] == ':';
    if (in_url && (rest[0] == '?' || rest[0] == '#')) {
      out.put(rest.substr(0, 1));
      out.put(kRedacted);
      at = std::min(value.find_first_of(ends, at), value.size());
      continue;
    }
    if (has_scheme && rest.starts_with("//")) {
      size_t size = std::min(rest.find_first_of("/?#", 2), rest.size());
      size = std::min(rest.find_first_of(ends), size);
      out.put("//");
      put_authority(rest.substr(2, size - 2), out);
      at += size;
      in_url = true;
      continue;
    }
    if (ends.find(rest[0]) != ends.npos) in_url = always;
    out.put(rest.substr(0, 1));
    ++at;
  }
  if (out.full()) return kRedacted;
  arena.shrink(room, out.used());
  return {room.data(), out.used()};
}

std::string_view header_value(std::string_view name, std::string_view value, const Redaction& what,
                              Arena& arena) noexcept {
  if (what.headers && has_part(name, kSecretNames)) return kRedacted;
  if (what.hides_part_of(value)) return kRedacted;
  return what.query ? without_queries(name, value, arena) : value;
}

TextMap redacted_headers(TextMap headers, const Redaction& what, Arena& arena) noexcept {
  const auto entries = arena.take<MapEntry>(headers.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const MapEntry& from = headers[i];
    const auto values = arena.take<std::string_view>(from.values.size());
    for (size_t n = 0; n < values.size(); ++n) {
      values[n] = header_value(from.key, from.values[n], what, arena);
    }
    entries[i] = {from.key, values};
  }
  return entries;
}

void redact_message(HttpMessage& message, const Redaction& what, Arena& arena) noexcept {
  if (const size_t at = message.host.rfind('@'); what.query && at != message.host.npos) {
    message.host.remove_prefix(at + 1);
  }
  // Whoever sends a start line may write anything anywhere in it.
  for (std::string_view* text :
       {&message.method, &message.protocol, &message.host, &message.uri_path, &message.status}) {
    if (what.hides_part_of(*text)) *text = kRedacted;
  }
  message.headers = redacted_headers(message.headers, what, arena);
  message.number = 0;  // no longer what others of that number are
}

template <class Data>
const void* redacted(const void* data, const Redaction& what, Arena& arena) noexcept {
  Data* const copy = arena.make(*static_cast<const Data*>(data));
  redact_message(copy->message, what, arena);  // an arena that is empty has room for it
  return copy;
}

}  // namespace

const void* redact_http(const EventSpec& spec, const void* data, const Redaction& what,
                        Arena& arena) noexcept {
  return &spec == &kNetPacketHttp ? redacted<NetPacketHttp>(data, what, arena)
                                  : redacted<NetPacketHttpMessage>(data, what, arena);
}

}  // namespace tracee
