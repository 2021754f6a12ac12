// SPDX-License-Identifier: Apache-2.0
// The walk over IPv6 extension headers held against a naive one, which copies what
// is left and calls itself.
#include <cstdlib>
#include <optional>
#include <vector>

#include "decode/protocols/ip/ip.h"

namespace {

using namespace tracee;
using Rest = std::vector<uint8_t>;

struct Upper {
  int protocol = 255;
  std::optional<Rest> data;
  bool fragment = false;
};

void walk(int next, Rest rest, int depth, Upper& out) {
  size_t size = 0;
  const bool plain =
      next == 0 || next == 43 || next == 60 || next == 135 || next == 139 || next == 140;
  if (depth == 16) return;
  if (plain || next == 44 || next == 51) {
    if (rest.size() < 8) return;
    size = 8;
    if (plain) size += rest[1] * 8u;
    if (next == 51) size = 8 + rest[1] * 4u;
    if (next == 44) {
      const int offset = (rest[2] << 8 | rest[3]) / 8;
      if (offset != 0 || (rest[3] & 1) != 0) out.fragment = true;
      if (offset != 0) return;
    }
    if (rest.size() < size) return;
    walk(rest[0], Rest(rest.begin() + static_cast<ptrdiff_t>(size), rest.end()), depth + 1, out);
    return;
  }
  out.protocol = next;
  out.data = rest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 8000) return 0;
  // The first byte is the first header's number; the fixed header is ours.
  Rest packet(40, 0);
  packet[0] = 0x60;
  packet[4] = static_cast<uint8_t>((size - 1) >> 8);
  packet[5] = static_cast<uint8_t>(size - 1);
  packet[6] = data[0];
  packet.insert(packet.end(), data + 1, data + size);
  if (size == 1) return 0;  // a length of zero means something else

  Upper expected;
  walk(data[0], Rest(data + 1, data + size), 0, expected);
  Packet got;
  if (walk_ip(packet, static_cast<uint32_t>(packet.size()), got) != Parse::Ok) std::abort();
  if (got.protocol != expected.protocol || got.fragment != expected.fragment) std::abort();
  if (expected.data && Rest(got.transport.begin(), got.transport.end()) != *expected.data) {
    std::abort();
  }
  if (!expected.data && !got.transport.empty()) std::abort();
  return 0;
}
