// SPDX-License-Identifier: Apache-2.0
// Fields that many types have.
#include "decode/protocols/dns/dns_fields.h"

#include "decode/protocols/dns/dns_names.h"
#include "event/address.h"

namespace tracee::dns_field {
namespace {

constexpr size_t kPiece = 56;  // characters of one piece of hexadecimal or base64

void put_hex(Bytes data, TextOut& out, const char* digits) noexcept {
  char* at = out.room(2 * data.size());
  if (at == nullptr) return;
  for (const uint8_t octet : data) {
    *at++ = digits[octet >> 4];
    *at++ = digits[octet & 15];
  }
  out.commit(2 * data.size());
}

}  // namespace

void name(DataIn& in, TextOut& out) noexcept {
  const size_t start = static_cast<size_t>(in.bytes.position() - in.names.message.data());
  size_t at = start;
  if (!in || put_dns_name(in.names, at, out) != DnsFault::None) return in.bytes.fail();
  in.bytes.skip(at - start);
}

void hex(Bytes data, TextOut& out) noexcept {
  for (size_t at = 0; at < data.size(); at += kPiece / 2) {
    if (at > 0) out.put(' ');
    put_hex(data.subspan(at, std::min(kPiece / 2, data.size() - at)), out, kHexUpper);
  }
}

void base64(Bytes data, TextOut& out) noexcept {
  constexpr size_t kOctets = kPiece / 4 * 3;
  for (size_t at = 0; at < data.size(); at += kOctets) {
    if (at > 0) out.put(' ');
    whole_base64(data.subspan(at, std::min(kOctets, data.size() - at)), out);
  }
}

void whole_hex(Bytes data, TextOut& out, const char* digits) noexcept {
  put_hex(data, out, digits);
}

void whole_base64(Bytes data, TextOut& out) noexcept {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t size = (data.size() + 2) / 3 * 4;
  char* at = out.room(size);
  if (at == nullptr) return;
  for (size_t i = 0; i < data.size(); i += 3) {
    const size_t count = std::min<size_t>(3, data.size() - i);
    const uint32_t bits = static_cast<uint32_t>(data[i]) << 16 |
                          (count > 1 ? static_cast<uint32_t>(data[i + 1]) << 8 : 0u) |
                          (count > 2 ? data[i + 2] : 0u);
    *at++ = kDigits[bits >> 18];
    *at++ = kDigits[bits >> 12 & 63];
    *at++ = count > 1 ? kDigits[bits >> 6 & 63] : '=';
    *at++ = count > 2 ? kDigits[bits & 63] : '=';
  }
  out.commit(size);
}

// RFC 4648, 7; without padding, as RFC 5155 wants it.
void base32hex(Bytes data, TextOut& out) noexcept {
  static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
  uint32_t bits = 0;
  int count = 0;
  for (const uint8_t octet : data) {
    bits = bits << 8 | octet;
    for (count += 8; count >= 5; count -= 5) out.put(kDigits[bits >> (count - 5) & 31]);
  }
  if (count > 0) out.put(kDigits[bits << (5 - count) & 31]);
}

void quoted(Bytes data, TextOut& out) noexcept {
  out.put('"');
  for (const uint8_t c : data) {
    if (c == '"' || c == '\\') {
      out.put('\\');
      out.put(static_cast<char>(c));
    } else if (c >= 0x20 && c < 0x7f) {
      out.put(static_cast<char>(c));
    } else {
      out.put('\\');
      out.number(c, 3);
    }
  }
  out.put('"');
}

void ipv4(const uint8_t* address, TextOut& out) noexcept {
  if (char* at = out.room(kAddressTextMax)) out.commit(format_address(at, Address::v4(address)));
}

void ipv6(const uint8_t* address, TextOut& out) noexcept {
  const auto zeros = [&](size_t from, size_t to) {
    return std::all_of(address + from, address + to, [](uint8_t c) { return c == 0; });
  };
  // The two forms that end in a dotted quad.
  if (zeros(0, 10) && address[10] == 0xff && address[11] == 0xff) {
    out.put("::ffff:");
    return ipv4(address + 12, out);
  }
  if (zeros(0, 12) && !zeros(12, 14)) {
    out.put("::");
    return ipv4(address + 12, out);
  }
  if (char* at = out.room(kAddressTextMax)) out.commit(format_address(at, Address::v6(address)));
}

void type_name(uint16_t number, TextOut& out) noexcept {
  const std::string_view known = dns_type_name(number);
  if (known != "Unknown") return out.put(known);
  out.put("TYPE");
  out.number(number);
}

void mnemonic(std::string_view name, uint32_t number, TextOut& out) noexcept {
  if (name.empty()) {
    out.number(number);
  } else {
    out.put(name);
  }
}

// Days since 1970 as a date: years are counted from March on, so that the day a
// leap year adds is the last one.
void time(uint32_t seconds, TextOut& out) noexcept {
  constexpr uint32_t kDaysOfEra = 146097;          // 400 years
  const uint32_t days = seconds / 86400 + 719468;  // since 0000-03-01
  const uint32_t second = seconds % 86400;
  const uint32_t era = days / kDaysOfEra;
  const uint32_t day_of_era = days % kDaysOfEra;
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t month_from_march = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const uint32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  out.number(year_of_era + era * 400 + (month <= 2 ? 1 : 0), 4);
  out.number(month, 2);
  out.number(day, 2);
  out.number(second / 3600, 2);
  out.number(second / 60 % 60, 2);
  out.number(second % 60, 2);
}

namespace {

// Calls `on_bit` with the number of each bit set, highest bit of an octet first.
template <class OnBit>
void each_bit(Bytes bitmap, OnBit on_bit) noexcept {
  for (size_t i = 0; i < bitmap.size(); ++i) {
    for (size_t bit = 0; bit < 8; ++bit) {
      if ((bitmap[i] & (0x80 >> bit)) != 0) on_bit(static_cast<uint16_t>(i * 8 + bit));
    }
  }
}

}  // namespace

void type_windows(DataIn& in, TextOut& out) noexcept {
  int last = -1;
  bool first = true;
  while (in && in.left() > 0) {
    const uint8_t window = in.bytes.u8();
    const uint8_t size = in.bytes.u8();
    if (window <= last || size == 0 || size > 32) return in.bytes.fail();
    last = window;
    each_bit(in.bytes.take(size), [&](uint16_t bit) noexcept {
      if (!first) out.put(' ');
      first = false;
      type_name(static_cast<uint16_t>(window * 256 + bit), out);
    });
  }
}

void type_bitmap(DataIn& in, TextOut& out) noexcept {
  if (in.left() > 8192) return in.bytes.fail();
  bool first = true;
  each_bit(in.rest(), [&](uint16_t type) noexcept {
    if (!first) out.put(' ');
    first = false;
    const std::string_view known = dns_type_name(type);
    mnemonic(known == "Unknown" ? "" : known, type, out);
  });
}

void ports(DataIn& in, TextOut& out) noexcept {
  if (in.left() > 8192) return in.bytes.fail();
  bool first = true;
  each_bit(in.rest(), [&](uint16_t port) noexcept {
    if (!first) out.put(' ');
    first = false;
    out.number(port);
  });
}

}  // namespace tracee::dns_field
