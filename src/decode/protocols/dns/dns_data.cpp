// SPDX-License-Identifier: Apache-2.0
#include "decode/protocols/dns/dns_data.h"

#include "decode/protocols/dns/dns_fields.h"
#include "decode/protocols/dns/dns_names.h"

namespace tracee {
namespace {

using namespace dns_field;

bool is_word(Bytes data) noexcept {
  return !data.empty() && std::ranges::all_of(data, [](uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

Bytes counted(DataIn& in) noexcept {
  const uint8_t size = in.bytes.u8();
  return in.bytes.take(size);
}

void strings(DataIn& in, TextOut& out) noexcept {
  if (in.left() == 0) in.bytes.fail();
  for (bool first = true; in && in.left() > 0; first = false) {
    if (!first) out.put(' ');
    quoted(counted(in), out);
  }
}

void locator(DataIn& in, TextOut& out) noexcept {
  for (int i = 0; i < 4; ++i) {
    const uint16_t group = in.bytes.u16();
    if (i > 0) out.put(':');
    if (char* at = out.room(4)) {
      out.commit(static_cast<size_t>(std::to_chars(at, at + 4, group, 16).ptr - at));
    }
  }
}

void dashed(Bytes data, TextOut& out) noexcept {
  for (size_t i = 0; i < data.size(); ++i) {
    if (i > 0) out.put('-');
    whole_hex(data.subspan(i, 1), out, kHexLower);
  }
}

void numbers(DataIn& in, TextOut& out, bool wide) noexcept {
  for (bool first = true; in && in.left() > 0; first = false) {
    if (!first) out.put(' ');
    out.number(wide ? in.bytes.u16() : in.bytes.u8());
  }
}

void covered_type(uint16_t number, TextOut& out) noexcept {
  // The older SIG has bare numbers where RRSIG has TYPEn.
  const std::string_view name = dns_type_name(number);
  mnemonic(name == "Unknown" ? "" : name, number, out);
}

// Codes of what is left of the data.
void put_rest(char code, DataIn& in, TextOut& out) noexcept {
  switch (code) {
    case 'x':
      return hex(in.rest(), out);
    case 'b':
      return base64(in.rest(), out);
    case 'B':
      return in.left() == 0 ? out.put('-') : base64(in.rest(), out);
    case 'S':
      return strings(in, out);
    case 'q':
      return quoted(in.rest(), out);
    case 'e':
      return dashed(in.rest(), out);
    case 'X':
      out.put("0x");
      return whole_hex(in.rest(), out, kHexLower);
    case 'm':
      return type_windows(in, out);
    case 'M':
      return type_bitmap(in, out);
    case 'w':
      return ports(in, out);
    case 'j':
      return numbers(in, out, false);
    case 'J':
      return numbers(in, out, true);
    case 'p':
      return out.number(in.rest().size());
    case 'K':
      return keepalive(in, out);
    case 'V':
      return svcb_parameters(in, out);
    default:
      return in.bytes.fail();
  }
}

void put_whole(char code, DataIn& in, TextOut& out) noexcept {
  switch (code) {
    case 'L':
      return loc(in, out);
    case 'A':
      return apl(in, out);
    case '6':
      return a6(in, out);
    case 'G':
      return ipseckey(in, out);
    case 'R':
      return amtrelay(in, out);
    case 'P':
      return hip(in, out);
    case 'U':
      return atma(in, out);
    case 'I':
      return tsig(in, out);
    case 'Z':
      return tkey(in, out);
    default:
      return put_rest(code, in, out);
  }
}

void put_field(char code, DataIn& in, TextOut& out) noexcept {
  switch (code) {
    case '1':
      return out.number(in.bytes.u8());
    case '2':
      return out.number(in.bytes.u16());
    case '4':
      return out.number(in.bytes.u32());
    case 'n':
      return name(in, out);
    case 't':
      return time(in.bytes.u32(), out);
    case 'T':
      return type_name(in.bytes.u16(), out);
    case 'Y':
      return covered_type(in.bytes.u16(), out);
    case 'a': {
      const uint8_t number = in.bytes.u8();
      return mnemonic(dns_algorithm_name(number), number, out);
    }
    case 'c': {
      const uint16_t number = in.bytes.u16();
      return mnemonic(dns_certificate_name(number), number, out);
    }
    case 'd': {
      const uint8_t scheme = in.bytes.u8();
      return mnemonic(scheme == 1 ? "NOTIFY" : "", scheme, out);
    }
    case 'i': {
      const Bytes address = in.bytes.take(4);
      return in ? ipv4(address.data(), out) : void();
    }
    case 'l':
      return locator(in, out);
    case 's':
      return quoted(counted(in), out);
    case 'g': {
      const Bytes word = counted(in);
      return is_word(word) ? out.put(as_text(word)) : in.bytes.fail();
    }
    case 'h': {
      const Bytes data = counted(in);
      return data.empty() ? out.put('-') : whole_hex(data, out);
    }
    case 'H':
      return base32hex(counted(in), out);
    case 'u':
      return client_subnet(in, out);
    case 'E':
      return extended_error(in, out);
    case 'k':
      return cookie(in, out);
    default:
      return put_whole(code, in, out);
  }
}

// False: the data is not like that.
bool put_layout(std::string_view layout, DataIn& in, TextOut& out) noexcept {
  if (layout.empty()) return false;
  for (size_t i = 0; i < layout.size() && in; ++i) {
    const size_t before = out.size();
    if (i > 0) out.put(' ');
    const size_t start = out.size();
    put_field(layout[i], in, out);
    // A list without elements leaves no blank behind.
    if (i > 0 && out.size() == start) out.cut(before);
  }
  return in && in.left() == 0;
}

DnsFault finish(TextOut& out, std::string_view& text) noexcept {
  if (out.full()) return DnsFault::NoRoom;
  text = out.finish();
  return DnsFault::None;
}

}  // namespace

DnsFault dns_data_text(std::string_view layout, DnsMessageNames& names, size_t offset, size_t size,
                       Arena& arena, std::string_view& text) noexcept {
  const Bytes data = names.message.subspan(offset, size);
  TextOut out(arena);
  DataIn in{names, Reader(data)};
  if (!put_layout(layout, in, out) && !out.full()) {
    out.cut(0);
    out.put("\\# ");
    out.number(size);
    if (size > 0) out.put(' ');
    hex(data, out);
  }
  return finish(out, text);
}

DnsFault dns_option_data_text(std::string_view layout, DnsMessageNames& names, size_t offset,
                              size_t size, Arena& arena, std::string_view& text) noexcept {
  const Bytes data = names.message.subspan(offset, size);
  TextOut out(arena);
  DataIn in{names, Reader(data)};
  if (!put_layout(layout, in, out) && !out.full()) {
    out.cut(0);
    whole_hex(data, out);
  }
  return finish(out, text);
}

}  // namespace tracee
