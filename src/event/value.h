// SPDX-License-Identifier: Apache-2.0
// The event room: what an event is. Values, fields, records, events and the
// context of a packet, all as constexpr tables that filters, formats, docs and
// tests read. Depends on base only.
//
// This header: one value of a field, as its readers see it. A Value is a view;
// it lives as long as the event it was read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tracee {

enum class Kind : uint8_t {
  Unsigned,
  Signed,
  Flag,  // one bit, printed as 0 or 1
  Bool,  // printed as true or false
  Text,
  Address,
  Record,  // members by Field::of
  List,    // elements by Field::at
  Map,     // text to list of texts, sorted by key
};

// IPv4 or IPv6 address. `family` 0: none, printed as "".
struct Address {
  uint8_t bytes[16];
  uint8_t family;  // 0, 4 or 6

  static Address none() noexcept { return Address{}; }
  static Address v4(const uint8_t* p) noexcept {
    // As one store of 16 bytes: whoever copies the address loads as many, and must
    // wait if they come from several stores.
    using Words = uint32_t __attribute__((vector_size(16)));
    uint32_t first;
    std::memcpy(&first, p, sizeof first);
    const Words words = {first, 0, 0, 0};
    Address a;
    std::memcpy(a.bytes, &words, sizeof a.bytes);
    a.family = 4;
    return a;
  }
  static Address v6(const uint8_t* p) noexcept {
    Address a{};
    std::memcpy(a.bytes, p, 16);
    a.family = 6;
    return a;
  }
  // Sixteen bytes at once; of arrays the compiler makes a comparison a byte.
  bool operator==(const Address& other) const noexcept {
    return std::memcmp(bytes, other.bytes, sizeof bytes) == 0 && family == other.family;
  }
};

// A flag of a header: its own type, so that the table prints it as a number.
struct Flag {
  bool set = false;
};

// An address as a message carries it: when its bytes make no address (a DNS A
// record of five bytes), `odd` is the text to show instead.
struct AddressText {
  Address address;
  std::string_view odd;
};

struct MapEntry {
  std::string_view key;
  std::span<const std::string_view> values;
};
using TextMap = std::span<const MapEntry>;

struct Value {
  Kind kind = Kind::Unsigned;
  uint32_t count = 0;  // bytes of a Text, elements of a List or Map
  union {
    uint64_t u = 0;
    int64_t i;
    const void* p;
  };

  std::string_view text() const noexcept { return {static_cast<const char*>(p), count}; }
  const Address& address() const noexcept { return *static_cast<const Address*>(p); }
  TextMap map() const noexcept { return {static_cast<const MapEntry*>(p), count}; }
};

inline Value value_of(uint64_t v) noexcept {
  Value out;
  out.u = v;
  return out;
}
inline Value value_of(int64_t v) noexcept {
  Value out;
  out.kind = Kind::Signed;
  out.i = v;
  return out;
}
inline Value value_of(Flag v) noexcept {
  Value out;
  out.kind = Kind::Flag;
  out.u = v.set;
  return out;
}
inline Value value_of(bool v) noexcept {
  Value out;
  out.kind = Kind::Bool;
  out.u = v;
  return out;
}
inline Value value_of(std::string_view v) noexcept {
  Value out;
  out.kind = Kind::Text;
  out.count = static_cast<uint32_t>(v.size());
  out.p = v.data();
  return out;
}
inline Value value_of(const Address& v) noexcept {
  Value out;
  out.kind = Kind::Address;
  out.p = &v;
  return out;
}
inline Value value_of(const AddressText& v) noexcept {
  return v.odd.empty() ? value_of(v.address) : value_of(v.odd);
}
inline Value value_of(const TextMap& v) noexcept {
  Value out;
  out.kind = Kind::Map;
  out.count = static_cast<uint32_t>(v.size());
  out.p = v.data();
  return out;
}

}  // namespace tracee
