// SPDX-License-Identifier: Apache-2.0
// For tests: bytes of a capture file, written number by number in either byte
// order, and descriptors to read them back from.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"

namespace tracee {

class FileBuilder {
 public:
  explicit FileBuilder(std::endian order = std::endian::little) : order_(order) {}

  FileBuilder& u8(uint8_t v) { return number(v, 1); }
  FileBuilder& u16(uint16_t v) { return number(v, 2); }
  FileBuilder& u32(uint32_t v) { return number(v, 4); }
  FileBuilder& u64(uint64_t v) { return number(v, 8); }
  FileBuilder& bytes(Bytes v) {
    bytes_.insert(bytes_.end(), v.begin(), v.end());
    return *this;
  }
  FileBuilder& bytes(std::initializer_list<uint8_t> v) { return bytes({v.begin(), v.size()}); }
  FileBuilder& zeros(size_t count) {
    bytes_.insert(bytes_.end(), count, 0);
    return *this;
  }
  FileBuilder& pad4() { return zeros((4 - bytes_.size() % 4) % 4); }

  // A pcapng block: type and both lengths around `body`, whose size is padded to 4.
  FileBuilder& block(uint32_t type, const FileBuilder& body) {
    const auto length = static_cast<uint32_t>(12 + (body.size() + 3) / 4 * 4);
    u32(type).u32(length).bytes(body.view());
    return zeros((4 - body.size() % 4) % 4).u32(length);
  }

  // A pcapng option with its padding.
  FileBuilder& option(uint16_t code, const FileBuilder& value) {
    u16(code).u16(static_cast<uint16_t>(value.size())).bytes(value.view());
    return zeros((4 - value.size() % 4) % 4);
  }

  FileBuilder body() const { return FileBuilder(order_); }  // empty, same order
  Bytes view() const { return bytes_; }
  size_t size() const { return bytes_.size(); }

 private:
  FileBuilder& number(uint64_t v, int width) {
    for (int i = 0; i < width; ++i) {
      const int byte = order_ == std::endian::little ? i : width - 1 - i;
      bytes_.push_back(static_cast<uint8_t>(v >> (8 * byte)));
    }
    return *this;
  }

  std::endian order_;
  std::vector<uint8_t> bytes_;
};

// A file with these bytes, read position at its start.
inline Fd file_of(Bytes content) {
  Fd file(::memfd_create("capture", MFD_CLOEXEC));
  if (!file ||
      ::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    std::abort();
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

// Reading end, writing end.
inline std::pair<Fd, Fd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  return {Fd(ends[0]), Fd(ends[1])};
}

// The header of an IPv4 packet with `payload` bytes behind it.
inline FileBuilder ipv4_packet(size_t payload = 0) {
  FileBuilder packet(std::endian::big);
  packet.u8(0x45).u8(0).u16(static_cast<uint16_t>(20 + payload)).u32(0);
  packet.u8(64).u8(17).u16(0).bytes({192, 0, 2, 1}).bytes({192, 0, 2, 2}).zeros(payload);
  return packet;
}

inline FileBuilder ipv6_packet(size_t payload = 0) {
  FileBuilder packet(std::endian::big);
  packet.u32(0x60000000).u16(static_cast<uint16_t>(payload)).u8(17).u8(64);
  packet.bytes({0x20, 1, 0xd, 0xb8}).zeros(11).u8(1);
  packet.bytes({0x20, 1, 0xd, 0xb8}).zeros(11).u8(2).zeros(payload);
  return packet;
}

inline FileBuilder ethernet(uint16_t type, const FileBuilder& payload) {
  FileBuilder frame(std::endian::big);
  frame.bytes({2, 0, 0, 0, 0, 2}).bytes({2, 0, 0, 0, 0, 1}).u16(type).bytes(payload.view());
  return frame;
}

}  // namespace tracee
