// SPDX-License-Identifier: Apache-2.0
#include "output/sink/url.h"

#include <charconv>

#include "output/settings.h"

namespace tracee {

std::string Url::where() const {
  std::string out = host.find(':') == host.npos ? host : "[" + host + "]";
  if (port != 0) out += ":" + std::to_string(port);
  return out;
}

std::optional<Url> parse_url(std::string_view text) {
  Url out;
  if (const size_t at = text.find("://"); at != text.npos) {
    out.scheme = text.substr(0, at);
    text.remove_prefix(at + 3);
  }
  const size_t slash = std::min(text.find('/'), text.size());
  out.path = text.substr(slash);
  std::string_view authority = text.substr(0, slash);
  if (const size_t at = authority.rfind('@'); at != authority.npos) {
    const std::string_view who = authority.substr(0, at);
    const size_t colon = std::min(who.find(':'), who.size());
    out.user = percent_decoded(who.substr(0, colon));
    if (colon < who.size()) out.password = percent_decoded(who.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == authority.npos) return std::nullopt;
    out.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const size_t colon = std::min(authority.rfind(':'), authority.size());
    out.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (out.host.empty() || out.host.find_first_of(" \t\n") != out.host.npos) return std::nullopt;
  if (!port.empty()) {
    const char* end = port.data() + port.size();
    const auto parsed = std::from_chars(port.data() + 1, end, out.port);
    if (port[0] != ':' || parsed.ec != std::errc() || parsed.ptr != end || out.port == 0) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace tracee
