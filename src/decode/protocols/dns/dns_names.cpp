// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/dns/dns_names.h"

#include <algorithm>
#include <array>
#include <span>

#include "decode/protocols/dns/dns_types.h"

namespace tracee {
namespace {

struct Row {
  uint16_t number;
  std::string_view name;
};

// Tables are sorted by number; the assertions below hold them to it. Spellings are
// the reference format's where it has one, else IANA's keywords.
constexpr Row kClasses[] = {{1, "IN"}, {2, "CS"},     {3, "CH"},
                            {4, "HS"}, {254, "NONE"}, {255, "Any"}};

constexpr Row kOpcodes[] = {{0, "query"},  {1, "inverse query"}, {2, "status"},
                            {4, "notify"}, {5, "update"},        {6, "DSO"}};

// The blank that ends number 2 is the reference's, and part of the format.
constexpr Row kRcodes[] = {
    {0, "no error"},
    {1, "format error"},
    {2, "server failure "},
    {3, "non-existent domain"},
    {4, "not implemented"},
    {5, "query refused"},
    {6, "name exists when it should not"},
    {7, "rr set exists when it should not"},
    {8, "rr set that should exist does not"},
    {9, "server not authoritative for zone"},
    {10, "name not contained in zone"},
    {11, "DSOTYPENI"},
    {16, "bad opt version"},
    {17, "key not recognized"},
    {18, "signature out of time window"},
    {19, "bad tkey mode"},
    {20, "duplicate key name"},
    {21, "algorithm not supported"},
    {22, "bad truncation"},
    {23, "bad cookie"},
};

// RFC 8914 and IANA's additions.
constexpr Row kErrors[] = {
    {0, "Other Error"},
    {1, "Unsupported DNSKEY Algorithm"},
    {2, "Unsupported DS Digest Type"},
    {3, "Stale Answer"},
    {4, "Forged Answer"},
    {5, "DNSSEC Indeterminate"},
    {6, "DNSSEC Bogus"},
    {7, "Signature Expired"},
    {8, "Signature Not Yet Valid"},
    {9, "DNSKEY Missing"},
    {10, "RRSIGs Missing"},
    {11, "No Zone Key Bit Set"},
    {12, "NSEC Missing"},
    {13, "Cached Error"},
    {14, "Not Ready"},
    {15, "Blocked"},
    {16, "Censored"},
    {17, "Filtered"},
    {18, "Prohibited"},
    {19, "Stale NXDOMAIN Answer"},
    {20, "Not Authoritative"},
    {21, "Not Supported"},
    {22, "No Reachable Authority"},
    {23, "Network Error"},
    {24, "Invalid Data"},
    {25, "Signature Expired before Valid"},
    {26, "Too Early"},
    {27, "Unsupported NSEC3 Iterations Value"},
    {28, "Unable to conform to policy"},
    {29, "Synthesized"},
    {30, "Invalid Query Type"},
};

// Mnemonics of DNSSEC algorithms as zone files spell them.
constexpr Row kAlgorithms[] = {
    {1, "RSAMD5"},
    {2, "DH"},
    {3, "DSA"},
    {5, "RSASHA1"},
    {6, "NSEC3DSA"},
    {7, "NSEC3RSASHA1"},
    {8, "RSASHA256"},
    {10, "RSASHA512"},
    {12, "ECCGOST"},
    {13, "ECDSAP256SHA256"},
    {14, "ECDSAP384SHA384"},
    {15, "ED25519"},
    {16, "ED448"},
    {252, "INDIRECT"},
    {253, "PRIVATEDNS"},
    {254, "PRIVATEOID"},
};

// RFC 4398, 2.1.
constexpr Row kCertificates[] = {
    {1, "PKIX"}, {2, "SPKI"},   {3, "PGP"},     {4, "IPKIX"}, {5, "ISPKI"},
    {6, "IPGP"}, {7, "ACPKIX"}, {8, "IACPKIX"}, {253, "URI"}, {254, "OID"},
};

// Codes in TSIG and TKEY (RFC 8945, 5.3; RFC 2930, 2.6), as zone files spell them.
constexpr Row kTsigErrors[] = {
    {0, "NOERROR"},  {1, "FORMERR"},  {2, "SERVFAIL"},  {3, "NXDOMAIN"}, {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"}, {7, "YXRRSET"},   {8, "NXRRSET"},  {9, "NOTAUTH"},
    {10, "NOTZONE"}, {16, "BADSIG"},  {17, "BADKEY"},   {18, "BADTIME"}, {19, "BADMODE"},
    {20, "BADNAME"}, {21, "BADALG"},  {22, "BADTRUNC"},
};

constexpr bool sorted(std::span<const Row> rows) {
  return std::is_sorted(rows.begin(), rows.end(),
                        [](const Row& a, const Row& b) { return a.number < b.number; });
}
static_assert(sorted(kClasses) && sorted(kOpcodes) && sorted(kRcodes) && sorted(kErrors) &&
              sorted(kAlgorithms) && sorted(kCertificates) && sorted(kTsigErrors));

std::string_view name_in(std::span<const Row> rows, uint16_t number, std::string_view otherwise) {
  const auto row = std::lower_bound(rows.begin(), rows.end(), number,
                                    [](const Row& r, uint16_t n) { return r.number < n; });
  return row != rows.end() && row->number == number ? row->name : otherwise;
}

// Names of the numbers below Count: those that each message asks for are found by
// index.
template <size_t Count, size_t Rows>
constexpr std::array<std::string_view, Count> names_below(const Row (&rows)[Rows],
                                                          std::string_view otherwise) {
  std::array<std::string_view, Count> names{};
  for (auto& name : names) name = otherwise;
  for (const Row& row : rows) {
    if (row.number < Count) names[row.number] = row.name;
  }
  return names;
}
constexpr auto kFirstClasses = names_below<5>(kClasses, "Unknown");
constexpr auto kAllOpcodes = names_below<256>(kOpcodes, "unknown");
constexpr auto kFirstRcodes = names_below<24>(kRcodes, "unknown");

}  // namespace

std::string_view dns_type_name(uint16_t number) noexcept {
  const DnsType* row = dns_type_row(number);
  return row != nullptr ? row->name : "Unknown";
}
std::string_view dns_class_name(uint16_t number) noexcept {
  if (number < kFirstClasses.size()) return kFirstClasses[number];
  return name_in(kClasses, number, "Unknown");
}
std::string_view dns_opcode_name(uint8_t number) noexcept { return kAllOpcodes[number]; }
std::string_view dns_rcode_name(uint16_t number) noexcept {
  if (number < kFirstRcodes.size()) return kFirstRcodes[number];
  return name_in(kRcodes, number, "unknown");
}
std::string_view dns_option_name(uint16_t number) noexcept {
  const DnsType* row = dns_option_row(number);
  return row != nullptr ? row->name : "Unknown";
}
std::string_view dns_error_name(uint16_t number) noexcept { return name_in(kErrors, number, ""); }
std::string_view dns_algorithm_name(uint8_t number) noexcept {
  return name_in(kAlgorithms, number, "");
}
std::string_view dns_certificate_name(uint16_t number) noexcept {
  return name_in(kCertificates, number, "");
}
std::string_view dns_tsig_error_name(uint16_t number) noexcept {
  return name_in(kTsigErrors, number, "");
}

}  // namespace tracee
