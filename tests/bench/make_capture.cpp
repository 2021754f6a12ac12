// SPDX-License-Identifier: Apache-2.0
// make_capture tcp|mixed COUNT FILE: writes a pcap file of that many packets,
// the same bytes each time.
#include <array>
#include <bit>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string_view>

#include "packets.h"

namespace tracee::bench {
namespace {

struct Share {
  unsigned percent;
  Packet (Traffic::*make)();
};

constexpr Share kTcpOnly[] = {{100, &Traffic::tcp_segment}};
// A host's traffic: bulk data, names, requests, a ping now and then.
constexpr Share kMixed[] = {
    {52, &Traffic::tcp_segment},  {12, &Traffic::tcp_segment6}, {12, &Traffic::udp_datagram},
    {6, &Traffic::dns_query},     {6, &Traffic::dns_response},  {4, &Traffic::http_request},
    {4, &Traffic::http_response}, {2, &Traffic::icmp_echo},     {2, &Traffic::icmpv6_echo}};

Packet pick(std::span<const Share> shares, Traffic& traffic) {
  size_t at = traffic.below(100);
  for (const Share& share : shares) {
    if (at < share.percent) return (traffic.*share.make)();
    at -= share.percent;
  }
  return (traffic.*shares.front().make)();
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

void put32(Packet& to, uint32_t value) {  // the file is in the byte order of its writer
  const auto bytes = std::bit_cast<std::array<uint8_t, sizeof value>>(value);
  for (const uint8_t byte : bytes) to.push_back(byte);
}

bool write_all(std::FILE* file, const Packet& bytes) {
  return std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
}

bool write_capture(std::FILE* file, std::span<const Share> shares, size_t count) {
  constexpr uint32_t kMagic = 0xa1b2c3d4, kVersion = 0x00040002, kSnapLength = 262144,
                     kEthernet = 1;
  Packet out;
  for (const uint32_t word : {kMagic, kVersion, 0u, 0u, kSnapLength, kEthernet}) put32(out, word);
  Traffic traffic(2);
  uint64_t time_us = 1'700'000'000'000'000;
  for (size_t i = 0; i < count; ++i) {
    const Packet packet = pick(shares, traffic);
    const auto size = static_cast<uint32_t>(14 + packet.size());
    time_us += traffic.below(20);
    put32(out, static_cast<uint32_t>(time_us / 1'000'000));
    put32(out, static_cast<uint32_t>(time_us % 1'000'000));
    put32(out, size);
    put32(out, size);
    const bool is_v6 = packet[0] >> 4 == 6;
    const uint8_t type[] = {static_cast<uint8_t>(is_v6 ? 0x86 : 0x08),
                            static_cast<uint8_t>(is_v6 ? 0xdd : 0x00)};
    out.insert(out.end(), {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type[0], type[1]});
    out.insert(out.end(), packet.begin(), packet.end());
    if (!write_all(file, out)) return false;
    out.clear();
  }
  return std::fflush(file) == 0;
}

int run(std::span<const char* const> args) {
  size_t count = 0;
  const std::string_view mix = args.size() == 4 ? args[1] : "";
  if (mix == "tcp" || mix == "mixed") {
    const std::string_view number = args[2];
    std::from_chars(number.data(), number.data() + number.size(), count);
  }
  if (count == 0) {
    std::fputs("usage: make_capture tcp|mixed COUNT FILE\n", stderr);
    return 2;
  }
  const File file(std::fopen(args[3], "wb"));
  std::span<const Share> shares = kMixed;
  if (mix == "tcp") shares = kTcpOnly;
  if (!file || !write_capture(file.get(), shares, count)) {
    std::perror(args[3]);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tracee::bench

int main(int argc, char** argv) { return tracee::bench::run({argv, static_cast<size_t>(argc)}); }
