// SPDX-License-Identifier: Apache-2.0
// DNS record types and EDNS options: one row each, its number, its name, and the
// layout of its data as a text of field codes. dns_data.cpp turns data into text
// by walking the codes; a new type is a new row.
//
// Fields are separated by one blank. Codes of fixed or self-delimiting fields:
//   1 2 4  unsigned number of so many octets, decimal
//   n      domain name, absolute, compressed or not
//   t      seconds since 1970 as YYYYMMDDHHMMSS
//   T      record type by name, else TYPEn
//   Y      record type by name, else its number
//   a      DNSSEC algorithm by name, else its number
//   c      certificate type by name, else its number
//   d      DSYNC scheme by name, else its number
//   i      IPv4 address
//   l      64 bits as four hexadecimal groups
//   s      character-string, quoted
//   g      character-string of letters and digits, bare
//   h      octets behind a length octet, hexadecimal, `-` when there are none
//   H      octets behind a length octet, base32hex
//   u      EDNS client subnet: address/source/scope
//   E      extended DNS error: code, name, text
//   k      EDNS cookie: client/server
// Codes of all that is left:
//   x b    hexadecimal, base64; nothing when nothing is left
//   B      base64, `-` when nothing is left
//   S      character-strings, quoted
//   q      octets as one quoted string
//   e      octets joined by `-`
//   X      hexadecimal behind 0x
//   m M    type bitmap, in windows (RFC 4034) and flat (RFC 2535)
//   w      port bitmap
//   j J    list of numbers of one and two octets
//   p      how many octets there are
//   K      EDNS keepalive: a time in tenths of a second, or nothing
// Codes of whole types that no list of fields can describe:
//   L LOC · A APL · 6 A6 · G IPSECKEY · R AMTRELAY · P HIP · V parameters of
//   SVCB · U ATMA · I TSIG · Z TKEY
#pragma once

#include <cstdint>
#include <string_view>

namespace tracee {

struct DnsType {
  uint16_t number;
  std::string_view name;
  // Empty: the data is shown as RFC 3597 shows unknown types.
  std::string_view layout;
};

// Null: IANA has not assigned the number.
const DnsType* dns_type_row(uint16_t number) noexcept;
const DnsType* dns_option_row(uint16_t number) noexcept;

}  // namespace tracee
