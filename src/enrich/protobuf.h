// SPDX-License-Identifier: Apache-2.0
// As much of protobuf's wire format as the few messages of container runtimes need:
// https://protobuf.dev/programming-guides/encoding. Reading checks every bound; what
// is wrong ends the message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tracee {

class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : rest_(message) {}

  // Goes to the next field; false: that was the last, or the message is broken.
  bool next() noexcept {
    uint64_t tag = 0;
    if (rest_.empty() || !varint(tag)) return false;
    field_ = static_cast<uint32_t>(tag >> 3);
    bytes_ = {};
    number_ = 0;
    switch (tag & 7) {
      case 0:
        return varint(number_);
      case 1:
        return take(8);
      case 2: {
        uint64_t size = 0;
        return varint(size) && take(size);
      }
      case 5:
        return take(4);
      default:
        return false;
    }
  }

  uint32_t field() const noexcept { return field_; }
  uint64_t number() const noexcept { return number_; }        // of a varint
  std::string_view bytes() const noexcept { return bytes_; }  // of everything else

 private:
  bool varint(uint64_t& out) noexcept {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      out |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool take(uint64_t size) noexcept {
    if (size > rest_.size()) return false;
    bytes_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_, bytes_;
  uint32_t field_ = 0;
  uint64_t number_ = 0;
};

// The first occurrence of a field that has bytes; "": there is none.
inline std::string_view proto_bytes(std::string_view message, uint32_t field) noexcept {
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == field) return reader.bytes();
  }
  return {};
}

// The value of `key` in a map<string, string>; "": there is none.
inline std::string_view proto_map(std::string_view message, uint32_t field,
                                  std::string_view key) noexcept {
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == field && proto_bytes(reader.bytes(), 1) == key) {
      return proto_bytes(reader.bytes(), 2);
    }
  }
  return {};
}

// A message of one text field.
inline std::string proto_text(uint32_t field, std::string_view text) {
  std::string out(1, static_cast<char>(field << 3 | 2));
  uint64_t size = text.size();
  for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
  out += static_cast<char>(size);
  return out.append(text);
}

}  // namespace tracee
