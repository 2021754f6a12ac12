// SPDX-License-Identifier: Apache-2.0
// The fields that record data is made of: each reads its octets and writes their
// text. A field that cannot be read makes DataIn false, and the text is thrown
// away. Private to dns_data*.cpp.
#pragma once

#include "decode/protocols/dns/dns_name.h"
#include "decode/reader.h"

namespace tracee {

// The data of one record. Bytes are read from `bytes`, names by name().
struct DataIn {
  DnsMessageNames& names;
  Reader bytes;

  explicit operator bool() const noexcept { return static_cast<bool>(bytes); }
  size_t left() const noexcept { return bytes.left(); }
  Bytes rest() noexcept { return bytes.take(bytes.left()); }
};

namespace dns_field {

constexpr char kHexUpper[] = "0123456789ABCDEF";
constexpr char kHexLower[] = "0123456789abcdef";

void name(DataIn& in, TextOut& out) noexcept;
// Long ones are cut into pieces of 56 characters with blanks between, as dig
// shows them; the `whole_` ones are not.
void hex(Bytes data, TextOut& out) noexcept;
void base64(Bytes data, TextOut& out) noexcept;
void whole_hex(Bytes data, TextOut& out, const char* digits = kHexUpper) noexcept;
void whole_base64(Bytes data, TextOut& out) noexcept;
void base32hex(Bytes data, TextOut& out) noexcept;
void quoted(Bytes data, TextOut& out) noexcept;
void ipv4(const uint8_t* address, TextOut& out) noexcept;
// As inet_ntop has it: a mapped address keeps its prefix.
void ipv6(const uint8_t* address, TextOut& out) noexcept;
void type_name(uint16_t number, TextOut& out) noexcept;
// A number by name, or as it is when it has none.
void mnemonic(std::string_view name, uint32_t number, TextOut& out) noexcept;
void time(uint32_t seconds, TextOut& out) noexcept;
// RFC 4034, 4.1.2.
void type_windows(DataIn& in, TextOut& out) noexcept;
void type_bitmap(DataIn& in, TextOut& out) noexcept;
void ports(DataIn& in, TextOut& out) noexcept;

// Whole types.
void loc(DataIn& in, TextOut& out) noexcept;
void apl(DataIn& in, TextOut& out) noexcept;
void a6(DataIn& in, TextOut& out) noexcept;
void ipseckey(DataIn& in, TextOut& out) noexcept;
void amtrelay(DataIn& in, TextOut& out) noexcept;
void hip(DataIn& in, TextOut& out) noexcept;
void svcb_parameters(DataIn& in, TextOut& out) noexcept;
void atma(DataIn& in, TextOut& out) noexcept;
void tsig(DataIn& in, TextOut& out) noexcept;
void tkey(DataIn& in, TextOut& out) noexcept;

// EDNS options.
void client_subnet(DataIn& in, TextOut& out) noexcept;
void extended_error(DataIn& in, TextOut& out) noexcept;
void cookie(DataIn& in, TextOut& out) noexcept;
void keepalive(DataIn& in, TextOut& out) noexcept;

}  // namespace dns_field
}  // namespace tracee
