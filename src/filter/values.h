// SPDX-License-Identifier: Apache-2.0
// The values that a field is compared with, all of one kind: ranges of numbers,
// patterns of text, networks. `dst_port=53,1024-2047`, `data.src in [10.0.0.0/8]`
// and `data.dst_port >= 80` all become one set each, so a comparison is one
// question: is the field's value in the set?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/value.h"
#include "filter/key_ranges.h"

namespace tracee {

enum class Operator : uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };

// An integer of the language, before it is known what field it meets.
struct Number {
  bool negative = false;
  uint64_t magnitude = 0;
};
// Decimal or 0x…, with a sign in front; false: no number. Too big a number is
// UINT64_MAX, which no field but the widest takes.
bool parse_number(std::string_view text, Number& out);

class ValueSet {
 public:
  // Numbers are kept in an order-preserving unsigned form: signed ones have
  // their sign bit turned, so one comparison serves both.
  struct Range {
    uint64_t low, high;
  };
  enum class Shape : uint8_t { Exact, Prefix, Suffix, Contains };
  struct Text {
    Shape shape;
    std::string text;
  };

  // The kind and, for a number, the width of the field it is for.
  ValueSet(Kind kind, unsigned width_bits) : kind_(kind), width_bits_(width_bits) {}

  Kind kind() const noexcept { return kind_; }
  bool empty() const noexcept {
    return ranges_.empty() && texts_.empty() && networks_.empty() && !none_address_;
  }

  // A value as `--events` writes it: 80, 0x50, 1024-2047, 10.0.0.0/8, abc*.
  Result<> add(std::string_view text);
  // What `OP number` holds for; `!=` is the caller's to turn round.
  Result<> add_number(Operator op, Number number);
  Result<> add_flag(bool value);
  Result<> add_network(const Address& address, unsigned bits);
  // An exact text; for addresses an address or network.
  Result<> add_text(std::string_view text);

  // Set arithmetic, of numbers only.
  void intersect(const ValueSet& other);
  void subtract(const ValueSet& other);
  // Of any one kind.
  void unite(const ValueSet& other);

  bool contains(const Value& value) const noexcept;
  // The set is one range of numbers: value.u ^ bias lies in [low, low + span].
  bool one_range(uint64_t& bias, uint64_t& low, uint64_t& span) const noexcept;

  // The set as keys of so many bytes: of numbers; of texts that end with a NUL and
  // are shorter than the key; of addresses (16 bytes, IPv4 in the mapped form).
  // Nothing: it cannot be said exactly, as of patterns like `*abc`.
  std::optional<KeyRanges> keys(unsigned bytes) const;

  // What it is made of, for an index. Of numbers, flags too: value.u ^ number_bias().
  const std::vector<Range>& numbers() const noexcept { return ranges_; }
  uint64_t number_bias() const noexcept { return bias(); }
  // Null: it is not made of whole texts alone.
  const std::vector<Text>* patterns() const noexcept {
    return kind_ == Kind::Text && cut_ == SIZE_MAX ? &texts_ : nullptr;
  }
  bool has_none_address() const noexcept { return none_address_; }

  // Only the first `bytes` of a text count, as the kernel cuts names.
  void cut_at(size_t bytes);

 private:
  // An address is in it when it equals `bytes` wherever `mask` is set.
  struct Network {
    uint8_t family;
    uint64_t bytes[2], mask[2];
  };

  bool is_number() const noexcept { return kind_ == Kind::Unsigned || kind_ == Kind::Signed; }
  uint64_t bias() const noexcept { return kind_ == Kind::Signed ? uint64_t{1} << 63 : 0; }
  Result<uint64_t> key(Number number) const;
  Result<> add_range(std::string_view text);
  Result<> add_pattern(std::string_view text);
  Result<> add_address(std::string_view text);
  void normalise();
  bool contains_text(std::string_view value) const noexcept;
  bool contains_address(const Address& value) const noexcept;
  std::optional<KeyRanges> text_keys(unsigned bytes) const;
  std::optional<KeyRanges> address_keys() const;

  Kind kind_;
  unsigned width_bits_;
  size_t cut_ = SIZE_MAX;
  std::vector<Range> ranges_;
  std::vector<Text> texts_;
  std::vector<Network> networks_;
  bool none_address_ = false;  // "": the address that is none
};

}  // namespace tracee
