// SPDX-License-Identifier: Apache-2.0
#include "capture/pcap.h"

#include <gtest/gtest.h>

#include <string>

#include "capture/file_builder.h"

namespace tracee {
namespace {

constexpr uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kNanoseconds = 0xa1b23c4d;
constexpr uint32_t kModified = 0xa1b2cd34;

FileBuilder file_header(std::endian order, uint32_t magic, uint32_t link_type = 1,
                        uint16_t minor = 4) {
  FileBuilder file(order);
  file.u32(magic).u16(2).u16(minor).u32(0).u32(0).u32(65535).u32(link_type);
  return file;
}

FileBuilder& record(FileBuilder& file, uint32_t seconds, uint32_t fraction, uint32_t captured,
                    uint32_t length) {
  return file.u32(seconds).u32(fraction).u32(captured).u32(length);
}

class Opened {
 public:
  explicit Opened(Bytes content) : file_(file_of(content)), reader_(open_pcap(file_)) {}
  bool ok() const { return reader_.has_value(); }
  const Error& error() const { return reader_.error(); }
  Read next(Frame& out) { return (*reader_)->next(out); }
  const Fault& fault() const { return (*reader_)->fault(); }

 private:
  FileReader file_;
  Result<std::unique_ptr<FrameReader>> reader_;
};

struct Variant {
  std::endian order;
  uint32_t magic;
  uint64_t time_ns;
};

class PcapVariants : public testing::TestWithParam<Variant> {};

TEST_P(PcapVariants, ReadsEveryField) {
  const Variant variant = GetParam();
  FileBuilder file = file_header(variant.order, variant.magic, 113);
  record(file, 1'700'000'000, 123'456, 5, 1500);
  if (variant.magic == kModified) file.u32(7).u16(0x800).u8(4).u8(0);
  file.bytes({1, 2, 3, 4, 5});
  EXPECT_TRUE(is_pcap(file.view()));

  Opened opened(file.view());
  ASSERT_TRUE(opened.ok());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.time_ns, variant.time_ns);
  EXPECT_EQ(as_text(frame.bytes), "\1\2\3\4\5");
  EXPECT_EQ(frame.length, 1500u);
  EXPECT_EQ(frame.link_type, 113u);
  EXPECT_EQ(frame.ifindex, variant.magic == kModified ? 7u : 0u);
  EXPECT_EQ(frame.direction, variant.magic == kModified ? Direction::Egress : Direction::Unknown);
  EXPECT_EQ(opened.next(frame), Read::End);
}

TEST_P(PcapVariants, EndsOnlyBetweenRecords) {
  const Variant variant = GetParam();
  FileBuilder file = file_header(variant.order, variant.magic);
  std::vector<size_t> ends = {file.size()};
  for (uint32_t length = 0; length < 4; ++length) {
    record(file, 1, 2, length, length);
    if (variant.magic == kModified) file.zeros(8);
    file.zeros(length);
    ends.push_back(file.size());
  }
  for (size_t kept = 0; kept <= file.size(); ++kept) {
    Opened opened(file.view().first(kept));
    ASSERT_EQ(opened.ok(), kept >= ends[0]) << kept;
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().what, "ends inside its file header");
      continue;
    }
    size_t whole = 0;
    while (whole + 1 < ends.size() && ends[whole + 1] <= kept) ++whole;
    Frame frame;
    for (size_t i = 0; i < whole; ++i) ASSERT_EQ(opened.next(frame), Read::Frame) << kept;
    ASSERT_EQ(opened.next(frame), kept == ends[whole] ? Read::End : Read::Cut) << kept;
    if (kept != ends[whole]) {
      EXPECT_EQ(opened.fault().offset, ends[whole]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PcapVariants,
    testing::Values(Variant{std::endian::little, kMicroseconds, 1'700'000'000'123'456'000},
                    Variant{std::endian::big, kMicroseconds, 1'700'000'000'123'456'000},
                    Variant{std::endian::little, kNanoseconds, 1'700'000'000'000'123'456},
                    Variant{std::endian::big, kNanoseconds, 1'700'000'000'000'123'456},
                    Variant{std::endian::little, kModified, 1'700'000'000'123'456'000},
                    Variant{std::endian::big, kModified, 1'700'000'000'123'456'000}));

TEST(Pcap, TimesOfTheLastRepresentableMomentDoNotOverflow) {
  FileBuilder file = file_header(std::endian::little, kMicroseconds);
  record(file, 0xffffffff, 0xffffffff, 0, 0);
  Opened opened(file.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.time_ns, 4'294'967'295'000'000'000 + 4'294'967'295'000);
}

TEST(Pcap, LinkTypeWithoutTheFrameCheckBits) {
  FileBuilder file = file_header(std::endian::big, kMicroseconds, 0x30000071);
  record(file, 0, 0, 0, 0);
  Opened opened(file.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.link_type, 113u);
}

TEST(Pcap, LengthIsNeverLessThanWhatWasCaptured) {
  FileBuilder file = file_header(std::endian::little, kMicroseconds);
  record(file, 0, 0, 4, 2).zeros(4);
  Opened opened(file.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.length, 4u);
}

TEST(Pcap, OldVersionsHaveTheLengthsTheOtherWayRound) {
  for (const uint16_t minor : {uint16_t{2}, uint16_t{3}}) {
    FileBuilder file = file_header(std::endian::little, kMicroseconds, 1, minor);
    record(file, 0, 0, 60, 4).zeros(4);
    Opened opened(file.view());
    ASSERT_TRUE(opened.ok());
    Frame frame;
    ASSERT_EQ(opened.next(frame), Read::Frame);
    EXPECT_EQ(frame.bytes.size(), 4u);
    EXPECT_EQ(frame.length, 60u);
  }
}

TEST(Pcap, AnImpossibleLengthIsDamage) {
  FileBuilder file = file_header(std::endian::little, kMicroseconds);
  record(file, 0, 0, 1, 1).zeros(1);
  record(file, 0, 0, 0x7fffffff, 0x7fffffff).zeros(100);
  Opened opened(file.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(opened.next(frame), Read::Damaged);
  EXPECT_EQ(opened.fault().offset, 24u + 17u);
  EXPECT_NE(opened.fault().reason, nullptr);
}

TEST(Pcap, ReadsALargePacket) {
  FileBuilder file = file_header(std::endian::little, kMicroseconds);
  record(file, 0, 0, 1'500'000, 1'500'000).zeros(1'500'000);
  record(file, 0, 0, 1, 1).zeros(1);
  Opened opened(file.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.bytes.size(), 1'500'000u);
  EXPECT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(opened.next(frame), Read::End);
}

TEST(Pcap, RefusesOtherVersions) {
  Opened opened(file_header(std::endian::little, kMicroseconds, 1, 5).view());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().what, "is a pcap file of version 2.5, which is not known");
  EXPECT_FALSE(opened.error().hint.empty());
}

TEST(Pcap, KnowsItsMagicNumbers) {
  EXPECT_FALSE(is_pcap(as_bytes("")));
  EXPECT_FALSE(is_pcap(as_bytes("\xa1\xb2\xc3")));
  EXPECT_FALSE(is_pcap(as_bytes("\n\r\r\n")));
  EXPECT_TRUE(is_pcap(as_bytes("\xa1\xb2\xc3\xd4")));
}

}  // namespace
}  // namespace tracee
