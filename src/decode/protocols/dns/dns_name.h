// SPDX-License-Identifier: Apache-2.0
// Domain names of one message (RFC 1035, 4.1.4) as text, in two forms: as events
// show them, and as zone files write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/bytes.h"
#include "decode/protocols/dns/dns_text.h"

namespace tracee {

// What is wrong with a message; the first one ends its parse.
enum class DnsFault : uint8_t {
  None,
  NameCut,       // a name runs past the end
  NameLong,      // RFC 1035, 2.3.4: 255 octets
  NamePointers,  // of one name or of the whole message
  LabelType,     // neither label nor pointer
  RecordCut,
  Count,     // fewer records than the header says
  DataSize,  // a record's data does not fit its type
  NoRoom,    // the arena is full
};
std::string_view dns_fault_text(DnsFault fault) noexcept;

// The message that names point into.
struct DnsMessageNames {
  explicit DnsMessageNames(Bytes bytes) noexcept
      : message(bytes), pointers_left(1024 + bytes.size()) {}

  Bytes message;
  // Names of few octets can be long walks: this bounds them all together. Each
  // pointer of an honest message shortens it by more than an octet.
  size_t pointers_left;
};

// The name at `offset` as events show it: labels joined by dots, root "". Bytes
// that could be mistaken for structure are escaped as in RFC 4343, UTF-8 is kept.
// `offset` ends behind the name.
DnsFault read_dns_name(DnsMessageNames& names, size_t& offset, Arena& arena,
                       std::string_view& text) noexcept;

// The name at `offset` as zone files write it: absolute, with its last dot.
DnsFault put_dns_name(DnsMessageNames& names, size_t& offset, TextOut& text) noexcept;

}  // namespace tracee
