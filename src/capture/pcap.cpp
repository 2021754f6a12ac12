// SPDX-License-Identifier: Apache-2.0
#include "capture/pcap.h"

#include <algorithm>
#include <utility>

namespace tracee {
namespace {

constexpr uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kNanoseconds = 0xa1b23c4d;
constexpr uint32_t kModified = 0xa1b2cd34;

// File header: magic 4, major 2, minor 2, reserved 8, snaplen 4, link type 4.
constexpr size_t kFileHeader = 24;
constexpr uint16_t kMajor = 2;
constexpr uint16_t kMinor = 4;
// Above these bits the field says whether and how long a frame check sequence is.
constexpr uint32_t kLinkTypeBits = 0x03ffffff;

// Record header: seconds 4, fraction 4, captured length 4, original length 4;
// modified: + interface index 4, protocol 2, packet type 1, padding 1.
constexpr size_t kRecordHeader = 16;
constexpr size_t kModifiedRecordHeader = 24;
constexpr uint8_t kPacketOutgoing = 4;  // linux/if_packet.h, PACKET_OUTGOING

struct Format {
  FileOrder order;
  uint32_t link_type = 0;
  uint32_t fraction_ns = 1000;
  size_t record_header = kRecordHeader;
  uint16_t minor = kMinor;
};

class PcapReader final : public FrameReader {
 public:
  PcapReader(FileReader& file, const Format& format) : file_(file), format_(format) {}

  Read next(Frame& out) noexcept override {
    const uint64_t start = file_.offset();
    const Bytes header = file_.peek(format_.record_header);
    if (header.empty()) return Read::End;
    if (header.size() < format_.record_header) return cut(start);

    const FileOrder order = format_.order;
    const uint8_t* p = header.data();
    out.time_ns =
        uint64_t{order.u32(p)} * 1'000'000'000 + uint64_t{order.u32(p + 4)} * format_.fraction_ns;
    uint32_t captured = order.u32(p + 8);
    uint32_t length = order.u32(p + 12);
    // Before version 2.3 the lengths were the other way round; 2.3 has both kinds.
    if (format_.minor < 3 || (format_.minor == 3 && captured > length)) {
      std::swap(captured, length);
    }
    if (captured > FileReader::kMaxPeek - kModifiedRecordHeader) {
      return damaged(start, "no packet is as long as its record header says");
    }
    out.ifindex = 0;
    out.direction = Direction::Unknown;
    if (format_.record_header == kModifiedRecordHeader) {
      out.ifindex = order.u32(p + 16);
      out.direction = p[22] == kPacketOutgoing ? Direction::Egress : Direction::Ingress;
    }

    const size_t whole = format_.record_header + captured;
    const Bytes record = file_.peek(whole);
    if (record.size() < whole) return cut(start);
    file_.consume(whole);
    out.bytes = record.subspan(format_.record_header);
    out.length = std::max(length, captured);
    out.link_type = format_.link_type;
    return Read::Frame;
  }

 private:
  FileReader& file_;
  const Format format_;
};

// The magic number in our byte order, and whether the file has the other one.
std::pair<uint32_t, bool> read_magic(Bytes start) noexcept {
  const uint32_t big = load_be32(start.data());
  if (big == kMicroseconds || big == kNanoseconds || big == kModified) return {big, true};
  return {__builtin_bswap32(big), false};
}

}  // namespace

bool is_pcap(Bytes start) noexcept {
  if (start.size() < 4) return false;
  const uint32_t magic = read_magic(start).first;
  return magic == kMicroseconds || magic == kNanoseconds || magic == kModified;
}

Result<std::unique_ptr<FrameReader>> open_pcap(FileReader& file) {
  const Bytes header = file.peek(kFileHeader);
  if (header.size() < kFileHeader) {
    return fail(Exit::RunTime, "ends inside its file header",
                "the file was cut short; copy or capture it again");
  }
  const auto [magic, swapped] = read_magic(header);
  Format format;
  format.order = FileOrder(swapped);
  const uint8_t* p = header.data();
  const uint16_t major = format.order.u16(p + 4);
  format.minor = format.order.u16(p + 6);
  if (major != kMajor || format.minor > kMinor) {
    return fail(Exit::RunTime,
                "is a pcap file of version " + std::to_string(major) + "." +
                    std::to_string(format.minor) + ", which is not known",
                "versions up to 2.4 can be read; convert it: editcap -F pcap FILE NEW");
  }
  format.link_type = format.order.u32(p + 20) & kLinkTypeBits;
  if (magic == kNanoseconds) format.fraction_ns = 1;
  if (magic == kModified) format.record_header = kModifiedRecordHeader;
  file.consume(kFileHeader);
  return std::make_unique<PcapReader>(file, format);
}

}  // namespace tracee
