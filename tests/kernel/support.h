// SPDX-License-Identifier: Apache-2.0
// What the kernel tests share: a source that is loaded but not attached, single
// runs of its packet programs, and packets written by hand.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/live.h"
#include "tracee.skel.h"

namespace tracee::kernel_test {

using Packet = std::vector<uint8_t>;

// A record with its bytes and owner, kept beyond the handler.
struct Kept {
  Record record;
  struct owner owner;
  Packet bytes;
};

class Keeper final : public RecordHandler {
 public:
  void on_record(const Record& record) noexcept override {
    received++;
    if (net_ns != 0 && record.net_ns != 0 && record.net_ns != net_ns) return;
    kept.push_back({record, *record.owner, Packet(record.packet.begin(), record.packet.end())});
  }
  std::vector<Kept> kept;
  uint64_t received = 0;
  uint32_t net_ns = 0;  // keep only this network namespace's, as far as known
};

inline bool keeps_law(const struct wire_counters& c) {
  return c.seen == c.filtered + c.shed + c.ring_full + c.load_failed + c.emitted;
}

// TRACEE_ATTRIBUTION=cgroup, say, runs the tests with that back end.
inline LiveOptions with_back_end(LiveOptions options) {
  const char* name = std::getenv("TRACEE_ATTRIBUTION");
  if (name != nullptr && !options.required_only) options.attribution = back_end_of(name);
  return options;
}

// Opens a source or skips the test, naming what is missing.
#define OPEN_OR_SKIP(source, ...)                                        \
  auto source##_result = LiveSource::open(with_back_end(__VA_ARGS__));   \
  if (!source##_result && source##_result.error().code == Exit::Missing) \
    GTEST_SKIP() << source##_result.error().what;                        \
  ASSERT_TRUE(source##_result) << source##_result.error().what;          \
  LiveSource& source = **source##_result

// Runs a packet program once on a packet that starts at its IP header and returns
// what came out of the ring.
inline std::vector<Kept> run(LiveSource& source, const Packet& packet,
                             Direction direction = Direction::Ingress) {
  Packet frame(14, 0);  // the kernel takes off an Ethernet header before the program runs
  const bool six = !packet.empty() && packet[0] >> 4 == 6;
  frame[12] = six ? 0x86 : 0x08;
  frame[13] = six ? 0xdd : 0x00;
  frame.insert(frame.end(), packet.begin(), packet.end());
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
              .data_size_in = static_cast<uint32_t>(frame.size()), .repeat = 1);
  const auto& programs = source.object()->progs;
  const bpf_program* program =
      direction == Direction::Egress ? programs.on_egress : programs.on_ingress;
  EXPECT_EQ(0, bpf_prog_test_run_opts(bpf_program__fd(program), &options));
  EXPECT_EQ(1u, options.retval) << "a packet must never be dropped";
  Keeper keeper;
  source.drain(keeper);
  return std::move(keeper.kept);
}

inline void put16(Packet& packet, unsigned value) {
  packet.push_back(static_cast<uint8_t>(value >> 8));
  packet.push_back(static_cast<uint8_t>(value));
}

inline Packet operator+(Packet left, const Packet& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Packet text(std::string_view characters) { return {characters.begin(), characters.end()}; }

inline Packet tcp(unsigned from, unsigned to, const Packet& payload = {}, unsigned options = 0) {
  Packet p;
  put16(p, from);
  put16(p, to);
  p.resize(12);                                                // sequence, acknowledgement
  p.push_back(static_cast<uint8_t>((20 + options) / 4 << 4));  // data offset
  p.resize(20 + options);
  return p + payload;
}

inline Packet udp(unsigned from, unsigned to, const Packet& payload = {}) {
  Packet p;
  put16(p, from);
  put16(p, to);
  put16(p, static_cast<unsigned>(8 + payload.size()));
  put16(p, 0);
  return p + payload;
}

// fragment: the 16 bits of flags and offset
inline Packet ipv4(unsigned protocol, const Packet& payload, unsigned fragment = 0,
                   unsigned options = 0) {
  Packet p{static_cast<uint8_t>(0x40 | (20 + options) / 4), 0};
  put16(p, static_cast<unsigned>(20 + options + payload.size()));
  put16(p, 0);
  put16(p, fragment);
  p.push_back(64);
  p.push_back(static_cast<uint8_t>(protocol));
  p.resize(12);
  p.insert(p.end(), {127, 0, 0, 1, 127, 0, 0, 1});
  p.resize(20 + options);
  return p + payload;
}

inline Packet ipv6(unsigned next, const Packet& payload) {
  Packet p{0x60, 0, 0, 0};
  put16(p, static_cast<unsigned>(payload.size()));
  p.push_back(static_cast<uint8_t>(next));
  p.push_back(64);
  p.resize(40);
  p[23] = p[39] = 1;  // ::1 to ::1
  return p + payload;
}

// An extension header of 8 * (1 + more) bytes.
inline Packet extension(unsigned next, unsigned more = 0) {
  Packet p(8 * (1 + more), 0);
  p[0] = static_cast<uint8_t>(next);
  p[1] = static_cast<uint8_t>(more);
  return p;
}

}  // namespace tracee::kernel_test
