// SPDX-License-Identifier: Apache-2.0
// HTTP/1 message heads (RFC 9112). llhttp frames them; this header and http.cpp
// give its ranges the field semantics of the reference format.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

struct HttpMessage {
  bool is_response;
  std::string_view method, protocol, host, uri_path;
  std::string_view status;  // code and reason: "301 Moved Permanently"
  uint16_t status_code;
  TextMap headers;         // canonical names, sorted; without Host, Transfer-Encoding, Trailer
  int64_t content_length;  // -1: chunked, or a response that ends with the connection
  uint64_t number;         // messages that have the same are equal; 0: has none
};

// Where a head ends and how its body does (RFC 9112, 6.3), as the head alone tells.
struct HttpFraming {
  size_t head_bytes;  // blank line included
  uint64_t length;    // when `has_length`
  bool has_length;
  bool is_chunked;
  bool other_coding;  // a transfer coding that does not end with chunked
  bool is_faulty;     // the start line is one, but something behind it breaks a rule
};

// RFC 9110 sets no limit; what is longer is an attack.
constexpr size_t kMaxHttpHead = 64 * 1024;

// Parses the head that `bytes` starts with. Truncated: it is not whole. NotMine: no
// HTTP start line. `framing` counts only with Ok.
// What the message points to is in `bytes` or in `kept`; `scratch` is for the call only.
Parse parse_http(Bytes bytes, Arena& kept, Arena& scratch, HttpMessage& message,
                 HttpFraming& framing) noexcept;
inline Parse parse_http(Bytes bytes, Arena& arena, HttpMessage& message,
                        HttpFraming& framing) noexcept {
  return parse_http(bytes, arena, arena, message, framing);
}

// Looks at the start line only: Ok, Truncated (so far it is one) or NotMine.
Parse look_at_http_start(Bytes bytes) noexcept;

// One direction of an HTTP connection. http_stream.cpp
bool starts_http(Bytes bytes, Start start, const Packet& packet,
                 const DecodeOptions& options) noexcept;
size_t read_http(StreamSide& side, Bytes bytes, const Packet& packet, Scope& scope) noexcept;

// Protocol::redact. http_redact.cpp
const void* redact_http(const EventSpec& spec, const void* data, const Redaction& what,
                        Arena& arena) noexcept;

}  // namespace tracee
