// SPDX-License-Identifier: Apache-2.0
// DNS messages (RFC 1035, EDNS: RFC 6891).
//
// A message is parsed once, front to back, into the arena: texts and records are
// there, nothing points into the packet except raw TXT data. A fault ends the
// parse; what stood before it stays in the message.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "decode/packet.h"
#include "decode/protocol.h"

namespace tracee {

namespace dns_type {
constexpr uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kPtr = 12, kHinfo = 13, kMx = 15,
                   kTxt = 16, kAaaa = 28, kSrv = 33, kOpt = 41, kUri = 256;
}

struct DnsQuestion {
  std::string_view name, type, klass;
};

struct DnsSoa {
  std::string_view mname, rname;
  uint32_t serial, refresh, retry, expire, minimum;
};

struct DnsSrv {
  uint16_t priority, weight, port;
  std::string_view name;
};

struct DnsMx {
  uint16_t preference;
  std::string_view name;
};

struct DnsUri {
  uint16_t priority, weight;
  std::string_view target;
};

struct DnsOption {
  std::string_view code;
  std::string_view data;  // raw bytes
  std::string_view text;  // decoded; DnsDetail::Extended only
};

struct DnsText {
  std::span<const std::string_view> strings;
  std::string_view raw;  // RDATA with its length octets
};

// `rdata` points to what `type_number` says, in the arena; null: there is none.
// Read it through the accessors below, which answer zeros for the members of
// other types.
struct DnsRecord {
  std::string_view name, type, klass;
  uint32_t ttl;
  uint16_t type_number;
  const void* rdata;
};

const AddressText& dns_ip(const DnsRecord& r) noexcept;
std::string_view dns_ns(const DnsRecord& r) noexcept;
std::string_view dns_cname(const DnsRecord& r) noexcept;
std::string_view dns_ptr(const DnsRecord& r) noexcept;
std::span<const std::string_view> dns_txts(const DnsRecord& r) noexcept;
const DnsSoa& dns_soa(const DnsRecord& r) noexcept;
const DnsSrv& dns_srv(const DnsRecord& r) noexcept;
const DnsMx& dns_mx(const DnsRecord& r) noexcept;
std::span<const DnsOption> dns_opt(const DnsRecord& r) noexcept;
const DnsUri& dns_uri(const DnsRecord& r) noexcept;
std::string_view dns_txt(const DnsRecord& r) noexcept;
// Data in presentation form, of the types that have no member of their own above.
std::string_view dns_data(const DnsRecord& r) noexcept;
bool dns_has_data_text(uint16_t type) noexcept;
// An EDNS option decoded: "192.0.2.0/24/0" of a client subnet.
std::string_view dns_option_text(const DnsOption& option) noexcept;

// What is decoded beyond the usual members: their texts are empty otherwise.
enum class DnsDetail : uint8_t { Usual, Extended };

struct DnsMessage {
  uint16_t id;
  uint8_t qr;
  std::string_view op_code;
  uint8_t aa, tc, rd, ra, z;
  std::string_view response_code;
  uint16_t qd_count, an_count, ns_count, ar_count;  // as the header says
  std::span<const DnsQuestion> questions;
  std::span<const DnsRecord> answers, authorities, additionals;
  std::string_view malformed;  // the fault that ended the parse; DnsDetail::Extended only
};

// Fills `message` from one whole message. Truncated: not even a header. Otherwise
// the message holds all that stood before a fault (Malformed, NoRoom).
Parse parse_dns(Bytes bytes, Arena& arena, DnsMessage& message,
                DnsDetail detail = DnsDetail::Usual) noexcept;

bool on_dns_port(const Packet& packet, const DecodeOptions& options) noexcept;
// Emits the events of one whole message; `packet` is the one that completes it.
Parse decode_dns_message(Bytes bytes, const Packet& packet, Scope& scope) noexcept;

bool accepts_dns_datagram(const Packet& packet, const DecodeOptions& options) noexcept;
Parse decode_dns_datagram(const Packet& packet, Scope& scope) noexcept;

// Protocol::redact. dns_redact.cpp
const void* redact_dns(const EventSpec& spec, const void* data, const Redaction& what,
                       Arena& arena) noexcept;

}  // namespace tracee
