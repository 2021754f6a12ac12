// SPDX-License-Identifier: Apache-2.0
// The place of a network sink: [SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/PATH].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tracee {

struct Url {
  std::string scheme, user, password, host, path;  // the path with its slash
  uint16_t port = 0;                               // 0: not given

  // HOST:PORT, as for messages: without anything secret.
  std::string where() const;
};

// Null: it is none. An IPv6 address stands in brackets; `host` is without them.
std::optional<Url> parse_url(std::string_view text);

}  // namespace tracee
