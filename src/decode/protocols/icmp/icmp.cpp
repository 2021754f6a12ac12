// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/icmp/icmp.h"

#include <charconv>
#include <span>

#include "decode/protocols/icmp/icmp_event.h"

namespace tracee {
namespace {

// One row a type: the reference format's name, and the names of codes 0, 1, …
struct Type {
  uint8_t number;
  std::string_view name;
  std::span<const std::string_view> codes;
};

constexpr std::string_view kUnreachable[] = {
    "Net",
    "Host",
    "Protocol",
    "Port",
    "FragmentationNeeded",
    "SourceRoutingFailed",
    "NetUnknown",
    "HostUnknown",
    "SourceIsolated",
    "NetAdminProhibited",
    "HostAdminProhibited",
    "NetTOS",
    "HostTOS",
    "CommAdminProhibited",
    "HostPrecedence",
    "PrecedenceCutoff",
};
constexpr std::string_view kRedirect[] = {"Net", "Host", "TOS+Net", "TOS+Host"};
constexpr std::string_view kTimeExceeded[] = {"TTLExceeded", "FragmentReassemblyTimeExceeded"};
constexpr std::string_view kParameterProblem[] = {"PointerIndicatesError", "MissingOption",
                                                  "BadLength"};
constexpr Type kIcmpTypes[] = {
    {0, "EchoReply", {}},
    {3, "DestinationUnreachable", kUnreachable},
    {4, "SourceQuench", {}},
    {5, "Redirect", kRedirect},
    {8, "EchoRequest", {}},
    {9, "RouterAdvertisement", {}},
    {10, "RouterSolicitation", {}},
    {11, "TimeExceeded", kTimeExceeded},
    {12, "ParameterProblem", kParameterProblem},
    {13, "TimestampRequest", {}},
    {14, "TimestampReply", {}},
    {15, "InfoRequest", {}},
    {16, "InfoReply", {}},
    {17, "AddressMaskRequest", {}},
    {18, "AddressMaskReply", {}},
};

constexpr std::string_view kUnreachable6[] = {
    "NoRouteToDst",    "AdminProhibited",        "BeyondScopeOfSrc", "AddressUnreachable",
    "PortUnreachable", "SrcAddressFailedPolicy", "RejectRouteToDst",
};
constexpr std::string_view kTimeExceeded6[] = {"HopLimitExceeded",
                                               "FragmentReassemblyTimeExceeded"};
constexpr std::string_view kParameterProblem6[] = {"ErroneousHeaderField", "UnrecognizedNextHeader",
                                                   "UnrecognizedIPv6Option"};
constexpr Type kIcmpv6Types[] = {
    {1, "DestinationUnreachable", kUnreachable6},
    {2, "PacketTooBig", {}},
    {3, "TimeExceeded", kTimeExceeded6},
    {4, "ParameterProblem", kParameterProblem6},
    {128, "EchoRequest", {}},
    {129, "EchoReply", {}},
    {133, "RouterSolicitation", {}},
    {134, "RouterAdvertisement", {}},
    {135, "NeighborSolicitation", {}},
    {136, "NeighborAdvertisement", {}},
    {137, "Redirect", {}},
};

// "Type", "Type(CodeName)", "Type(Code: N)" or, for a type without a name, "T(C)".
// Empty when the arena is full.
std::string_view type_code(std::span<const Type> types, uint8_t type, uint8_t code, Arena& arena) {
  const Type* row = nullptr;
  for (const Type& candidate : types) {
    if (candidate.number == type) row = &candidate;
  }
  if (row != nullptr && row->codes.empty() && code == 0) return row->name;

  auto room = arena.take<char>(64);
  if (room.empty()) return {};
  char* at = room.data();
  char* const end = at + room.size();
  const auto text = [&](std::string_view s) { at = std::copy(s.begin(), s.end(), at); };
  const auto number = [&](unsigned n) { at = std::to_chars(at, end, n).ptr; };
  if (row == nullptr) {
    number(type);
    text("(");
    number(code);
  } else {
    text(row->name);
    text("(");
    if (code < row->codes.size()) {
      text(row->codes[code]);
    } else {
      text("Code: ");
      number(code);
    }
  }
  text(")");
  return {room.data(), static_cast<size_t>(at - room.data())};
}

constexpr size_t kIcmpHeaderBytes = 8;
constexpr size_t kIcmpv6HeaderBytes = 4;

}  // namespace

Parse decode_icmp(const Packet& packet, Scope& scope) noexcept {
  if (packet.version != 4) return Parse::NotMine;
  const Bytes bytes = packet.transport;
  if (bytes.size() < kIcmpHeaderBytes) return Parse::Truncated;
  NetPacketIcmp event;
  event.src = packet.src;
  event.dst = packet.dst;
  event.header.type_code = type_code(kIcmpTypes, bytes[0], bytes[1], scope.arena);
  event.header.checksum = load_be16(&bytes[2]);
  event.header.id = load_be16(&bytes[4]);
  event.header.seq = load_be16(&bytes[6]);
  scope.emit(kNetPacketIcmp, &event);
  return Parse::Ok;
}

Parse decode_icmpv6(const Packet& packet, Scope& scope) noexcept {
  if (packet.version != 6) return Parse::NotMine;
  const Bytes bytes = packet.transport;
  if (bytes.size() < kIcmpv6HeaderBytes) return Parse::Truncated;
  NetPacketIcmpv6 event;
  event.src = packet.src;
  event.dst = packet.dst;
  event.header.type_code = type_code(kIcmpv6Types, bytes[0], bytes[1], scope.arena);
  event.header.checksum = load_be16(&bytes[2]);
  scope.emit(kNetPacketIcmpv6, &event);
  return Parse::Ok;
}

}  // namespace tracee
