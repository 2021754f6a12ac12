// SPDX-License-Identifier: Apache-2.0
// One direction of an HTTP/1 connection: head after head, bodies passed over by
// the rules of RFC 9112, section 6.3.
#include <algorithm>

#include "decode/protocols/http/http.h"
#include "decode/protocols/http/http_event.h"
#include "decode/protocols/http/http_repeated.h"
#include "decode/stream/streams.h"

namespace tracee {
namespace {

// Long enough for any method and the blank behind it.
constexpr size_t kLookAtMethod = 64;

enum class Phase : uint8_t {
  Head,
  ChunkSize,
  ChunkExtension,
  ChunkEnd,  // the line break behind the data
  Trailer,
};

// What a response's framing depends on beyond its own head.
enum class Method : uint8_t { Other, Head, Connect };
constexpr unsigned kMaxPending = 32;

struct HttpState {
  uint64_t chunk;    // its size, so far
  uint64_t pending;  // methods of requests without a response, two bits each
  uint8_t pending_count;
  Phase phase;
  uint8_t break_bytes;  // how much of "\n\r" ends what is kept
  uint8_t digits;       // of the chunk's size
  bool has_start_line;  // in what is kept, and it is one
  bool in_line;         // the trailer's line is not empty
};

void push(HttpState& requests, Method method) noexcept {
  if (requests.pending_count == kMaxPending) return;
  requests.pending |= uint64_t{static_cast<uint8_t>(method)} << (2 * requests.pending_count++);
}

Method pop(HttpState& requests) noexcept {
  if (requests.pending_count == 0) return Method::Other;
  const auto method = static_cast<Method>(requests.pending & 3);
  requests.pending >>= 2;
  --requests.pending_count;
  return method;
}

void emit(const Packet& packet, const HttpMessage& message, Scope& scope) noexcept {
  if (scope.wants(kNetPacketHttp)) {
    const NetPacketHttp event{packet.src, packet.dst, packet.src_port, packet.dst_port, message};
    scope.emit(kNetPacketHttp, &event);
  }
  const EventSpec& one_way = message.is_response ? kNetPacketHttpResponse : kNetPacketHttpRequest;
  if (scope.wants(one_way)) {
    const NetPacketHttpMessage event{packet_meta(packet), message};
    scope.emit(one_way, &event);
  }
}

void expect_request_body(StreamSide& side, const HttpMessage& message,
                         const HttpFraming& framing) noexcept {
  auto& state = side.state<HttpState>();
  push(state, message.method == "HEAD"      ? Method::Head
              : message.method == "CONNECT" ? Method::Connect
                                            : Method::Other);
  // Who asks again has the whole answer: it was not without end after all.
  if (side.peer_skips_to_end()) side.end_peer();
  if (framing.is_chunked) {
    state.phase = Phase::ChunkSize;
  } else if (framing.other_coding) {
    side.lose();  // RFC 9112, 6.3: its length cannot be told
  } else if (framing.has_length) {
    side.skip(framing.length);
  }
}

void expect_response_body(StreamSide& side, const HttpMessage& message,
                          const HttpFraming& framing) noexcept {
  const unsigned code = message.status_code;
  if (code / 100 == 1 && code != 101) return;  // the response is still to come
  const Method method = pop(side.peer_state<HttpState>());
  if (code == 101 || (method == Method::Connect && code / 100 == 2)) {
    side.leave();
  } else if (method == Method::Head || code == 204 || code == 304) {
    // No body, whatever the head says.
  } else if (framing.is_chunked) {
    side.state<HttpState>().phase = Phase::ChunkSize;
  } else if (framing.has_length && !framing.other_coding) {
    side.skip(framing.length);
  } else {
    side.skip(StreamSide::kToEnd);
  }
}

// `bytes` start a message and hold its head, or all there is of it. Returns the
// head's length, or 0.
size_t read_head(StreamSide& side, Bytes bytes, const Packet& packet, Scope& scope,
                 Parse& result) noexcept {
  HttpMessage message;
  HttpFraming framing{};
  result = scope.heads.read(bytes, scope.arena, message, framing);
  if (result != Parse::Ok) return 0;
  emit(packet, message, scope);
  if (framing.is_faulty) scope.note(Parse::Malformed);
  if (message.is_response) {
    expect_response_body(side, message, framing);
  } else {
    expect_request_body(side, message, framing);
  }
  return framing.head_bytes;
}

// How many of `bytes` belong to the head whose beginning is kept. `whole`: the
// blank line is among them.
size_t rest_of_head(HttpState& state, Bytes bytes, bool& whole) noexcept {
  size_t at = 0;
  while (at < bytes.size()) {
    if (state.break_bytes == 0) {
      const size_t newline = as_text(bytes).find('\n', at);
      if (newline == std::string_view::npos) return bytes.size();
      at = newline + 1;
      state.break_bytes = 1;
      continue;
    }
    const uint8_t c = bytes[at++];
    if (c == '\n') {
      whole = true;
      return at;
    }
    state.break_bytes = c == '\r' && state.break_bytes == 1 ? 2 : 0;
  }
  return at;
}

void keep_beginning(StreamSide& side, HttpState& state, Bytes bytes) noexcept {
  bool whole = false;
  state.break_bytes = 0;
  rest_of_head(state, bytes, whole);
  state.has_start_line = as_text(bytes).find('\n') != std::string_view::npos;
  side.keep(bytes);
}

size_t read_first_part(StreamSide& side, HttpState& state, Bytes bytes, const Packet& packet,
                       Scope& scope) noexcept {
  // RFC 9112, 2.2: a receiver ignores an empty line before a request.
  const size_t start = as_text(bytes).find_first_not_of("\r\n");
  if (start != 0) return std::min(start, bytes.size());
  Parse result = Parse::Ok;
  const size_t head = read_head(side, bytes, packet, scope, result);
  switch (result) {
    case Parse::Ok:
      return head;
    case Parse::Truncated:
      if (bytes.size() > kMaxHttpHead) break;
      keep_beginning(side, state, bytes);
      return bytes.size();
    case Parse::NotMine:
      side.lose();
      return 0;
    case Parse::Malformed:
    case Parse::NoRoom:
      break;
  }
  scope.note(result);
  side.lose();
  return bytes.size();
}

size_t read_further_part(StreamSide& side, HttpState& state, Bytes bytes, const Packet& packet,
                         Scope& scope) noexcept {
  bool whole = false;
  const uint32_t kept = side.kept();
  const size_t used = rest_of_head(state, bytes, whole);
  const Bytes part = bytes.first(used);
  if (kept + used > kMaxHttpHead) {
    scope.note(Parse::Truncated);
    side.lose();
    return bytes.size();
  }
  if (!state.has_start_line && !whole) {
    // Stop keeping what is no message as soon as that can be seen.
    const bool has_line = as_text(part).find('\n') != std::string_view::npos;
    if (has_line || kept < kLookAtMethod) {
      const size_t arena_used = scope.arena.used_bytes();
      const Parse look = look_at_http_start(side.join(part, scope.arena));
      scope.arena.rewind(arena_used);
      if (look == Parse::NotMine) {
        side.lose();
        return 0;
      }
      state.has_start_line = look == Parse::Ok;
    }
  }
  if (!whole) {
    side.keep(part);
    return used;
  }
  const Bytes head = side.join(part, scope.arena);
  side.drop_kept();
  state.has_start_line = false;
  Parse result = head.empty() ? Parse::NoRoom : Parse::Ok;
  if (result == Parse::Ok && read_head(side, head, packet, scope, result) > 0) return used;
  // A blank line that did not end the head, or a head that makes no sense.
  if (result != Parse::NotMine) scope.note(result == Parse::NoRoom ? result : Parse::Malformed);
  side.lose();
  return result == Parse::NotMine ? 0 : used;
}

int hex_digit(uint8_t c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// One octet of the chunked coding (RFC 9112, 7.1) that is not data. False: it
// cannot stand here.
bool read_chunk_octet(StreamSide& side, HttpState& state, uint8_t c) noexcept {
  switch (state.phase) {
    case Phase::ChunkSize: {
      if (const int digit = hex_digit(c); digit >= 0) {
        if (++state.digits > 15) return false;
        state.chunk = state.chunk * 16 + static_cast<unsigned>(digit);
        return true;
      }
      if (state.digits == 0) return false;
      state.phase = Phase::ChunkExtension;
      return c == '\n' ? read_chunk_octet(side, state, c)
                       : c == '\r' || c == ';' || c == ' ' || c == '\t';
    }
    case Phase::ChunkExtension:
      if (c != '\n') return true;
      state.phase = state.chunk == 0 ? Phase::Trailer : Phase::ChunkEnd;
      side.skip(state.chunk);
      state.chunk = 0;
      state.digits = 0;
      state.in_line = false;
      return true;
    case Phase::ChunkEnd:
      if (c == '\n') state.phase = Phase::ChunkSize;
      return c == '\n' || c == '\r';
    case Phase::Trailer:
      if (c == '\n') {
        if (!state.in_line) state.phase = Phase::Head;
        state.in_line = false;
      } else if (c != '\r') {
        state.in_line = true;
      }
      return true;
    case Phase::Head:
      break;
  }
  return false;
}

size_t read_chunks(StreamSide& side, HttpState& state, Bytes bytes, Scope& scope) noexcept {
  size_t used = 0;
  while (used < bytes.size()) {
    const Phase before = state.phase;
    if (!read_chunk_octet(side, state, bytes[used])) {
      scope.note(Parse::Malformed);
      side.lose();
      return 0;
    }
    ++used;
    // Data, or the next head, is for the caller.
    if (state.phase == Phase::Head) break;
    if (before == Phase::ChunkExtension && state.phase == Phase::ChunkEnd) break;
    if (before == Phase::ChunkSize && state.phase == Phase::ChunkEnd) break;
  }
  return used;
}

}  // namespace

bool starts_http(Bytes bytes, Start, const Packet&, const DecodeOptions&) noexcept {
  const size_t start = as_text(bytes).find_first_not_of("\r\n");
  if (start == std::string_view::npos) return false;
  return look_at_http_start(bytes.subspan(start)) != Parse::NotMine;
}

size_t read_http(StreamSide& side, Bytes bytes, const Packet& packet, Scope& scope) noexcept {
  auto& state = side.state<HttpState>();
  if (state.phase != Phase::Head) return read_chunks(side, state, bytes, scope);
  if (side.kept() > 0) return read_further_part(side, state, bytes, packet, scope);
  return read_first_part(side, state, bytes, packet, scope);
}

}  // namespace tracee
