// SPDX-License-Identifier: Apache-2.0
// TCP reassembly held against a naive second one: an array of the bytes that came
// first, by position, read again from the start after each segment.
//
// The input is operations of four bytes (side and variant, position, length), then
// the bytes both ends send. Variants are copies of the stream that say something
// else, so it shows which copy of an overlap was read. The protocol is made up: a
// byte n below 128 begins a message of n more bytes, others skip 4 (n - 128) bytes.
#include <cstdlib>
#include <string>
#include <vector>

#include "decode/protocols/http/http_repeated.h"
#include "decode/stream/streams.h"
#include "event/context.h"

namespace {

using namespace tracee;

constexpr size_t kMaxOperations = 64;  // fewer than pieces may be held
constexpr uint32_t kStream = 1024;

std::vector<std::string> g_read[2];
int g_side = 0;

bool starts(Bytes, Start, const Packet&, const DecodeOptions&) noexcept { return true; }

size_t read(StreamSide& side, Bytes bytes, const Packet&, Scope& scope) noexcept {
  const uint8_t first = side.kept() > 0 ? side.join({}, scope.arena)[0] : bytes[0];
  if (first >= 128) {
    side.skip((first - 128u) * 4u);
    return 1;
  }
  const size_t missing = 1u + first - side.kept();
  if (bytes.size() < missing) {
    if (!side.keep(bytes)) std::abort();
    return bytes.size();
  }
  const Bytes whole = side.join(bytes.first(missing), scope.arena);
  side.drop_kept();
  g_read[g_side].emplace_back(as_text(whole));
  return missing;
}

// By position: the byte that came first, or -1.
using Came = std::vector<int>;

// What the protocol reads of the bytes that came, positions in a skip counting as there.
std::vector<std::string> read_naively(const Came& came) {
  std::vector<std::string> out;
  for (size_t at = 0; at < came.size() && came[at] >= 0;) {
    const auto first = static_cast<size_t>(came[at]);
    if (first >= 128) {
      at += 1 + (first - 128) * 4;
      continue;
    }
    std::string message;
    for (size_t i = at; i < came.size() && came[i] >= 0 && i <= at + first; ++i) {
      message += static_cast<char>(came[i]);
    }
    if (message.size() != first + 1) break;
    out.push_back(message);
    at += message.size();
  }
  return out;
}

class Nobody final : public EventHandler {
 public:
  void on_event(const Event&) noexcept override {}
};

struct Wire {
  Streams streams{limits()};
  Arena arena{1 << 16};
  RepeatedHeads heads;
  DecodeOptions options;
  DecodeCounters counters;
  Nobody nobody;
  Context context;
  uint16_t port = 0;  // a connection of its own for each input
  uint32_t first[2];
  Came came[2];

  static StreamLimits limits() {
    StreamLimits out;
    out.flows = 4;
    out.kept_bytes = 1 << 20;
    out.held_ns = UINT64_MAX;
    return out;
  }

  void send(int side, uint32_t seq, uint8_t flags, const std::vector<uint8_t>& data) {
    static constexpr Protocol kRow{"made up", Over::Stream, 0,       0,    {},
                                   nullptr,   nullptr,      &starts, &read};
    static constexpr const Protocol* kRows[] = {&kRow};
    std::vector<uint8_t> header(20, 0);
    for (size_t i = 0; i < 4; ++i) header[4 + i] = static_cast<uint8_t>(seq >> (24 - 8 * i));
    header[12] = 0x50;
    header[13] = flags;
    Packet packet;
    const uint8_t addresses[2][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
    packet.src = Address::v4(addresses[side]);
    packet.dst = Address::v4(addresses[1 - side]);
    packet.src_port = packet.dst_port = port;
    packet.transport = header;
    packet.payload = data;
    packet.payload_length = static_cast<uint32_t>(data.size());
    arena.reset();
    Scope scope(arena, heads, options, counters, 0, context, nobody);
    g_side = side;
    streams.segment(packet, scope, kRows);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 9) return 0;
  static Wire wire;
  ++wire.port;
  wire.counters = {};
  const size_t operations = std::min<size_t>(data[0], kMaxOperations);
  wire.first[0] = load_be32(data + 1);
  wire.first[1] = load_be32(data + 5);
  const Bytes input{data + 9, size - 9};
  const size_t ops_bytes = std::min(operations * 4, input.size() / 2 / 4 * 4);
  const Bytes content = input.subspan(ops_bytes);
  if (content.empty()) return 0;
  for (int side = 0; side < 2; ++side) {
    g_read[side].clear();
    wire.came[side].assign(2 * kStream + 1, -1);
    wire.send(side, wire.first[side] - 1, side == 0 ? 0x02 : 0x12, {});
  }
  for (size_t op = 0; op + 4 <= ops_bytes; op += 4) {
    const int side = input[op] & 1;
    const uint8_t variant = input[op] >> 6;
    const uint32_t position = (uint32_t{input[op + 1]} << 8 | input[op + 2]) % kStream;
    const uint32_t length = 1u + input[op + 3] * ((input[op] & 2) != 0 ? 4u : 1u);
    std::vector<uint8_t> bytes;
    for (uint32_t i = 0; i < length; ++i) {
      bytes.push_back(content[(position + i) % content.size()] ^ variant);
    }
    wire.send(side, wire.first[side] + position, 0, bytes);
    for (uint32_t i = 0; i < length; ++i) {
      int& came = wire.came[side][position + i];
      if (came < 0) came = bytes[i];
    }
    if (g_read[side] != read_naively(wire.came[side])) std::abort();
  }
  if (wire.counters.streams.gaps + wire.counters.streams.resyncs > 0) std::abort();
  return 0;
}
