// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/dns/dns_types.h"

#include <algorithm>
#include <array>
#include <span>

namespace tracee {
namespace {

// Names are IANA's keywords; 255, whose keyword is `*`, has the name people and
// tools use, for `*` is a pattern in filters. Types that the record shows in
// fields of their own (A, NS, …) have no layout.
constexpr DnsType kTypes[] = {
    {1, "A", ""},
    {2, "NS", ""},
    {3, "MD", "n"},
    {4, "MF", "n"},
    {5, "CNAME", ""},
    {6, "SOA", ""},
    {7, "MB", "n"},
    {8, "MG", "n"},
    {9, "MR", "n"},
    {10, "NULL", ""},
    {11, "WKS", "i1w"},
    {12, "PTR", ""},
    {13, "HINFO", ""},
    {14, "MINFO", "nn"},
    {15, "MX", ""},
    {16, "TXT", ""},
    {17, "RP", "nn"},
    {18, "AFSDB", "2n"},
    {19, "X25", "s"},
    {20, "ISDN", "S"},
    {21, "RT", "2n"},
    {22, "NSAP", "X"},
    {23, "NSAP-PTR", "n"},
    {24, "SIG", "Y114tt2nb"},
    {25, "KEY", "211b"},
    {26, "PX", "2nn"},
    {27, "GPOS", "sss"},
    {28, "AAAA", ""},
    {29, "LOC", "L"},
    {30, "NXT", "nM"},
    {31, "EID", "x"},
    {32, "NIMLOC", "x"},
    {33, "SRV", ""},
    {34, "ATMA", "U"},
    {35, "NAPTR", "22sssn"},
    {36, "KX", "2n"},
    {37, "CERT", "c2ab"},
    {38, "A6", "6"},
    {39, "DNAME", "n"},
    {40, "SINK", "111b"},
    {41, "OPT", ""},
    {42, "APL", "A"},
    {43, "DS", "211x"},
    {44, "SSHFP", "11x"},
    {45, "IPSECKEY", "G"},
    {46, "RRSIG", "T114tt2nb"},
    {47, "NSEC", "nm"},
    {48, "DNSKEY", "211b"},
    {49, "DHCID", "b"},
    {50, "NSEC3", "112hHm"},
    {51, "NSEC3PARAM", "112h"},
    {52, "TLSA", "111x"},
    {53, "SMIMEA", "111x"},
    {55, "HIP", "P"},
    {56, "NINFO", "S"},
    {57, "RKEY", "211b"},
    {58, "TALINK", "nn"},
    {59, "CDS", "211x"},
    {60, "CDNSKEY", "211b"},
    {61, "OPENPGPKEY", "b"},
    {62, "CSYNC", "42m"},
    {63, "ZONEMD", "411x"},
    {64, "SVCB", "2nV"},
    {65, "HTTPS", "2nV"},
    {66, "DSYNC", "Td2n"},
    {67, "HHIT", "b"},
    {68, "BRID", "b"},
    {99, "SPF", "S"},
    {100, "UINFO", ""},
    {101, "UID", ""},
    {102, "GID", ""},
    {103, "UNSPEC", ""},
    {104, "NID", "2l"},
    {105, "L32", "2i"},
    {106, "L64", "2l"},
    {107, "LP", "2n"},
    {108, "EUI48", "e"},
    {109, "EUI64", "e"},
    {128, "NXNAME", ""},
    {249, "TKEY", "Z"},
    {250, "TSIG", "I"},
    {251, "IXFR", ""},
    {252, "AXFR", ""},
    {253, "MAILB", ""},
    {254, "MAILA", ""},
    {255, "ANY", ""},
    {256, "URI", ""},
    {257, "CAA", "1gq"},
    {258, "AVC", "S"},
    {259, "DOA", "441sB"},
    {260, "AMTRELAY", "R"},
    {261, "RESINFO", "S"},
    {262, "WALLET", "S"},
    {263, "CLA", "S"},
    {264, "IPN", ""},
    {32768, "TA", "211x"},
    {32769, "DLV", "211x"},
};

// Names up to 14, 16, 17 and 26946 are the reference format's, the rest IANA's.
constexpr DnsType kOptions[] = {
    {1, "LLQ", "x"},
    {2, "Update Lease", "4"},
    {3, "NSID", "q"},
    {5, "DAU", "j"},
    {6, "DHU", "j"},
    {7, "N3U", "j"},
    {8, "EDNSClientSubnet", "u"},
    {9, "EDNSExpire", "4"},
    {10, "Cookie", "k"},
    {11, "EDNSKeepAlive", "K"},
    {12, "CodePadding", "p"},
    {13, "CodeChain", "n"},
    {14, "CodeEDNSKeyTag", "J"},
    {15, "Extended DNS Error", "E"},
    {16, "EDNSClientTag", "2"},
    {17, "EDNSServerTag", "2"},
    {18, "Report-Channel", "n"},
    {19, "ZONEVERSION", "11x"},
    {20, "MQTYPE-Query", "x"},
    {21, "MQTYPE-Response", "x"},
    {20292, "Umbrella Ident", "x"},
    {26946, "DeviceID", "x"},
};

constexpr bool rising(std::span<const DnsType> rows) {
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i - 1].number >= rows[i].number) return false;
  }
  return true;
}
static_assert(rising(kTypes) && rising(kOptions));

const DnsType* find(std::span<const DnsType> rows, uint16_t number) noexcept {
  const auto row = std::ranges::lower_bound(rows, number, {}, &DnsType::number);
  return row != rows.end() && row->number == number ? &*row : nullptr;
}

// Every record asks for its type's row: those that occur are found by index.
constexpr uint16_t kIndexed = 320;
constexpr auto kIndex = [] {
  std::array<uint8_t, kIndexed> out{};  // row + 1; 0: none
  static_assert(std::size(kTypes) < 255);
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i].number < kIndexed) out[kTypes[i].number] = static_cast<uint8_t>(i + 1);
  }
  return out;
}();

}  // namespace

const DnsType* dns_type_row(uint16_t number) noexcept {
  if (number >= kIndexed) return find(kTypes, number);
  const uint8_t row = kIndex[number];
  return row == 0 ? nullptr : &kTypes[row - 1];
}

const DnsType* dns_option_row(uint16_t number) noexcept { return find(kOptions, number); }

}  // namespace tracee
