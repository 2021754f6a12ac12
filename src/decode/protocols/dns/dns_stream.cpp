// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/dns/dns_stream.h"

#include <algorithm>

#include "decode/protocols/dns/dns.h"
#include "decode/stream/streams.h"

namespace tracee {
namespace {

constexpr size_t kPrefix = 2;
constexpr size_t kHeader = 12;
constexpr size_t kMinQuestion = 5;  // root name, type, class
constexpr size_t kMinRecord = 11;   // and TTL, data length

struct DnsState {
  uint16_t length;  // of the message whose beginning is kept, once known
  bool has_length;
};

// Could a message of `length` bytes begin with this header? Bytes from the middle
// of a message hardly ever pass: a count that the length cannot hold gives them away.
bool looks_like_header(const uint8_t* p, size_t length) noexcept {
  const uint16_t flags = load_be16(p + 2);
  const unsigned opcode = (flags >> 11) & 15u;
  const bool is_query = (flags & 0x8000) == 0;
  if (opcode > 6 || opcode == 3 || (flags & 0x40) != 0) return false;
  if (is_query && (flags & 15) != 0) return false;
  const size_t records = size_t{load_be16(p + 6)} + load_be16(p + 8) + load_be16(p + 10);
  return kHeader + load_be16(p + 4) * kMinQuestion + records * kMinRecord <= length;
}

void give_up(StreamSide& side, Scope& scope) noexcept {
  scope.note(Parse::Malformed);
  side.lose();
}

}  // namespace

bool starts_dns_stream(Bytes bytes, Start start, const Packet& packet,
                       const DecodeOptions& options) noexcept {
  if (!on_dns_port(packet, options)) return false;
  // A length octet alone: only the beginning of a stream makes it one.
  if (bytes.size() < kPrefix) return true;
  const size_t length = load_be16(bytes.data());
  if (length < kHeader) return false;
  if (bytes.size() < kPrefix + kHeader) return true;
  const Bytes header = bytes.subspan(kPrefix, kHeader);
  if (looks_like_header(header.data(), length)) return true;
  // A damaged message may stand at the very beginning, but so may text.
  return start == Start::Sure && std::ranges::any_of(header, [](uint8_t c) { return c < '\t'; });
}

size_t read_dns_stream(StreamSide& side, Bytes bytes, const Packet& packet, Scope& scope) noexcept {
  auto& state = side.state<DnsState>();
  if (side.kept() == 0) {
    const size_t length = bytes.size() < kPrefix ? 0 : load_be16(bytes.data());
    if (bytes.size() >= kPrefix && length < kHeader) {
      give_up(side, scope);
      return 0;
    }
    if (bytes.size() >= kPrefix && bytes.size() - kPrefix >= length) {
      scope.note(decode_dns_message(bytes.subspan(kPrefix, length), packet, scope));
      return kPrefix + length;
    }
    state = {static_cast<uint16_t>(length), bytes.size() >= kPrefix};
    side.keep(bytes);
    return bytes.size();
  }
  if (!state.has_length) {  // one octet of it is kept
    const Bytes prefix = side.join(bytes.first(1), scope.arena);
    if (prefix.size() != kPrefix || load_be16(prefix.data()) < kHeader) {
      give_up(side, scope);
      return 0;
    }
    state = {load_be16(prefix.data()), true};
    side.keep(bytes.first(1));
    return 1;
  }
  const size_t missing = kPrefix + state.length - side.kept();
  if (bytes.size() < missing) {
    side.keep(bytes);
    return bytes.size();
  }
  const Bytes whole = side.join(bytes.first(missing), scope.arena);
  side.drop_kept();
  scope.note(whole.empty() ? Parse::NoRoom
                           : decode_dns_message(whole.subspan(kPrefix), packet, scope));
  return missing;
}

}  // namespace tracee
