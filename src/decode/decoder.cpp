// SPDX-License-Identifier: Apache-2.0
#include "decode/decoder.h"

#include <algorithm>

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

Decoder::Decoder(const DecodeOptions& options, EventMask enabled)
    : options_(options), arena_(kArenaBytes) {
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
    fragments_ = std::make_unique<Fragments>(options_.fragments);
  }
  if (stream_.count > 0 && !streams_) streams_ = std::make_unique<Streams>(options_.streams);
}

Decoder::~Decoder() = default;

void Decoder::decode(Bytes bytes, uint32_t length, const Context& context, EventHandler& out,
                     uint32_t wants) noexcept {
  ++counters_.packets;
  arena_.reset();
  Scope scope(arena_, options_, counters_, enabled_, context, out);

  Packet packet;
  if (const Parse result = walk_ip(bytes, length, packet); result != Parse::Ok) {
    scope.note(result);
    return;
  }
  const auto is_wanted = [wants](const Protocol* row) { return (row->wire_want & wants) != 0; };
  for (const Protocol* row : network_.all()) {
    if (is_wanted(row)) scope.note(row->decode(packet, scope));
  }
  if (!above_network_) return;

  walk_transport(packet, scope);
  for (const Protocol* row : transport_.all()) {
    if (row->number == packet.protocol && is_wanted(row)) scope.note(row->decode(packet, scope));
  }
  if ((wants & (WIRE_WANT_DNS | WIRE_WANT_STREAMS)) == 0) return;
  if (!packet.fragment) {
    decode_payload(packet, scope, wants);
    return;
  }
  // The header's events are out with the first fragment; a message has to be whole.
  Packet whole;
  if (!fragments_ || !fragments_->add(packet, context, counters_.fragments, whole)) return;
  walk_transport(whole, scope);
  if (!whole.fragment) decode_payload(whole, scope, wants);
}

void Decoder::walk_transport(Packet& packet, Scope& scope) noexcept {
  if (packet.protocol == ip_protocol::kTcp) {
    scope.note(walk_tcp(packet));
  } else if (packet.protocol == ip_protocol::kUdp) {
    scope.note(walk_udp(packet));
  }
}

void Decoder::decode_payload(const Packet& packet, Scope& scope, uint32_t wants) noexcept {
  if (packet.protocol == ip_protocol::kTcp) {
    const bool in_stream = streams_ && (wants & WIRE_WANT_STREAMS) != 0;
    if (in_stream && packet.has_ports) streams_->segment(packet, scope, stream_.all());
    return;
  }
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
