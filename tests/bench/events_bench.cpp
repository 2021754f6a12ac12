// SPDX-License-Identifier: Apache-2.0
// ns/packet to decode and ns/event to print, for each kind of event, and as the limit of both
// ns/packet to copy its bytes: EVENT, PACKETS, DECODE_NS, JSON_NS, JSON_BYTES, COPY_NS a line,
// separated by tabs.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "decode/decoder.h"
#include "measure.h"
#include "output/format/format.h"
#include "packets.h"

namespace tracee::bench {
namespace {

constexpr size_t kLargest = 65'535;  // octets of an IP packet

class Counter final : public EventHandler {
 public:
  void on_event(const Event&) noexcept override { ++count; }
  size_t count = 0;
};

class Printer final : public EventHandler {
 public:
  explicit Printer(Format& format) : format_(format), buffer_(kCapacity) {}
  void on_event(const Event& event) noexcept override {
    buffer_.clear();
    format_.write(event, buffer_);
    bytes += buffer_.size();
    ++count;
  }
  size_t bytes = 0, count = 0;

 private:
  static constexpr size_t kCapacity = size_t{1} << 20;
  Format& format_;
  Buffer buffer_;
};

// What a live packet's owner looks like.
Context some_owner() {
  Context out;
  out.time_ns = 1'700'000'000'123'456'789;
  out.thread_start_ns = 1'699'999'000'987'654'321;
  out.cpu = 1;
  out.process_id = out.host_process_id = 24680;
  out.thread_id = out.host_thread_id = 24683;
  out.parent_id = out.host_parent_id = 1357;
  out.cgroup_id = 5712;
  out.user_id = 1000;
  out.mount_namespace = 4026531841;
  out.pid_namespace = 4026531836;
  out.process_name = "nginx";
  out.host_name = "workstation";
  out.syscall = "sendto";
  out.thread_entity = 3161250438;
  out.process_entity = 1748723210;
  out.parent_entity = 2718281828;
  return out;
}

// The packets, over and over, as connections that go on: the same segments again
// would be retransmits, of which nobody hears.
class Conversation {
 public:
  explicit Conversation(std::vector<Packet> packets) : packets_(std::move(packets)) {
    for (Packet& packet : packets_) {
      const bool is_v6 = packet[0] >> 4 == 6;
      const size_t transport = is_v6 ? 40 : 20;
      const size_t addresses = is_v6 ? 8 : 12;
      uint32_t* sent = nullptr;
      if (packet[is_v6 ? 6 : 9] == kTcp) {
        const size_t header = (packet[transport + 12] >> 4) * size_t{4};
        const std::string_view whole = as_text(packet);
        // Addresses and ports tell one direction of a connection.
        sent = &sent_[std::string(whole.substr(addresses, transport + 4 - addresses))];
        *sent += static_cast<uint32_t>(packet.size() - transport - header);
      }
      places_.push_back({packet.data() + transport + 4, sent});
    }
  }

  // Decodes each packet once and moves it on by what its connection sent.
  void pass(Decoder& decoder, const Context& context, EventHandler& out) {
    ++passes_;
    for (size_t i = 0; i < packets_.size(); ++i) {
      const Packet& packet = packets_[i];
      decoder.decode(packet, static_cast<uint32_t>(packet.size()), context, out);
      const auto [sequence, sent] = places_[i];
      if (sent == nullptr) continue;
      const uint32_t next = __builtin_bswap32(load_be32(sequence) + *sent);
      std::memcpy(sequence, &next, sizeof next);
    }
  }

  size_t packets() const { return packets_.size() * passes_; }

 private:
  static constexpr uint8_t kTcp = 6;
  struct Place {
    uint8_t* sequence;
    const uint32_t* sent;  // bytes in one pass; null: not TCP
  };
  std::vector<Packet> packets_;
  std::map<std::string, uint32_t> sent_;
  std::vector<Place> places_;
  size_t passes_ = 0;
};

double time_of_copies(const std::vector<Packet>& packets) {
  std::vector<uint8_t> to(kLargest);
  return time_of(packets.size(), [&] {
    for (const Packet& packet : packets) {
      std::memcpy(to.data(), packet.data(), std::min(packet.size(), to.size()));
      asm volatile("" : : "r"(to.data()) : "memory");
    }
  });
}

void measure(const EventSpec& spec, const Kind& kind, Format& json) {
  // More than the branch predictor learns by heart, less than the cache.
  constexpr size_t kPackets = 512;
  std::vector<Packet> packets = make_packets(kind.make, kPackets);
  const double copy_ns = time_of_copies(packets);
  Conversation conversation(std::move(packets));
  const Context context = some_owner();
  Decoder decoder(DecodeOptions{}, event_bit(spec));
  Counter counter;
  Printer printer(json);
  const double decode_ns = time_of(kPackets, [&] { conversation.pass(decoder, context, counter); });
  const double both_ns = time_of(kPackets, [&] { conversation.pass(decoder, context, printer); });
  const size_t events = counter.count + printer.count;
  if (events != conversation.packets()) {
    std::fprintf(stderr, "events_bench: %zu packets made %zu of %.*s\n", conversation.packets(),
                 events, static_cast<int>(spec.name.size()), spec.name.data());
  }
  std::printf("%.*s\t%.*s\t%.1f\t%.1f\t%zu\t%.1f\n", static_cast<int>(spec.name.size()),
              spec.name.data(), static_cast<int>(kind.packets.size()), kind.packets.data(),
              decode_ns, both_ns - decode_ns, printer.bytes / std::max(printer.count, size_t{1}),
              copy_ns);
}

void run() {
  const Catalog catalog(packet_events());
  const auto json = make_json_format(catalog);
  for (const Kind& kind : kinds()) {
    if (const EventSpec* spec = catalog.find(kind.event)) measure(*spec, kind, *json);
  }
}

}  // namespace
}  // namespace tracee::bench

int main() { tracee::bench::run(); }
