// SPDX-License-Identifier: Apache-2.0
// Types whose data is more than a list of fields, and EDNS options.
#include "decode/protocols/dns/dns_fields.h"
#include "decode/protocols/dns/dns_names.h"

namespace tracee::dns_field {
namespace {

// An address cut to `shown` octets, the missing ones zero.
template <size_t Size>
struct PaddedAddress {
  uint8_t octets[Size]{};
  explicit PaddedAddress(Bytes shown) noexcept { std::ranges::copy(shown, octets); }
};

void prefix(uint16_t family, Bytes shown, TextOut& out) noexcept {
  if (family == 1) {
    ipv4(PaddedAddress<4>(shown).octets, out);
  } else {
    ipv6(PaddedAddress<16>(shown).octets, out);
  }
}

// RFC 1876, 2: a length in centimetres as base and power of ten.
void centimetres(uint8_t coded, DataIn& in, TextOut& out) noexcept {
  const uint32_t base = coded >> 4;
  const uint32_t power = coded & 15;
  if (base > 9 || power > 9) return in.bytes.fail();
  uint32_t metres = base;
  for (uint32_t i = 2; i < power; ++i) metres *= 10;
  if (power >= 2) {
    out.number(metres);
  } else {
    out.put("0.");
    out.number(power == 1 ? base * 10 : base, 2);
  }
  out.put('m');
}

// RFC 1876, 2: thousandths of a second of arc, 2^31 at the equator or meridian.
void angle(uint32_t coded, uint32_t most_degrees, std::string_view hemispheres, DataIn& in,
           TextOut& out) noexcept {
  constexpr uint32_t kZero = 1u << 31;
  const bool positive = coded >= kZero;
  uint32_t left = positive ? coded - kZero : kZero - coded;
  if (left > most_degrees * 3'600'000) return in.bytes.fail();
  out.number(left / 3'600'000);
  out.put(' ');
  out.number(left / 60'000 % 60);
  out.put(' ');
  out.number(left / 1000 % 60);
  out.put('.');
  out.number(left % 1000, 3);
  out.put(' ');
  out.put(hemispheres[positive ? 0 : 1]);
}

// The gateway of IPSECKEY and the relay of AMTRELAY.
void gateway(uint8_t type, DataIn& in, TextOut& out) noexcept {
  switch (type) {
    case 0:
      return out.put('.');
    case 1: {
      const Bytes address = in.bytes.take(4);
      return in ? ipv4(address.data(), out) : void();
    }
    case 2: {
      const Bytes address = in.bytes.take(16);
      return in ? ipv6(address.data(), out) : void();
    }
    case 3:
      return name(in, out);
    default:
      return in.bytes.fail();
  }
}

void tsig_error(uint16_t code, TextOut& out) noexcept {
  mnemonic(dns_tsig_error_name(code), code, out);
}

// Length, then so many octets in base64; nothing but `0` when there are none.
void counted_base64(DataIn& in, TextOut& out) noexcept {
  const uint16_t size = in.bytes.u16();
  out.number(size);
  const Bytes data = in.bytes.take(size);
  if (data.empty()) return;
  out.put(' ');
  base64(data, out);
}

// RFC 9460, 14.3.2, in the order of their numbers.
struct SvcKey {
  std::string_view name;
  char form;  // see svcb_value()
};
constexpr SvcKey kSvcKeys[] = {
    {"mandatory", 'k'}, {"alpn", 'l'}, {"no-default-alpn", '0'}, {"port", '2'},
    {"ipv4hint", '4'},  {"ech", 'b'},  {"ipv6hint", '6'},
};

void svcb_key(uint16_t key, TextOut& out) noexcept {
  if (key < std::size(kSvcKeys)) return out.put(kSvcKeys[key].name);
  out.put("key");
  out.number(key);
}

// RFC 9460, A.1: commas and backslashes inside an element of a list are escaped
// once as list and once more as string.
void list_element(Bytes text, TextOut& out) noexcept {
  for (const uint8_t c : text) {
    if (c == ',') {
      out.put("\\\\,");
    } else if (c == '\\') {
      out.put("\\\\\\\\");
    } else if (c == '"') {
      out.put("\\\"");
    } else if (c >= 0x20 && c < 0x7f) {
      out.put(static_cast<char>(c));
    } else {
      out.put('\\');
      out.number(c, 3);
    }
  }
}

// The value of one parameter in the form of its key.
void svcb_value(char form, DataIn& in, TextOut& out) noexcept {
  bool first = true;
  const auto comma = [&]() noexcept {
    if (!first) out.put(',');
    first = false;
  };
  switch (form) {
    case '2':
      return out.number(in.bytes.u16());
    case 'b':
      return whole_base64(in.rest(), out);
    case 'k':
      while (in && in.left() > 0) {
        comma();
        svcb_key(in.bytes.u16(), out);
      }
      return;
    case '4':
    case '6':
      while (in && in.left() > 0) {
        const Bytes address = in.bytes.take(form == '4' ? 4 : 16);
        if (!in) return;
        comma();
        form == '4' ? ipv4(address.data(), out) : ipv6(address.data(), out);
      }
      return;
    case 'l':
      out.put('"');
      while (in && in.left() > 0) {
        const uint8_t size = in.bytes.u8();
        if (size == 0) return in.bytes.fail();
        comma();
        list_element(in.bytes.take(size), out);
      }
      return out.put('"');
    case '0':
      return in.bytes.fail();
    default:
      return quoted(in.rest(), out);
  }
}

}  // namespace

void loc(DataIn& in, TextOut& out) noexcept {
  const uint8_t version = in.bytes.u8();
  const uint8_t size = in.bytes.u8();
  const uint8_t horizontal = in.bytes.u8();
  const uint8_t vertical = in.bytes.u8();
  const uint32_t latitude = in.bytes.u32();
  const uint32_t longitude = in.bytes.u32();
  const uint32_t altitude = in.bytes.u32();
  if (!in || version != 0) return in.bytes.fail();
  angle(latitude, 90, "NS", in, out);
  out.put(' ');
  angle(longitude, 180, "EW", in, out);
  out.put(' ');
  constexpr uint32_t kBelow = 10'000'000;  // centimetres of the lowest altitude
  if (altitude < kBelow) out.put('-');
  const uint32_t height = altitude < kBelow ? kBelow - altitude : altitude - kBelow;
  out.number(height / 100);
  out.put('.');
  out.number(height % 100, 2);
  out.put("m ");
  centimetres(size, in, out);
  out.put(' ');
  centimetres(horizontal, in, out);
  out.put(' ');
  centimetres(vertical, in, out);
}

// RFC 3123, 4.
void apl(DataIn& in, TextOut& out) noexcept {
  for (bool first = true; in && in.left() > 0; first = false) {
    const uint16_t family = in.bytes.u16();
    const uint8_t bits = in.bytes.u8();
    const uint8_t coded = in.bytes.u8();
    const bool negated = (coded & 0x80) != 0;
    const size_t most = family == 1 ? 4 : 16;
    const Bytes address = in.bytes.take(coded & 0x7f);
    if ((family != 1 && family != 2) || bits > most * 8 || address.size() > most) {
      return in.bytes.fail();
    }
    if (!first) out.put(' ');
    if (negated) out.put('!');
    out.number(family);
    out.put(':');
    prefix(family, address, out);
    out.put('/');
    out.number(bits);
  }
}

// RFC 2874, 3.1.
void a6(DataIn& in, TextOut& out) noexcept {
  const uint8_t bits = in.bytes.u8();
  if (bits > 128) return in.bytes.fail();
  const Bytes suffix = in.bytes.take(16u - bits / 8u);
  if (!in) return;
  out.number(bits);
  out.put(' ');
  if (bits < 128) {
    PaddedAddress<16> address{Bytes()};
    std::ranges::copy(suffix, address.octets + bits / 8);
    address.octets[bits / 8] = static_cast<uint8_t>(address.octets[bits / 8] & 0xff >> bits % 8);
    ipv6(address.octets, out);
  }
  if (bits == 0) return;
  out.put(' ');
  name(in, out);
}

// RFC 4025, 2.
void ipseckey(DataIn& in, TextOut& out) noexcept {
  const uint8_t precedence = in.bytes.u8();
  const uint8_t type = in.bytes.u8();
  const uint8_t algorithm = in.bytes.u8();
  if (!in) return;
  out.number(precedence);
  out.put(' ');
  out.number(type);
  out.put(' ');
  out.number(algorithm);
  out.put(' ');
  gateway(type, in, out);
  if (in.left() == 0) return;
  out.put(' ');
  base64(in.rest(), out);
}

// RFC 8777, 4.
void amtrelay(DataIn& in, TextOut& out) noexcept {
  const uint8_t precedence = in.bytes.u8();
  const uint8_t coded = in.bytes.u8();
  out.number(precedence);
  out.put(' ');
  out.number(coded >> 7u);
  out.put(' ');
  out.number(coded & 0x7fu);
  out.put(' ');
  gateway(coded & 0x7f, in, out);
}

// RFC 8005, 5 and 6.
void hip(DataIn& in, TextOut& out) noexcept {
  const uint8_t tag_size = in.bytes.u8();
  const uint8_t algorithm = in.bytes.u8();
  const uint16_t key_size = in.bytes.u16();
  const Bytes tag = in.bytes.take(tag_size);
  const Bytes key = in.bytes.take(key_size);
  if (tag.empty() || key.empty()) return in.bytes.fail();
  out.number(algorithm);
  out.put(' ');
  whole_hex(tag, out);
  out.put(' ');
  whole_base64(key, out);
  while (in && in.left() > 0) {
    out.put(' ');
    name(in, out);
  }
}

// RFC 9460, 2.1 and 2.2. Keys beyond the table have the general form, keyN="…".
void svcb_parameters(DataIn& in, TextOut& out) noexcept {
  int last = -1;
  for (bool first = true; in && in.left() > 0; first = false) {
    const uint16_t key = in.bytes.u16();
    const uint16_t size = in.bytes.u16();
    const Bytes value = in.bytes.take(size);
    if (!in || key <= last) return in.bytes.fail();
    last = key;
    if (!first) out.put(' ');
    svcb_key(key, out);
    if (size == 0) continue;
    out.put('=');
    DataIn inner{in.names, Reader(value)};
    svcb_value(key < std::size(kSvcKeys) ? kSvcKeys[key].form : 'q', inner, out);
    if (!inner || inner.left() > 0) return in.bytes.fail();
  }
}

// ATM Forum, AF-DANS-0152: an E.164 number or an address of 20 octets.
void atma(DataIn& in, TextOut& out) noexcept {
  const uint8_t format = in.bytes.u8();
  const Bytes data = in.rest();
  if (format == 0) return whole_hex(data, out, kHexLower);
  const auto digit = [](uint8_t c) { return c >= '0' && c <= '9'; };
  if (format != 1 || !std::ranges::all_of(data, digit)) return in.bytes.fail();
  out.put('+');
  out.put(as_text(data));
}

// RFC 8945, 4.2.
void tsig(DataIn& in, TextOut& out) noexcept {
  name(in, out);
  const uint64_t high = in.bytes.u16();
  const uint64_t seconds = high << 32 | in.bytes.u32();
  const uint16_t fudge = in.bytes.u16();
  out.put(' ');
  out.number(seconds);
  out.put(' ');
  out.number(fudge);
  out.put(' ');
  counted_base64(in, out);
  out.put(' ');
  out.number(in.bytes.u16());  // id of the message it signs
  out.put(' ');
  tsig_error(in.bytes.u16(), out);
  out.put(' ');
  counted_base64(in, out);
}

// RFC 2930, 2.
void tkey(DataIn& in, TextOut& out) noexcept {
  name(in, out);
  for (int i = 0; i < 2; ++i) {  // begin and end of its life
    out.put(' ');
    out.number(in.bytes.u32());
  }
  out.put(' ');
  out.number(in.bytes.u16());  // mode
  out.put(' ');
  tsig_error(in.bytes.u16(), out);
  out.put(' ');
  counted_base64(in, out);
  out.put(' ');
  counted_base64(in, out);
}

// RFC 7871, 6: address, octets of it that matter to the question, to the answer.
void client_subnet(DataIn& in, TextOut& out) noexcept {
  const uint16_t family = in.bytes.u16();
  const uint8_t source = in.bytes.u8();
  const uint8_t scope = in.bytes.u8();
  const Bytes address = in.rest();
  // Family 0 with nothing behind it: the client wants no subnet to be sent.
  if (family != 1 && family != 2 && (family != 0 || !address.empty())) return in.bytes.fail();
  if (address.size() > (family == 1 ? 4u : 16u)) return in.bytes.fail();
  if (family == 0) {
    out.put('0');
  } else {
    prefix(family, address, out);
  }
  out.put('/');
  out.number(source);
  out.put('/');
  out.number(scope);
}

// RFC 8914, 2.
void extended_error(DataIn& in, TextOut& out) noexcept {
  const uint16_t code = in.bytes.u16();
  out.number(code);
  if (const std::string_view known = dns_error_name(code); !known.empty()) {
    out.put(' ');
    out.put(known);
  }
  if (in.left() == 0) return;
  out.put(' ');
  quoted(in.rest(), out);
}

// RFC 7873, 4: eight octets of the client, then eight to 32 of the server.
void cookie(DataIn& in, TextOut& out) noexcept {
  constexpr size_t kClient = 8;
  const Bytes client = in.bytes.take(kClient);
  const Bytes server = in.rest();
  if (!server.empty() && (server.size() < 8 || server.size() > 32)) return in.bytes.fail();
  whole_hex(client, out, kHexLower);
  if (server.empty()) return;
  out.put('/');
  whole_hex(server, out, kHexLower);
}

// RFC 7828, 3.1: queries say nothing, answers a time.
void keepalive(DataIn& in, TextOut& out) noexcept {
  if (in.left() == 0) return;
  const uint16_t tenths = in.bytes.u16();
  out.number(tenths / 10u);
  out.put('.');
  out.number(tenths % 10u);
  out.put('s');
}

}  // namespace tracee::dns_field
