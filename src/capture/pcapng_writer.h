// SPDX-License-Identifier: Apache-2.0
// Blocks of a pcapng file, as bytes: a section of IP packets with nanosecond
// times, one interface a network device, each packet with its owner (see
// pcapng_context.h) and direction, statistics at the end. It knows no file; who
// writes the bytes is packet_file.h. Allocates only when it first meets an interface.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "event/context.h"

namespace tracee {

class PcapngWriter {
 public:
  PcapngWriter();

  // The bytes since the last clear(). They end where a block ends.
  std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(block_.get()), used_};
  }
  void clear() noexcept { used_ = 0; }

  // Begins a section; the interfaces of the one before are forgotten. `what` is
  // a comment for all of it.
  void begin_section(std::string_view what);

  // False: there is no room; write bytes() and clear() first. `packet` is what was
  // captured of a packet of `length` bytes; both begin at the IP header.
  bool add(const Context& context, Bytes packet, uint32_t length);

  // Each interface's counts. `lost`: packets that never got here, of all interfaces.
  void end_section(uint64_t lost);

 private:
  struct Interface {
    uint32_t net_ns, index;
    uint64_t packets;
    uint64_t first_ns, last_ns;
  };

  uint32_t interface_of(const Context& context);
  size_t begin_block(uint32_t type) noexcept;
  void end_block(size_t start) noexcept;
  void put_u16(uint16_t value) noexcept { put(&value, sizeof value); }
  void put_u32(uint32_t value) noexcept { put(&value, sizeof value); }
  void put_time(uint64_t time_ns) noexcept;
  void put(const void* from, size_t count) noexcept;
  void pad() noexcept;
  void put_option(uint16_t code, std::string_view value) noexcept;
  void put_count(uint16_t code, uint64_t value) noexcept;

  std::unique_ptr<uint8_t[]> block_;
  size_t used_ = 0;
  std::vector<Interface> interfaces_;
};

}  // namespace tracee
