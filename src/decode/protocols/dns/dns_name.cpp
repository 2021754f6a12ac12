// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/dns/dns_name.h"

#include <array>

#include "base/octets.h"
#include "base/utf8.h"

namespace tracee {
namespace {

constexpr size_t kMaxNameBytes = 255;  // RFC 1035, 2.3.4
constexpr int kMaxPointers = 255;      // of one name, as the reference allows
constexpr size_t kMaxEscape = 4;       // one byte can become \DDD

// Characters a form shows as they are; those it puts a backslash before are
// `quoted`, all others become \DDD.
struct Alphabet {
  std::array<bool, 256> plain{}, quoted{};
  constexpr explicit Alphabet(std::string_view special, uint8_t first) {
    for (size_t c = first; c < 0x7f; ++c) plain[c] = true;
    for (const char c : special) {
      plain[static_cast<uint8_t>(c)] = false;
      quoted[static_cast<uint8_t>(c)] = true;
    }
  }
};
constexpr Alphabet kEventForm(".\\", 0x20);
constexpr Alphabet kZoneForm(".\\\"();@$", 0x21);

char* put_escaped(char* at, uint8_t c, const Alphabet& form) noexcept {
  *at++ = '\\';
  if (form.quoted[c]) {
    *at++ = static_cast<char>(c);
    return at;
  }
  *at++ = static_cast<char>('0' + c / 100);
  *at++ = static_cast<char>('0' + c / 10 % 10);
  *at++ = static_cast<char>('0' + c % 10);
  return at;
}

// Those that are not in kEventForm.plain.
Octets event_odd(Octets c) noexcept {
  return (c < each(0x20)) | (c == each(0x7f)) | (c == each('.')) | (c == each('\\'));
}

char* put_event_label(char* at, const uint8_t* p, size_t size) noexcept {
  for (size_t i = 0; i < size;) {
    const size_t plain =
        copy_until(p + i, size - i, at, event_odd, [](uint8_t c) { return !kEventForm.plain[c]; });
    i += plain;
    at += plain;
    if (i == size) break;
    const uint8_t c = p[i];
    if (const size_t length = c < 0x80 ? 0 : utf8_sequence(p + i, size - i); length > 0) {
      at = std::copy_n(reinterpret_cast<const char*>(p + i), length, at);
      i += length;
    } else {
      at = put_escaped(at, c, kEventForm);
      ++i;
    }
  }
  return at;
}

char* put_zone_label(char* at, const uint8_t* p, size_t size) noexcept {
  for (size_t i = 0; i < size; ++i) {
    if (kZoneForm.plain[p[i]]) {
      *at++ = static_cast<char>(p[i]);
    } else {
      at = put_escaped(at, p[i], kZoneForm);
    }
  }
  return at;
}

// Gives each label of the name at `offset` to `on_label`.
template <class OnLabel>
DnsFault walk(DnsMessageNames& names, size_t& offset, OnLabel on_label) noexcept {
  const Bytes message = names.message;
  size_t at = offset;
  size_t name_bytes = 0;
  int pointers = 0;
  for (;;) {
    if (at >= message.size()) return DnsFault::NameCut;
    const uint8_t length = message[at];
    if (length == 0) {
      if (pointers == 0) offset = at + 1;
      return DnsFault::None;
    }
    if ((length & 0xc0) == 0xc0) {
      if (at + 1 >= message.size()) return DnsFault::NameCut;
      if (++pointers > kMaxPointers || names.pointers_left == 0) return DnsFault::NamePointers;
      --names.pointers_left;
      if (pointers == 1) offset = at + 2;
      at = load_be16(&message[at]) & 0x3fffu;
      continue;
    }
    if ((length & 0xc0) != 0) return DnsFault::LabelType;
    if (at + 1 + length > message.size()) return DnsFault::NameCut;
    name_bytes += length + 1u;
    if (name_bytes + 1 > kMaxNameBytes) return DnsFault::NameLong;
    on_label(&message[at + 1], length);
    at += length + 1u;
  }
}

}  // namespace

std::string_view dns_fault_text(DnsFault fault) noexcept {
  switch (fault) {
    case DnsFault::None:
      return "";
    case DnsFault::NameCut:
      return "a name runs past the end";
    case DnsFault::NameLong:
      return "a name has more than 255 octets";
    case DnsFault::NamePointers:
      return "a name has too many pointers";
    case DnsFault::LabelType:
      return "a label is of no known type";
    case DnsFault::RecordCut:
      return "a record runs past the end";
    case DnsFault::Count:
      return "the header counts more than there is";
    case DnsFault::DataSize:
      return "the data does not fit its type";
    case DnsFault::NoRoom:
      return "the message takes too much memory";
  }
  return "";
}

DnsFault read_dns_name(DnsMessageNames& names, size_t& offset, Arena& arena,
                       std::string_view& text) noexcept {
  const auto room = arena.take<char>(kMaxNameBytes * kMaxEscape);
  if (room.empty()) return DnsFault::NoRoom;
  char* out = room.data();
  const DnsFault fault = walk(names, offset, [&](const uint8_t* label, size_t size) noexcept {
    if (out != room.data()) *out++ = '.';
    out = put_event_label(out, label, size);
  });
  const size_t size = fault == DnsFault::None ? static_cast<size_t>(out - room.data()) : 0;
  arena.shrink(room, size);
  text = {room.data(), size};
  return fault;
}

DnsFault put_dns_name(DnsMessageNames& names, size_t& offset, TextOut& text) noexcept {
  char* const begin = text.room(kMaxNameBytes * kMaxEscape);
  if (begin == nullptr) return DnsFault::NoRoom;
  char* out = begin;
  const DnsFault fault = walk(names, offset, [&](const uint8_t* label, size_t size) noexcept {
    out = put_zone_label(out, label, size);
    *out++ = '.';
  });
  if (out == begin) *out++ = '.';
  if (fault == DnsFault::None) text.commit(static_cast<size_t>(out - begin));
  return fault;
}

}  // namespace tracee
