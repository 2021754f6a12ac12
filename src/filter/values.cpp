// SPDX-License-Identifier: Apache-2.0
#include "filter/values.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "event/address.h"

namespace tracee {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// IPv4-mapped addresses print as dotted quads, so they are filtered as such.
Address unmapped(const Address& address) noexcept {
  static constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped =
      address.family == 6 && std::memcmp(address.bytes, kPrefix, sizeof kPrefix) == 0;
  return mapped ? Address::v4(address.bytes + 12) : address;
}

std::string shown(Number number) {
  return (number.negative ? "-" : "") + std::to_string(number.magnitude);
}

}  // namespace

bool parse_number(std::string_view text, Number& out) {
  out.negative = text.starts_with('-');
  text.remove_prefix(out.negative ? 1 : 0);
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out.magnitude, hex ? 16 : 10);
  if (text.empty() || parsed.ptr != end) return false;
  if (parsed.ec == std::errc::result_out_of_range) out.magnitude = UINT64_MAX;
  return parsed.ec != std::errc::invalid_argument;
}

Result<uint64_t> ValueSet::key(Number number) const {
  const bool is_signed = kind_ == Kind::Signed;
  const unsigned bits = std::min(width_bits_, 64u) - (is_signed ? 1 : 0);
  const uint64_t most = bits >= 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
  const uint64_t least = is_signed ? most + 1 : 0;  // how far below zero
  if (number.magnitude > (number.negative ? least : most)) {
    return fail(Exit::Usage, quoted(shown(number)) + " is out of the field's range",
                "it holds " + shown({is_signed, least}) + " to " + std::to_string(most));
  }
  const uint64_t value = number.negative ? uint64_t{0} - number.magnitude : number.magnitude;
  return value ^ bias();
}

Result<> ValueSet::add_range(std::string_view text) {
  const auto one = [&](std::string_view part) -> Result<uint64_t> {
    Number number;
    if (!parse_number(part, number)) {
      const bool wild = part.find('*') != part.npos;
      return fail(Exit::Usage, quoted(part) + " is not a number",
                  wild ? "numbers take no wildcards; give a range, as in 1024-65535"
                       : "give a decimal or 0x… number, or a range as in 1024-65535");
    }
    return key(number);
  };
  // A dash behind the first digit makes a range; in front it is a sign.
  const size_t dash = text.find('-', 1);
  auto low = one(text.substr(0, dash));
  if (!low) return forward(low);
  auto high = dash == text.npos ? low : one(text.substr(dash + 1));
  if (!high) return forward(high);
  if (*low > *high) {
    return fail(
        Exit::Usage, "the range " + quoted(text) + " is reversed",
        "write " + std::string(text.substr(dash + 1)) + "-" + std::string(text.substr(0, dash)));
  }
  ranges_.push_back({*low, *high});
  normalise();
  return {};
}

Result<> ValueSet::add_number(Operator op, Number number) {
  if (!is_number()) {
    if (kind_ == Kind::Flag || kind_ == Kind::Bool) {
      if (number.negative || number.magnitude > 1) {
        return fail(Exit::Usage, quoted(shown(number)) + " is no flag value",
                    "give 0, 1, true or false");
      }
      if (op == Operator::Equal || op == Operator::NotEqual) return add_flag(number.magnitude == 1);
    }
    return fail(Exit::Usage, "the field is no number and has no order", "use == or !=");
  }
  auto at = key(number);
  if (!at) return forward(at);
  switch (op) {
    case Operator::Equal:
    case Operator::NotEqual:
      ranges_.push_back({*at, *at});
      break;
    case Operator::Less:
      if (*at == 0) {
        return fail(Exit::Usage, "nothing is less than " + shown(number), "use = or >");
      }
      ranges_.push_back({0, *at - 1});
      break;
    case Operator::LessEqual:
      ranges_.push_back({0, *at});
      break;
    case Operator::Greater:
      if (*at < UINT64_MAX) ranges_.push_back({*at + 1, UINT64_MAX});
      break;
    case Operator::GreaterEqual:
      ranges_.push_back({*at, UINT64_MAX});
      break;
  }
  normalise();
  return {};
}

Result<> ValueSet::add_flag(bool value) {
  if (kind_ != Kind::Flag && kind_ != Kind::Bool) {
    return fail(Exit::Usage, "the field is no flag", "true and false stand for flags only");
  }
  ranges_.push_back({value, value});
  normalise();
  return {};
}

Result<> ValueSet::add_network(const Address& address, unsigned bits) {
  if (kind_ != Kind::Address) {
    return fail(Exit::Usage, "the field is no address", "put text in quotes");
  }
  const Address network = unmapped(address);
  const unsigned shift = address.family == network.family ? 0 : 96;
  if (bits < shift) {
    return fail(Exit::Usage, quoted(std::to_string(bits)) + " is no prefix length",
                "give " + std::to_string(shift) + " to 128 for a mapped IPv4 network");
  }
  Network out{network.family, {}, {}};
  uint8_t mask[16] = {};
  for (unsigned i = 0; i < bits - shift; ++i) {
    mask[i / 8] = static_cast<uint8_t>(mask[i / 8] | 0x80u >> i % 8);
  }
  std::memcpy(out.bytes, network.bytes, sizeof out.bytes);
  std::memcpy(out.mask, mask, sizeof out.mask);
  networks_.push_back(out);
  return {};
}

Result<> ValueSet::add_address(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) {
    return fail(Exit::Usage, quoted(text) + " is not an address",
                "give an address, a network as in 10.0.0.0/8, or a pattern as in 10.*");
  }
  const unsigned most = address->family == 4 ? 32 : 128;
  unsigned bits = most;
  if (slash != text.npos) {
    const std::string_view length = text.substr(slash + 1);
    const char* end = length.data() + length.size();
    const auto parsed = std::from_chars(length.data(), end, bits);
    if (length.empty() || parsed.ptr != end || parsed.ec != std::errc() || bits > most) {
      return fail(Exit::Usage, quoted(length) + " is no prefix length",
                  "give 0 to " + std::to_string(most));
    }
  }
  return add_network(*address, bits);
}

Result<> ValueSet::add_pattern(std::string_view text) {
  const bool front = text.starts_with('*');
  const bool back = text.size() > 1 && text.ends_with('*');
  const std::string_view inner =
      text.substr(front ? 1 : 0, text.size() - (front ? 1 : 0) - (back ? 1 : 0));
  if (inner.empty()) {
    return fail(Exit::Usage, quoted(text) + " matches everything or nothing",
                "give some text with it, as in abc* or *abc");
  }
  if (inner.find('*') != inner.npos) {
    return fail(Exit::Usage, "a star inside " + quoted(text),
                "stars stand at the ends: abc*, *abc or *abc*");
  }
  const Shape shape = front && back ? Shape::Contains
                      : front       ? Shape::Suffix
                      : back        ? Shape::Prefix
                                    : Shape::Exact;
  texts_.push_back({shape, std::string(inner)});
  return {};
}

Result<> ValueSet::add_text(std::string_view text) {
  if (kind_ == Kind::Address) {
    if (!text.empty()) return add_address(text);
    none_address_ = true;
    return {};
  }
  if (kind_ != Kind::Text) {
    Number number;
    return fail(Exit::Usage, "the field is a number, " + quoted(text) + " is text",
                parse_number(text, number) ? "leave the quotes out" : "give a number");
  }
  texts_.push_back({Shape::Exact, std::string(text)});
  return {};
}

Result<> ValueSet::add(std::string_view text) {
  switch (kind_) {
    case Kind::Unsigned:
    case Kind::Signed:
      return add_range(text);
    case Kind::Flag:
    case Kind::Bool:
      if (text == "1" || text == "true") return add_flag(true);
      if (text == "0" || text == "false") return add_flag(false);
      return fail(Exit::Usage, quoted(text) + " is no flag value", "give 0, 1, true or false");
    case Kind::Address:
      return text.find('*') != text.npos ? add_pattern(text) : add_address(text);
    default:
      return add_pattern(text);
  }
}

// Ranges in order, none touching another.
void ValueSet::normalise() {
  std::ranges::sort(ranges_, {}, &Range::low);
  std::vector<Range> out;
  for (const Range& range : ranges_) {
    if (!out.empty() && (out.back().high == UINT64_MAX || range.low <= out.back().high + 1)) {
      out.back().high = std::max(out.back().high, range.high);
    } else {
      out.push_back(range);
    }
  }
  ranges_ = std::move(out);
}

void ValueSet::intersect(const ValueSet& other) {
  std::vector<Range> out;
  for (const Range& a : ranges_) {
    for (const Range& b : other.ranges_) {
      const Range both{std::max(a.low, b.low), std::min(a.high, b.high)};
      if (both.low <= both.high) out.push_back(both);
    }
  }
  ranges_ = std::move(out);
}

void ValueSet::subtract(const ValueSet& other) {
  for (const Range& hole : other.ranges_) {
    std::vector<Range> out;
    for (const Range& range : ranges_) {
      if (hole.high < range.low || hole.low > range.high) {
        out.push_back(range);
        continue;
      }
      if (hole.low > range.low) out.push_back({range.low, hole.low - 1});
      if (hole.high < range.high) out.push_back({hole.high + 1, range.high});
    }
    ranges_ = std::move(out);
  }
}

void ValueSet::unite(const ValueSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  normalise();
  texts_.insert(texts_.end(), other.texts_.begin(), other.texts_.end());
  networks_.insert(networks_.end(), other.networks_.begin(), other.networks_.end());
  none_address_ = none_address_ || other.none_address_;
}

void ValueSet::cut_at(size_t bytes) {
  cut_ = bytes;
  for (Text& text : texts_) text.text = text.text.substr(0, bytes);
}

bool ValueSet::one_range(uint64_t& bias_out, uint64_t& low, uint64_t& span) const noexcept {
  const bool numeric = is_number() || kind_ == Kind::Flag || kind_ == Kind::Bool;
  if (!numeric || ranges_.size() != 1) return false;
  bias_out = bias();
  low = ranges_[0].low;
  span = ranges_[0].high - ranges_[0].low;
  return true;
}

bool ValueSet::contains_text(std::string_view value) const noexcept {
  value = value.substr(0, cut_);
  for (const Text& term : texts_) {
    switch (term.shape) {
      case Shape::Exact:
        if (value == term.text) return true;
        break;
      case Shape::Prefix:
        if (value.starts_with(term.text)) return true;
        break;
      case Shape::Suffix:
        if (value.ends_with(term.text)) return true;
        break;
      case Shape::Contains:
        if (value.find(term.text) != value.npos) return true;
        break;
    }
  }
  return false;
}

bool ValueSet::contains_address(const Address& value) const noexcept {
  const Address& address = value.family == 6 ? unmapped(value) : value;
  if (address.family == 0 && none_address_) return true;
  uint64_t bytes[2];
  std::memcpy(bytes, address.bytes, sizeof bytes);
  for (const Network& network : networks_) {
    const uint64_t differs = ((bytes[0] ^ network.bytes[0]) & network.mask[0]) |
                             ((bytes[1] ^ network.bytes[1]) & network.mask[1]);
    if (differs == 0 && address.family == network.family) return true;
  }
  if (texts_.empty()) return false;
  char text[kAddressTextMax];
  return contains_text({text, format_address(text, address)});
}

bool ValueSet::contains(const Value& value) const noexcept {
  switch (value.kind) {
    case Kind::Unsigned:
    case Kind::Flag:
    case Kind::Bool:
    case Kind::Signed: {
      const uint64_t at = value.u ^ bias();
      for (const Range& range : ranges_) {
        if (at >= range.low && at <= range.high) return true;
      }
      return false;
    }
    case Kind::Text:
      return contains_text(value.text()) || (none_address_ && value.count == 0);
    case Kind::Address:
      return contains_address(value.address());
    default:
      return false;
  }
}

}  // namespace tracee
