// SPDX-License-Identifier: Apache-2.0
#include "capture/link_layer.h"

namespace tracee {
namespace {

// Link types, tcpdump.org/linktypes.html.
constexpr uint32_t kNull = 0;
constexpr uint32_t kEthernet = 1;
constexpr uint32_t kPpp = 9;
constexpr uint32_t kRawBsd = 12;  // libpcap's own numbers for raw IP there
constexpr uint32_t kRawOpenBsd = 14;
constexpr uint32_t kPppHdlc = 50;
constexpr uint32_t kPppEthernet = 51;
constexpr uint32_t kRaw = 101;
constexpr uint32_t kCiscoHdlc = 104;
constexpr uint32_t kWifi = 105;
constexpr uint32_t kFrameRelay = 107;
constexpr uint32_t kLoop = 108;
constexpr uint32_t kLinuxSll = 113;
constexpr uint32_t kWifiRadiotap = 127;
constexpr uint32_t kArcnetLinux = 129;
constexpr uint32_t kIpv4 = 228;
constexpr uint32_t kIpv6 = 229;
constexpr uint32_t kLinuxSll2 = 276;

// EtherTypes, IEEE 802 numbers. Below kFirstEtherType the field is a length.
constexpr uint16_t kFirstEtherType = 0x0600;
constexpr uint16_t kTypeIpv4 = 0x0800;
constexpr uint16_t kTypeVlan = 0x8100;
constexpr uint16_t kTypeIpv6 = 0x86dd;
constexpr uint16_t kTypeMpls = 0x8847;
constexpr uint16_t kTypeMplsMulticast = 0x8848;
constexpr uint16_t kTypePppoeSession = 0x8864;
constexpr uint16_t kTypeServiceVlan = 0x88a8;
constexpr uint16_t kTypeMacsec = 0x88e5;
constexpr uint16_t kTypeOldServiceVlan = 0x9100;

// PPP protocols, RFC 1661, 5072, 3032.
constexpr uint16_t kPppIpv4 = 0x0021;
constexpr uint16_t kPppIpv6 = 0x0057;
constexpr uint16_t kPppMpls = 0x0281;
constexpr uint16_t kPppMplsMulticast = 0x0283;

// Address families of the capturing system; the first is the same everywhere.
constexpr uint32_t kFamilyIpv4 = 2;
constexpr uint32_t kFamilyIpv6[] = {10, 23, 24, 28, 30};  // Linux, Windows, *BSD, FreeBSD, Darwin

constexpr uint8_t kPacketOutgoing = 4;  // linux/if_packet.h
constexpr uint8_t kPacketTypes = 5;
constexpr uint16_t kSllLlc = 4;  // linux/if_ether.h, ETH_P_802_2

// More tags and labels than this is no traffic but an attack on the reader.
constexpr int kMaxHeaders = 16;

// What of the frame is left; each from_*() reads one header and goes on to the
// next. All end true on an IP header, or false.
class Walk {
 public:
  explicit Walk(Bytes frame) noexcept : at_(frame.data()), end_(frame.data() + frame.size()) {}

  const uint8_t* at() const noexcept { return at_; }
  size_t left() const noexcept { return static_cast<size_t>(end_ - at_); }

  // The next `count` bytes, stepped over; null: there are fewer.
  const uint8_t* take(size_t count) noexcept {
    if (left() < count) return nullptr;
    const uint8_t* taken = at_;
    at_ += count;
    return taken;
  }

  bool from_version(unsigned version) const noexcept {
    return at_ != end_ && at_[0] >> 4 == version;
  }

  bool from_any_version() const noexcept { return from_version(4) || from_version(6); }

  // Destination 6, source 6, type 2 (IEEE 802.3).
  bool from_ethernet() noexcept {
    const uint8_t* header = take(14);
    return header != nullptr && from_type(load_be16(header + 12));
  }

  bool from_type(uint16_t type) noexcept {
    for (; headers_ < kMaxHeaders; ++headers_) {
      switch (type) {
        case kTypeIpv4:
          return from_version(4);
        case kTypeIpv6:
          return from_version(6);
        case kTypeMpls:
        case kTypeMplsMulticast:
          return from_mpls();
        case kTypePppoeSession:
          return from_pppoe();
        case kTypeVlan:
        case kTypeServiceVlan:
        case kTypeOldServiceVlan: {  // IEEE 802.1Q: tag 2, type 2
          const uint8_t* tag = take(4);
          if (tag == nullptr) return false;
          type = load_be16(tag + 2);
          break;
        }
        case kTypeMacsec:
          if (!from_macsec(type)) return false;
          break;
        default:
          if (type >= kFirstEtherType || !from_llc(type)) return false;
      }
    }
    return false;
  }

  // IEEE 802.2: sink 1, source 1, control 1; SNAP (RFC 1042): + organisation 3,
  // type 2. True: `type` says what follows.
  bool from_llc(uint16_t& type) noexcept {
    const uint8_t* llc = take(3);
    if (llc == nullptr || llc[2] != 3) return false;
    if (llc[0] == 6 && llc[1] == 6) {  // the address IEEE gave to IP itself
      type = from_version(6) ? kTypeIpv6 : kTypeIpv4;
      return true;
    }
    if (llc[0] != 0xaa || llc[1] != 0xaa) return false;
    const uint8_t* snap = take(5);
    if (snap == nullptr || (snap[0] | snap[1]) != 0) return false;
    if (snap[2] != 0 && snap[2] != 0xf8) return false;  // RFC 1042, IEEE 802.1H
    type = load_be16(snap + 3);
    return type >= kFirstEtherType;
  }

  // IEEE 802.1AE: flags 1, short length 1, packet number 4, perhaps channel 8,
  // then, unless encrypted, the type it hides.
  bool from_macsec(uint16_t& type) noexcept {
    const uint8_t* tag = take(6);
    if (tag == nullptr || (tag[0] & 0x0c) != 0) return false;
    if ((tag[0] & 0x20) != 0 && take(8) == nullptr) return false;
    const uint8_t* next = take(2);
    if (next == nullptr) return false;
    type = load_be16(next);
    return type >= kFirstEtherType;
  }

  // RFC 3032: label 20 bits, class 3, bottom of stack 1, time to live 8. What
  // follows the last label is agreed on elsewhere; its first bits tell (RFC 4928).
  bool from_mpls() noexcept {
    for (int i = 0; i < kMaxHeaders; ++i) {
      const uint8_t* label = take(4);
      if (label == nullptr) return false;
      if ((label[2] & 1) != 0) return from_any_version();
    }
    return false;
  }

  // RFC 2516: version and type 1, code 1, session 2, length 2.
  bool from_pppoe() noexcept {
    const uint8_t* header = take(6);
    return header != nullptr && header[0] == 0x11 && header[1] == 0 && from_ppp_protocol();
  }

  // RFC 1662: address 1, control 1, which both ends may agree to leave out.
  bool from_ppp() noexcept {
    if (left() >= 2 && at_[0] == 0xff && at_[1] == 3) at_ += 2;
    return from_ppp_protocol();
  }

  // Protocol 2, or 1 if that byte is odd (RFC 1661, section 6.5).
  bool from_ppp_protocol() noexcept {
    const uint8_t* first = take(1);
    if (first == nullptr) return false;
    uint16_t protocol = *first;
    if ((protocol & 1) == 0) {
      const uint8_t* second = take(1);
      if (second == nullptr) return false;
      protocol = static_cast<uint16_t>(protocol << 8 | *second);
    }
    switch (protocol) {
      case kPppIpv4:
        return from_version(4);
      case kPppIpv6:
        return from_version(6);
      case kPppMpls:
      case kPppMplsMulticast:
        return from_mpls();
      default:
        return false;
    }
  }

  // Address 1, control 1, EtherType 2 (RFC 1547, section 4.3.1).
  bool from_cisco_hdlc() noexcept {
    const uint8_t* header = take(4);
    return header != nullptr && load_be16(header + 2) >= kFirstEtherType &&
           from_type(load_be16(header + 2));
  }

  // RFC 2427: address 2 to 4, its last byte odd; control 1, perhaps padding 1,
  // network-layer protocol 1. Cisco's own kind has an EtherType after the address.
  bool from_frame_relay() noexcept {
    for (int i = 0;; ++i) {
      const uint8_t* address = take(1);
      if (address == nullptr || i == 4) return false;
      if ((*address & 1) != 0) break;
    }
    const uint8_t* next = take(2);
    if (next == nullptr) return false;
    if (next[0] != 3) return load_be16(next) >= kFirstEtherType && from_type(load_be16(next));
    uint8_t protocol = next[1];
    if (protocol == 0) {
      const uint8_t* padded = take(1);
      if (padded == nullptr) return false;
      protocol = *padded;
    }
    switch (protocol) {
      case 0xcc:
        return from_version(4);
      case 0x8e:
        return from_version(6);
      case 0x80: {
        const uint8_t* snap = take(5);
        return snap != nullptr && (snap[0] | snap[1] | snap[2]) == 0 &&
               load_be16(snap + 3) >= kFirstEtherType && from_type(load_be16(snap + 3));
      }
      default:
        return false;
    }
  }

  // Source 1, destination 1, offset 2, system code 1; RFC 1201's codes have
  // split flag 1 and sequence 2 before IP, RFC 1051's have nothing.
  bool from_arcnet() noexcept {
    const uint8_t* header = take(5);
    if (header == nullptr) return false;
    if (header[4] == 240) return from_version(4);
    if (header[4] != 212 && header[4] != 196) return false;
    const uint8_t* split = take(3);
    return split != nullptr && split[0] == 0 && from_version(header[4] == 212 ? 4 : 6);
  }

  // radiotap.org: version 1, padding 1, length 2 (little endian), fields.
  bool from_radiotap() noexcept {
    const uint8_t* header = take(4);
    if (header == nullptr || header[0] != 0) return false;
    const size_t length = static_cast<size_t>(header[2] | header[3] << 8);
    return length >= 4 && take(length - 4) != nullptr && from_wifi();
  }

  // IEEE 802.11: frame control 2, duration 2, three addresses 18, sequence 2;
  // by the bits of frame control also a fourth address 6, quality of service 2,
  // high throughput 4. Only whole, unencrypted data frames lead on.
  bool from_wifi() noexcept {
    const uint8_t* header = take(24);
    if (header == nullptr) return false;
    const uint8_t kind = header[0];
    const uint8_t flags = header[1];
    const bool is_data = (kind & 0x0f) == 0x08 && (kind & 0x40) == 0;
    const bool is_fragment = (flags & 0x04) != 0 || (header[22] & 0x0f) != 0;
    const bool is_encrypted = (flags & 0x40) != 0;
    if (!is_data || is_fragment || is_encrypted) return false;
    if ((flags & 3) == 3 && take(6) == nullptr) return false;
    if ((kind & 0x80) != 0) {
      const uint8_t* quality = take(2);
      if (quality == nullptr || (quality[0] & 0x80) != 0) return false;  // several packets in one
      if ((flags & 0x80) != 0 && take(4) == nullptr) return false;
    }
    uint16_t type = 0;
    return from_llc(type) && from_type(type);
  }

  // Address family 4. In null it is in the capturing machine's order, which the
  // file does not tell; families are small numbers, so both readings are safe.
  bool from_family() noexcept {
    const uint8_t* header = take(4);
    if (header == nullptr) return false;
    const uint32_t big = load_be32(header);
    // Some drivers of Windows put a Cisco HDLC header here.
    const uint16_t type = load_be16(header + 2);
    if (type >= kFirstEtherType) return from_type(type);
    const uint32_t family = big > 0xffff ? __builtin_bswap32(big) : big;
    if (family == kFamilyIpv4) return from_version(4);
    for (const uint32_t ipv6 : kFamilyIpv6) {
      if (family == ipv6) return from_version(6);
    }
    return false;
  }

  // Packet type 2, ARPHRD type 2, address length 2, address 8, protocol 2.
  bool from_sll(Frame& frame) noexcept {
    const uint8_t* header = take(16);
    if (header == nullptr) return false;
    set_direction(frame, header[1]);
    return from_sll_protocol(load_be16(header + 14));
  }

  // Protocol 2, reserved 2, interface index 4, ARPHRD type 2, packet type 1,
  // address length 1, address 8.
  bool from_sll2(Frame& frame) noexcept {
    const uint8_t* header = take(20);
    if (header == nullptr) return false;
    set_direction(frame, header[10]);
    frame.ifindex = load_be32(header + 4);
    return from_sll_protocol(load_be16(header));
  }

 private:
  bool from_sll_protocol(uint16_t protocol) noexcept {
    return (protocol >= kFirstEtherType || protocol == kSllLlc) && from_type(protocol);
  }

  static void set_direction(Frame& frame, uint8_t packet_type) noexcept {
    if (frame.direction != Direction::Unknown || packet_type >= kPacketTypes) return;
    frame.direction = packet_type == kPacketOutgoing ? Direction::Egress : Direction::Ingress;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  int headers_ = 0;
};

bool walk_to_ip(Walk& walk, Frame& frame) noexcept {
  switch (frame.link_type) {
    case kEthernet:
      return walk.from_ethernet();
    case kLinuxSll:
      return walk.from_sll(frame);
    case kLinuxSll2:
      return walk.from_sll2(frame);
    case kRaw:
    case kRawBsd:
    case kRawOpenBsd:
      return walk.from_any_version();
    case kIpv4:
      return walk.from_version(4);
    case kIpv6:
      return walk.from_version(6);
    case kNull:
    case kLoop:
      return walk.from_family();
    case kPpp:
      return walk.from_ppp();
    case kPppHdlc:
      // Both kinds of HDLC are written under this number; Cisco's address differs.
      return walk.left() != 0 && (*walk.at() & 0x7f) == 0x0f ? walk.from_cisco_hdlc()
                                                             : walk.from_ppp();
    case kPppEthernet:
      return walk.from_pppoe();
    case kCiscoHdlc:
      return walk.from_cisco_hdlc();
    case kFrameRelay:
      return walk.from_frame_relay();
    case kArcnetLinux:
      return walk.from_arcnet();
    case kWifi:
      return walk.from_wifi();
    case kWifiRadiotap:
      return walk.from_radiotap();
    default:
      return false;
  }
}

}  // namespace

bool strip_link_layer(Frame& frame) noexcept {
  Walk walk(frame.bytes);
  if (!walk_to_ip(walk, frame)) return false;
  const auto stripped = static_cast<uint32_t>(frame.bytes.size() - walk.left());
  frame.bytes = frame.bytes.subspan(stripped);
  frame.length -= stripped;
  return true;
}

}  // namespace tracee
