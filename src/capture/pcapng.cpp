// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "capture/pcapng_blocks.h"
#include "capture/pcapng_context.h"

namespace tracee {
namespace {

using namespace pcapng;

using Wide = unsigned __int128;
using SignedWide = __int128;

// Lengths of what stands before the packet or the options, block type and length included.
constexpr uint32_t kBlockHeader = 8;
constexpr uint32_t kSectionFixed = 24;
constexpr uint32_t kInterfaceFixed = 16;
constexpr uint32_t kObsoleteFixed = 28;
constexpr uint32_t kSimpleFixed = 12;
constexpr uint32_t kEnhancedFixed = 28;

// Far above real files (one interface per network device); bounds the memory a
// hostile one can take.
constexpr size_t kMaxInterfaces = 65536;
constexpr size_t kUsualInterfaces = 64;

constexpr const char* kLengthsDiffer = "a block's two lengths differ";

constexpr uint64_t kMaxTime = std::numeric_limits<uint64_t>::max();

// An interface's time units, as nanoseconds = units * multiply / divide >> shift.
class Clock {
 public:
  // `resolution`: if_tsresol, a negative power of ten, or of two if the top bit is set.
  void set_resolution(uint8_t resolution) noexcept {
    const unsigned power = resolution & 0x7f;
    multiply_ = divide_ = 1;
    shift_ = 0;
    if ((resolution & 0x80) != 0) {
      multiply_ = 1'000'000'000;
      shift_ = power;
      return;
    }
    for (unsigned i = power; i < 9; ++i) multiply_ *= 10;
    // From 10^-29 on 64 bits of units are less than a nanosecond.
    for (unsigned i = 9; i < power && i < 29; ++i) {
      if (i < 28) {
        divide_ *= 10;
      } else {
        multiply_ = 0;
      }
    }
  }

  void set_offset(int64_t seconds) noexcept { offset_s_ = seconds; }

  // Nanoseconds since the epoch; a time that 64 bits cannot hold is the nearest they can.
  uint64_t to_ns(uint64_t units) const noexcept {
    const Wide ns = (Wide{units} * multiply_ / divide_) >> shift_;
    if (offset_s_ != 0) return with_offset(ns);
    return ns > kMaxTime ? kMaxTime : static_cast<uint64_t>(ns);
  }

 private:
  uint64_t with_offset(Wide ns) const noexcept {
    // |ns| and |offset| stay below 2^94, far from the limits of the sum.
    const SignedWide sum = static_cast<SignedWide>(ns) + SignedWide{offset_s_} * 1'000'000'000;
    if (sum < 0) return 0;
    return sum > SignedWide{kMaxTime} ? kMaxTime : static_cast<uint64_t>(sum);
  }

  uint64_t multiply_ = 1000;  // without the option: microseconds
  uint64_t divide_ = 1;
  unsigned shift_ = 0;
  int64_t offset_s_ = 0;
};

struct Interface {
  uint32_t link_type = 0;
  uint32_t snap_length = 0;  // 0: no limit
  Clock clock;
};

struct Option {
  uint16_t code = kEndOfOptions;
  Bytes value;
};

// Takes the first option off `rest`; kEndOfOptions when there is none, or not a whole one.
Option take_option(Bytes& rest, FileOrder order) noexcept {
  if (rest.size() < 4) return {};
  const uint16_t code = order.u16(rest.data());
  const size_t length = order.u16(rest.data() + 2);
  rest = rest.subspan(4);
  if (code == kEndOfOptions || length > rest.size()) return {};
  const Option option{code, rest.first(length)};
  rest = rest.subspan(std::min(rest.size(), (length + 3) & ~size_t{3}));
  return option;
}

Direction direction_of(uint32_t flags) noexcept {
  switch (flags & (kInbound | kOutbound)) {
    case kInbound:
      return Direction::Ingress;
    case kOutbound:
      return Direction::Egress;
    default:
      return Direction::Unknown;
  }
}

class PcapngReader final : public FrameReader {
 public:
  // Reserved: a file of usual size then allocates nothing after it is open.
  explicit PcapngReader(FileReader& file) : file_(file) { interfaces_.reserve(kUsualInterfaces); }

  Read next(Frame& out) noexcept override;

  // Reads a section header, which sets the byte order and forgets the
  // interfaces. Frame: done, go on with the next block.
  Read start_section() noexcept;

 private:
  // Steps over a block of `length` bytes, which begins at the next byte.
  Read skip_block(uint32_t length) noexcept;
  // Each is given a whole block, at least as long as its fixed part and trailer.
  // Frame: `out` is set (or, for an interface, the block is read).
  Read read_enhanced(Bytes block, Frame& out) noexcept;
  Read read_obsolete(Bytes block, Frame& out) noexcept;
  Read read_simple(Bytes block, Frame& out) noexcept;
  Read read_interface(Bytes block) noexcept;
  Read read_packet(Bytes block, size_t fixed, uint32_t interface_id, Frame& out) noexcept;
  void read_options(Bytes options, Frame& out) noexcept;
  Read damaged_here(const char* reason) noexcept { return damaged(start_, reason); }

  FileReader& file_;
  FileOrder order_;
  uint64_t start_ = 0;  // of the block that is being read
  std::vector<Interface> interfaces_;
  Context stored_;  // of the last packet
};

// The part before the packet or the options; 0: a block to step over.
uint32_t fixed_part(uint32_t type) noexcept {
  switch (type) {
    case kEnhancedPacket:
      return kEnhancedFixed;
    case kObsoletePacket:
      return kObsoleteFixed;
    case kSimplePacket:
      return kSimpleFixed;
    case kInterface:
      return kInterfaceFixed;
    default:
      return 0;
  }
}

Read PcapngReader::next(Frame& out) noexcept {
  for (;;) {
    start_ = file_.offset();
    const Bytes header = file_.peek(kBlockHeader);
    if (header.empty()) return Read::End;
    if (header.size() < kBlockHeader) return cut(start_);
    const uint32_t type = order_.u32(header.data());
    if (type == kSectionHeader) {
      const Read read = start_section();
      if (read != Read::Frame) return read;
      continue;
    }

    const uint32_t length = order_.u32(header.data() + 4);
    const uint32_t fixed = fixed_part(type);
    if (length % 4 != 0 || length < std::max(kBlockHeader, fixed) + kTrailer) {
      return damaged_here("a block cannot have the length it says");
    }
    if (fixed == 0) {
      const Read read = skip_block(length);
      if (read != Read::Frame) return read;
      continue;
    }
    if (length > FileReader::kMaxPeek) {
      return damaged_here("no packet is as long as its block says");
    }
    const Bytes block = file_.peek(length);
    if (block.size() < length) return cut(start_);
    if (order_.u32(block.data() + length - kTrailer) != length) {
      return damaged_here(kLengthsDiffer);
    }
    file_.consume(length);
    switch (type) {
      case kEnhancedPacket:
        return read_enhanced(block, out);
      case kObsoletePacket:
        return read_obsolete(block, out);
      case kSimplePacket:
        return read_simple(block, out);
      default:
        break;
    }
    const Read read = read_interface(block);
    if (read != Read::Frame) return read;
  }
}

// Type 4, length 4, byte-order magic 4, major 2, minor 2, section length 8, options.
Read PcapngReader::start_section() noexcept {
  start_ = file_.offset();
  const Bytes header = file_.peek(kSectionFixed);
  if (header.size() < kSectionFixed) return cut(start_);
  const uint32_t magic = load_be32(header.data() + 8);
  if (magic != kByteOrderMagic && magic != __builtin_bswap32(kByteOrderMagic)) {
    return damaged_here("a section header has no byte-order mark");
  }
  order_ = FileOrder(magic == kByteOrderMagic);
  const uint32_t length = order_.u32(header.data() + 4);
  if (length % 4 != 0 || length < kSectionFixed + kTrailer) {
    return damaged_here("a section header cannot have the length it says");
  }
  if (order_.u16(header.data() + 12) != kMajor) {
    return damaged_here("a section has a major version other than 1");
  }
  interfaces_.clear();
  return skip_block(length);
}

Read PcapngReader::skip_block(uint32_t length) noexcept {
  if (!file_.skip(length - kTrailer)) return cut(start_);
  const Bytes trailer = file_.peek(kTrailer);
  if (trailer.size() < kTrailer) return cut(start_);
  if (order_.u32(trailer.data()) != length) return damaged_here(kLengthsDiffer);
  file_.consume(kTrailer);
  return Read::Frame;
}

// Type 4, length 4, link type 2, reserved 2, snapshot length 4, options.
Read PcapngReader::read_interface(Bytes block) noexcept {
  if (interfaces_.size() == kMaxInterfaces) return damaged_here("too many interfaces");
  Interface made;
  made.link_type = order_.u16(block.data() + 8);
  made.snap_length = order_.u32(block.data() + 12);
  Bytes options = block.subspan(kInterfaceFixed, block.size() - kInterfaceFixed - kTrailer);
  for (;;) {
    const Option option = take_option(options, order_);
    if (option.code == kEndOfOptions) break;
    if (option.code == kTimeResolution && option.value.size() == 1) {
      made.clock.set_resolution(option.value[0]);
    } else if (option.code == kTimeOffset && option.value.size() == 8) {
      made.clock.set_offset(static_cast<int64_t>(order_.u64(option.value.data())));
    }
  }
  interfaces_.push_back(made);
  return Read::Frame;
}

// Type 4, length 4, interface 4, time 4 + 4, captured 4, original 4, packet, options.
Read PcapngReader::read_enhanced(Bytes block, Frame& out) noexcept {
  return read_packet(block, kEnhancedFixed, order_.u32(block.data() + 8), out);
}

// As the enhanced block, but interface 2 and drop count 2.
Read PcapngReader::read_obsolete(Bytes block, Frame& out) noexcept {
  return read_packet(block, kObsoleteFixed, order_.u16(block.data() + 8), out);
}

Read PcapngReader::read_packet(Bytes block, size_t fixed, uint32_t interface_id,
                               Frame& out) noexcept {
  if (interface_id >= interfaces_.size()) {
    return damaged_here("a packet names an interface that is not described");
  }
  const Interface& interface = interfaces_[interface_id];
  const uint8_t* p = block.data();
  const uint32_t captured = order_.u32(p + 20);
  const size_t room = block.size() - fixed - kTrailer;
  if (captured > room) return damaged_here("a packet is longer than its block");

  const uint64_t units = uint64_t{order_.u32(p + 12)} << 32 | order_.u32(p + 16);
  out.time_ns = interface.clock.to_ns(units);
  out.bytes = block.subspan(fixed, captured);
  out.length = std::max(order_.u32(p + 24), captured);
  out.ifindex = 0;
  out.link_type = interface.link_type;
  // The block's length is a multiple of four, so the padding is there.
  const size_t padded = (captured + size_t{3}) & ~size_t{3};
  out.direction = Direction::Unknown;
  out.stored = nullptr;
  if (room > padded) read_options(block.subspan(fixed + padded, room - padded), out);
  return Read::Frame;
}

void PcapngReader::read_options(Bytes options, Frame& out) noexcept {
  for (;;) {
    const Option option = take_option(options, order_);
    if (option.code == kEndOfOptions) return;
    if (option.code == kPacketFlags && option.value.size() == 4) {
      out.direction = direction_of(order_.u32(option.value.data()));
    } else if (option.code == kCustomBinary && decode_context(option.value, order_, stored_)) {
      out.stored = &stored_;
    }
  }
}

// Type 4, length 4, original length 4, packet. It has no time, and its captured
// length follows from the others (section 4.4).
Read PcapngReader::read_simple(Bytes block, Frame& out) noexcept {
  if (interfaces_.empty()) {
    return damaged_here("a packet names an interface that is not described");
  }
  const Interface& interface = interfaces_[0];
  const uint32_t length = order_.u32(block.data() + 8);
  const uint32_t limit = interface.snap_length == 0 ? length : interface.snap_length;
  const size_t room = block.size() - kSimpleFixed - kTrailer;
  const uint32_t captured = std::min(length, limit);
  if (captured > room) return damaged_here("a packet is longer than its block");
  out.time_ns = 0;
  out.bytes = block.subspan(kSimpleFixed, captured);
  out.length = length;
  out.ifindex = 0;
  out.link_type = interface.link_type;
  out.direction = Direction::Unknown;
  out.stored = nullptr;
  return Read::Frame;
}

}  // namespace

bool is_pcapng(Bytes start) noexcept {
  return start.size() >= 4 && load_be32(start.data()) == kSectionHeader;
}

Result<std::unique_ptr<FrameReader>> open_pcapng(FileReader& file) {
  auto reader = std::make_unique<PcapngReader>(file);
  switch (reader->start_section()) {
    case Read::Frame:
      return reader;
    case Read::Damaged:
      return fail(Exit::RunTime,
                  std::string("is not a usable pcapng file: ") + reader->fault().reason,
                  "versions 1.x can be read; convert it: editcap -F pcap FILE NEW");
    default:
      return fail(Exit::RunTime, "ends inside its file header",
                  "the file was cut short; copy or capture it again");
  }
}

}  // namespace tracee
