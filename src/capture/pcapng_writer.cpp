// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng_writer.h"

#include <algorithm>

#include "capture/file_reader.h"
#include "capture/pcapng_blocks.h"
#include "capture/pcapng_context.h"

namespace tracee {
namespace {

using namespace pcapng;

// LINKTYPE_NULL: the address family in host order, as BSD counts them, then the IP
// header. LINKTYPE_RAW needs no header at all, but libpcap up to 1.10.4 reads only
// the first interface of such files.
constexpr uint16_t kLoopback = 0;
constexpr uint32_t kFamilyIpv4 = 2, kFamilyIpv6 = 28;
constexpr uint8_t kNanoseconds = 9;
constexpr size_t kUsualInterfaces = 64;
// Address space, not memory: only what packets need is touched. Any block that the
// reader takes fits, and what stands before it.
constexpr size_t kCapacity = 2 * FileReader::kMaxPeek;
// What a packet needs beyond its bytes: its block, and that of a new interface.
constexpr size_t kOverhead = kContextBytesMax + kCommentBytesMax + 1024;

// A device of another network namespace has no name that we know.
std::string interface_name(const Context& context) {
  if (!context.interface.empty()) return std::string(context.interface);
  if (context.ifindex == 0) return "unknown";
  std::string name = "if" + std::to_string(context.ifindex);
  if (context.net_ns != 0) name += "@" + std::to_string(context.net_ns);
  return name;
}

uint32_t flags_of(const Context& context) noexcept {
  if (context.direction == "ingress") return kInbound;
  return context.direction == "egress" ? kOutbound : 0;
}

}  // namespace

PcapngWriter::PcapngWriter() : block_(std::make_unique_for_overwrite<uint8_t[]>(kCapacity)) {
  interfaces_.reserve(kUsualInterfaces);
}

void PcapngWriter::begin_section(std::string_view what) {
  interfaces_.clear();
  const size_t start = begin_block(kSectionHeader);
  put_u32(kByteOrderMagic);
  put_u16(kMajor);
  put_u16(0);
  const int64_t unknown_length = -1;
  put(&unknown_length, sizeof unknown_length);
  put_option(kComment, what);
  put_option(kApplication, "tracee");
  put_u32(kEndOfOptions);
  end_block(start);
}

// Type 4, length 4, interface 4, time 4 + 4, captured 4, original 4, packet, options.
bool PcapngWriter::add(const Context& context, Bytes packet, uint32_t length) {
  if (kCapacity - used_ < packet.size() + kOverhead) return false;
  const uint32_t interface = interface_of(context);
  Interface& counted = interfaces_[interface];
  if (counted.packets++ == 0) counted.first_ns = context.time_ns;
  counted.last_ns = std::max(counted.last_ns, context.time_ns);

  const size_t start = begin_block(kEnhancedPacket);
  put_u32(interface);
  put_time(context.time_ns);
  constexpr uint32_t kLinkHeader = 4;
  put_u32(static_cast<uint32_t>(packet.size()) + kLinkHeader);
  put_u32(length + kLinkHeader);
  put_u32(!packet.empty() && packet[0] >> 4 == 6 ? kFamilyIpv6 : kFamilyIpv4);
  put(packet.data(), packet.size());
  pad();
  if (const uint32_t flags = flags_of(context); flags != 0) {
    put_option(kPacketFlags, {reinterpret_cast<const char*>(&flags), sizeof flags});
  }
  char text[kCommentBytesMax];
  if (const size_t size = write_comment(context, text); size > 0)
    put_option(kComment, {text, size});
  uint8_t stored[kContextBytesMax];
  put_option(kCustomBinary, as_text({stored, encode_context(context, stored)}));
  put_u32(kEndOfOptions);
  end_block(start);
  return true;
}

// Type 4, length 4, interface 4, time 4 + 4, options.
void PcapngWriter::end_section(uint64_t lost) {
  // libpcap reads no section without an interface, even if it has no packets.
  if (interfaces_.empty()) (void)interface_of(Context{});
  for (size_t i = 0; i < interfaces_.size(); ++i) {
    if (kCapacity - used_ < kOverhead) return;
    const Interface& interface = interfaces_[i];
    // Nobody knows which interface a lost packet was of; the first tells of all.
    const uint64_t dropped = i == 0 ? lost : 0;
    const size_t start = begin_block(kStatistics);
    put_u32(static_cast<uint32_t>(i));
    put_time(interface.last_ns);
    if (i == 0 && interfaces_.size() > 1) {
      put_option(kComment, "dropped packets are counted here for all interfaces");
    }
    for (const auto& [code, time] :
         {std::pair{kStartTime, interface.first_ns}, std::pair{kEndTime, interface.last_ns}}) {
      put_u16(code);
      put_u16(8);
      put_time(time);
    }
    put_count(kReceived, interface.packets + dropped);
    put_count(kDropped, dropped);
    put_count(kDelivered, interface.packets);
    put_u32(kEndOfOptions);
    end_block(start);
  }
}

// Type 4, length 4, link type 2, reserved 2, snapshot length 4 (0: no limit), options.
uint32_t PcapngWriter::interface_of(const Context& context) {
  const auto found = std::ranges::find_if(interfaces_, [&](const Interface& known) {
    return known.index == context.ifindex && known.net_ns == context.net_ns;
  });
  const auto number = static_cast<uint32_t>(found - interfaces_.begin());
  if (found != interfaces_.end()) return number;
  interfaces_.push_back({context.net_ns, context.ifindex, 0, 0, 0});
  const size_t start = begin_block(kInterface);
  put_u16(kLoopback);
  put_u16(0);
  put_u32(0);
  put_option(kInterfaceName, interface_name(context).substr(0, 64));
  if (context.net_ns != 0) {
    put_option(kInterfaceDescription, "index " + std::to_string(context.ifindex) +
                                          ", network namespace " + std::to_string(context.net_ns));
  }
  const auto resolution = static_cast<char>(kNanoseconds);
  put_option(kTimeResolution, {&resolution, 1});
  put_u32(kEndOfOptions);
  end_block(start);
  return number;
}

size_t PcapngWriter::begin_block(uint32_t type) noexcept {
  const size_t start = used_;
  put_u32(type);
  put_u32(0);  // its length; end_block() knows
  return start;
}

void PcapngWriter::end_block(size_t start) noexcept {
  const auto length = static_cast<uint32_t>(used_ - start + kTrailer);
  std::memcpy(block_.get() + start + 4, &length, sizeof length);
  put_u32(length);
}

void PcapngWriter::put_time(uint64_t time_ns) noexcept {
  put_u32(static_cast<uint32_t>(time_ns >> 32));
  put_u32(static_cast<uint32_t>(time_ns));
}

void PcapngWriter::put(const void* from, size_t count) noexcept {
  if (count > 0) std::memcpy(block_.get() + used_, from, count);
  used_ += count;
}

void PcapngWriter::pad() noexcept {
  while (used_ % 4 != 0) block_[used_++] = 0;
}

void PcapngWriter::put_option(uint16_t code, std::string_view value) noexcept {
  put_u16(code);
  put_u16(static_cast<uint16_t>(value.size()));
  put(value.data(), value.size());
  pad();
}

void PcapngWriter::put_count(uint16_t code, uint64_t value) noexcept {
  put_option(code, {reinterpret_cast<const char*>(&value), sizeof value});
}

}  // namespace tracee
