// SPDX-License-Identifier: Apache-2.0
#include "decode/decoder.h"

#include <algorithm>

#include "decode/protocols/http/http_repeated.h"
#include "decode/protocols/ip/fragments.h"
#include "decode/protocols/ip/ip.h"
#include "decode/protocols/tcp/tcp.h"
#include "decode/protocols/udp/udp.h"
#include "decode/stream/streams.h"

namespace tracee {
namespace {

// A DNS message of 64 KiB with 5,900 records needs about this much; only the
// pages a packet uses are ever touched.
constexpr size_t kArenaBytes = 1024 * 1024;

}  // namespace

Decoder::Decoder(const DecodeOptions& options, EventMask enabled, const Decoder* streams_of)
    : options_(options), arena_(kArenaBytes), heads_(std::make_unique<RepeatedHeads>()) {
  if (streams_of != nullptr) {
    fragments_ = streams_of->fragments_;
    streams_ = streams_of->streams_;
  }
  enable(enabled);
}

void Decoder::enable(EventMask enabled) {
  enabled_ = enabled;
  for (Rows* rows : {&network_, &transport_, &datagram_, &stream_}) rows->count = 0;
  for (const Protocol& protocol : protocols()) {
    const bool wanted = std::ranges::any_of(
        protocol.events, [&](const EventSpec* spec) { return (enabled & event_bit(*spec)) != 0; });
    if (!wanted) continue;
    Rows& rows = protocol.over == Over::Network     ? network_
                 : protocol.over == Over::Transport ? transport_
                 : protocol.over == Over::Datagram  ? datagram_
                                                    : stream_;
    rows.row[rows.count++] = &protocol;
  }
  above_network_ = transport_.count + datagram_.count + stream_.count > 0;
  // Once there, the tables stay: what they hold goes on.
  if (stream_.count + datagram_.count > 0 && !fragments_) {
    fragments_ = std::make_shared<Fragments>(options_.fragments);
  }
  if (stream_.count > 0 && !streams_) streams_ = std::make_shared<Streams>(options_.streams);
}

Decoder::~Decoder() = default;

void Decoder::decode(Bytes bytes, uint32_t length, const Context& context, EventHandler& out,
                     uint32_t wants, Part part) noexcept {
  arena_.reset();
  Scope scope(arena_, *heads_, options_, counters_, enabled_, context, out);
  Packet packet;
  const Parse walked = walk_ip(bytes, length, packet);
  const bool ordered = packet.fragment || packet.protocol == ip_protocol::kTcp;
  if (part == Part::Ordered) {
    // What is wrong with the headers is counted with the packet's other part.
    if (walked != Parse::Ok || !ordered) return;
    (void)walk_transport(packet);
    decode_ordered(packet, scope, wants);
    return;
  }

  ++counters_.packets;
  if (walked != Parse::Ok) {
    scope.note(walked);
    return;
  }
  const auto is_wanted = [wants](const Protocol* row) { return (row->wire_want & wants) != 0; };
  for (const Protocol* row : network_.all()) {
    if (is_wanted(row)) scope.note(row->decode(packet, scope));
  }
  if (!above_network_) return;

  scope.note(walk_transport(packet));
  for (const Protocol* row : transport_.all()) {
    if (row->number == packet.protocol && is_wanted(row)) scope.note(row->decode(packet, scope));
  }
  arena_.reset();  // those events are out; what follows has the same room in each part
  if (!ordered) {
    decode_datagram(packet, scope, wants);
  } else if (part == Part::Whole) {
    decode_ordered(packet, scope, wants);
  }
}

Parse Decoder::walk_transport(Packet& packet) noexcept {
  if (packet.protocol == ip_protocol::kTcp) return walk_tcp(packet);
  if (packet.protocol == ip_protocol::kUdp) return walk_udp(packet);
  return Parse::Ok;
}

void Decoder::decode_ordered(const Packet& packet, Scope& scope, uint32_t wants) noexcept {
  if ((wants & (WIRE_WANT_DNS | WIRE_WANT_STREAMS)) == 0) return;
  if (!packet.fragment) {
    decode_segment(packet, scope, wants);
    return;
  }
  // The header's events are out with the first fragment; a message has to be whole.
  Packet whole;
  if (!fragments_ || !fragments_->add(packet, scope.context(), counters_.fragments, whole)) return;
  scope.note(walk_transport(whole));
  if (whole.fragment) return;
  if (whole.protocol == ip_protocol::kTcp) {
    decode_segment(whole, scope, wants);
  } else {
    decode_datagram(whole, scope, wants);
  }
}

void Decoder::decode_segment(const Packet& packet, Scope& scope, uint32_t wants) noexcept {
  const bool in_stream = streams_ && (wants & WIRE_WANT_STREAMS) != 0;
  if (!in_stream || !packet.has_ports) return;
  const auto may_carry = [&](const Protocol* row) {
    return row->accepts == nullptr || row->accepts(packet, options_);
  };
  if (std::ranges::any_of(stream_.all(), may_carry)) {
    streams_->segment(packet, scope, stream_.all());
  }
}

void Decoder::decode_datagram(const Packet& packet, Scope& scope, uint32_t wants) noexcept {
  if (packet.protocol != ip_protocol::kUdp || packet.payload.empty()) return;
  if ((wants & WIRE_WANT_DNS) == 0) return;
  for (const Protocol* row : datagram_.all()) {
    if (!row->accepts(packet, options_)) continue;
    scope.note(row->decode(packet, scope));
    return;
  }
}

uint32_t wire_wants(const EventSpec& spec) {
  uint32_t wants = 0;
  for (const Protocol& protocol : protocols()) {
    if (std::ranges::find(protocol.events, &spec) != protocol.events.end()) {
      wants |= protocol.wire_want;
    }
  }
  return wants;
}

}  // namespace tracee
