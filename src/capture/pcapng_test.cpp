// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng.h"

#include <gtest/gtest.h>

#include <limits>

#include "capture/file_builder.h"

namespace tracee {
namespace {

constexpr uint32_t kSection = 0x0a0d0d0a;
constexpr uint32_t kInterface = 1;
constexpr uint32_t kObsolete = 2;
constexpr uint32_t kSimple = 3;
constexpr uint32_t kNames = 4;
constexpr uint32_t kEnhanced = 6;
constexpr uint32_t kCustom = 0xbad;

FileBuilder& add_section(FileBuilder& file, uint16_t major = 1) {
  return file.block(kSection, file.body().u32(0x1a2b3c4d).u16(major).u16(0).u64(~uint64_t{0}));
}

FileBuilder& add_interface(FileBuilder& file, uint16_t link_type, uint32_t snap_length = 0,
                           const FileBuilder& options = FileBuilder()) {
  return file.block(kInterface,
                    file.body().u16(link_type).u16(0).u32(snap_length).bytes(options.view()));
}

FileBuilder& add_packet(FileBuilder& file, uint32_t interface_id, uint64_t time,
                        std::initializer_list<uint8_t> packet, uint32_t length,
                        const FileBuilder& options = FileBuilder()) {
  return file.block(kEnhanced, file.body()
                                   .u32(interface_id)
                                   .u32(static_cast<uint32_t>(time >> 32))
                                   .u32(static_cast<uint32_t>(time))
                                   .u32(static_cast<uint32_t>(packet.size()))
                                   .u32(length)
                                   .bytes(packet)
                                   .pad4()
                                   .bytes(options.view()));
}

class Opened {
 public:
  explicit Opened(Bytes content) : file_(file_of(content)), reader_(open_pcapng(file_)) {}
  bool ok() const { return reader_.has_value(); }
  const Error& error() const { return reader_.error(); }
  Read next(Frame& out) { return (*reader_)->next(out); }
  const Fault& fault() const { return (*reader_)->fault(); }

 private:
  FileReader file_;
  Result<std::unique_ptr<FrameReader>> reader_;
};

class PcapngOrders : public testing::TestWithParam<std::endian> {
 protected:
  FileBuilder file() const { return FileBuilder(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Both, PcapngOrders,
                         testing::Values(std::endian::little, std::endian::big));

TEST_P(PcapngOrders, ReadsAnEnhancedPacket) {
  FileBuilder f = file();
  add_section(f);
  add_interface(f, 1, 65535);
  add_packet(f, 0, 1'700'000'000'123'456, {1, 2, 3, 4, 5}, 1500);
  EXPECT_TRUE(is_pcapng(f.view()));

  Opened opened(f.view());
  ASSERT_TRUE(opened.ok());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.time_ns, 1'700'000'000'123'456'000u);
  EXPECT_EQ(as_text(frame.bytes), "\1\2\3\4\5");
  EXPECT_EQ(frame.length, 1500u);
  EXPECT_EQ(frame.link_type, 1u);
  EXPECT_EQ(frame.ifindex, 0u);
  EXPECT_EQ(frame.direction, Direction::Unknown);
  EXPECT_EQ(opened.next(frame), Read::End);
}

TEST_P(PcapngOrders, ReadsAnObsoletePacket) {
  FileBuilder f = file();
  add_section(f);
  add_interface(f, 1);
  add_interface(f, 101);
  f.block(kObsolete, f.body()
                         .u16(1)       // interface
                         .u16(0xffff)  // drop count: not known
                         .u32(0)
                         .u32(5)
                         .u32(3)
                         .u32(9)
                         .bytes({7, 8, 9})
                         .pad4()
                         .option(2, f.body().u32(2)));
  Opened opened(f.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.time_ns, 5000u);
  EXPECT_EQ(as_text(frame.bytes), "\7\10\11");
  EXPECT_EQ(frame.length, 9u);
  EXPECT_EQ(frame.link_type, 101u);
  EXPECT_EQ(frame.direction, Direction::Egress);
}

// Its captured length is not in the file: the least of length, snapshot and room.
TEST_P(PcapngOrders, ReadsASimplePacket) {
  FileBuilder f = file();
  add_section(f);
  add_interface(f, 101, 6);
  f.block(kSimple, f.body().u32(3).bytes({1, 2, 3}));
  f.block(kSimple, f.body().u32(60).bytes({1, 2, 3, 4, 5, 6}));
  Opened opened(f.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.bytes.size(), 3u);
  EXPECT_EQ(frame.length, 3u);
  EXPECT_EQ(frame.time_ns, 0u);
  EXPECT_EQ(frame.link_type, 101u);
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.bytes.size(), 6u);
  EXPECT_EQ(frame.length, 60u);
}

TEST_P(PcapngOrders, StepsOverOtherBlocks) {
  FileBuilder f = file();
  add_section(f);
  f.block(kNames, f.body().zeros(40));
  add_interface(f, 1);
  f.block(kCustom, f.body().u32(32473).zeros(100));
  f.block(0x80000001, f.body());                                  // local use, empty
  f.block(kCustom, f.body().zeros(FileReader::kMaxPeek + 4096));  // longer than the buffer
  add_packet(f, 0, 1, {1}, 1);
  Opened opened(f.view());
  Frame frame;
  EXPECT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(opened.next(frame), Read::End);
}

TEST_P(PcapngOrders, TakesDirectionFromTheFlags) {
  FileBuilder f = file();
  add_section(f);
  add_interface(f, 1);
  const auto flags = [&](uint32_t v) { return f.body().option(2, f.body().u32(v)); };
  add_packet(f, 0, 0, {1}, 1, flags(1));
  add_packet(f, 0, 0, {1}, 1, flags(2 | 1 << 2));
  add_packet(f, 0, 0, {1}, 1, flags(0));
  add_packet(f, 0, 0, {1}, 1,
             f.body().option(1, f.body().bytes({'h', 'i', '!'})).bytes(flags(2).u32(0).view()));
  add_packet(f, 0, 0, {1}, 1, f.body().u32(0).bytes(flags(2).view()));  // after the end mark
  Opened opened(f.view());
  Frame frame;
  for (const Direction expected : {Direction::Ingress, Direction::Egress, Direction::Unknown,
                                   Direction::Egress, Direction::Unknown}) {
    ASSERT_EQ(opened.next(frame), Read::Frame);
    EXPECT_EQ(frame.direction, expected);
  }
}

TEST_P(PcapngOrders, BrokenOptionsDoNotSpoilThePacket) {
  FileBuilder f = file();
  add_section(f);
  add_interface(f, 1);
  add_packet(f, 0, 0, {1}, 1, f.body().u16(2).u16(0xffff));
  add_packet(f, 0, 0, {1}, 1, f.body().option(2, f.body().u16(2)));
  Opened opened(f.view());
  Frame frame;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(opened.next(frame), Read::Frame);
    EXPECT_EQ(frame.direction, Direction::Unknown);
  }
  EXPECT_EQ(opened.next(frame), Read::End);
}

TEST_P(PcapngOrders, EndsOnlyBetweenBlocks) {
  FileBuilder f = file();
  std::vector<size_t> ends;
  std::vector<size_t> packets;  // whole ones up to the same end
  const auto mark = [&](size_t count) {
    ends.push_back(f.size());
    packets.push_back(count);
  };
  add_section(f);
  mark(0);
  add_interface(f, 1);
  mark(0);
  add_packet(f, 0, 1, {1, 2, 3}, 3);
  mark(1);
  f.block(kNames, f.body().u32(0));
  mark(1);
  f.block(kSimple, f.body().u32(1).bytes({1}));
  mark(2);
  add_section(f);
  mark(2);

  for (size_t kept = 0; kept <= f.size(); ++kept) {
    Opened opened(f.view().first(kept));
    ASSERT_EQ(opened.ok(), kept >= ends[0]) << kept;
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().what, "ends inside its file header");
      continue;
    }
    size_t last = 0;
    while (last + 1 < ends.size() && ends[last + 1] <= kept) ++last;
    Frame frame;
    for (size_t i = 0; i < packets[last]; ++i) ASSERT_EQ(opened.next(frame), Read::Frame);
    ASSERT_EQ(opened.next(frame), kept == ends[last] ? Read::End : Read::Cut) << kept;
    if (kept != ends[last]) {
      EXPECT_EQ(opened.fault().offset, ends[last]);
    }
  }
}

TEST(Pcapng, SectionsHaveTheirOwnOrderAndInterfaces) {
  FileBuilder little(std::endian::little);
  add_section(little);
  add_interface(little, 1);
  add_interface(little, 113);
  add_packet(little, 1, 1, {1}, 1);
  FileBuilder big(std::endian::big);
  add_section(big);
  add_interface(big, 276);
  add_packet(big, 0, 2, {2}, 2);
  FileBuilder again(std::endian::little);
  add_section(again);
  add_packet(again, 0, 3, {3}, 3);  // the interface of an earlier section
  const size_t damage = little.size() + big.size() + 28;
  little.bytes(big.view()).bytes(again.view());

  Opened opened(little.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.link_type, 113u);
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.link_type, 276u);
  EXPECT_EQ(frame.time_ns, 2000u);
  EXPECT_EQ(opened.next(frame), Read::Damaged);
  EXPECT_EQ(opened.fault().offset, damage);
}

struct Resolution {
  int if_tsresol;  // -1: no such option
  int64_t if_tsoffset;
  uint64_t units;
  uint64_t time_ns;
};

class PcapngClock : public testing::TestWithParam<Resolution> {};

TEST_P(PcapngClock, BecomesNanoseconds) {
  const Resolution given = GetParam();
  FileBuilder f;
  add_section(f);
  FileBuilder options;
  options.option(2, FileBuilder().bytes({'e', 't', 'h', '0', '!'}));  // if_name
  if (given.if_tsresol >= 0) {
    options.option(9, FileBuilder().u8(static_cast<uint8_t>(given.if_tsresol)));
  }
  if (given.if_tsoffset != 0) {
    options.option(14, FileBuilder().u64(static_cast<uint64_t>(given.if_tsoffset)));
  }
  add_interface(f, 1, 0, options.u32(0));
  add_packet(f, 0, given.units, {1}, 1);
  Opened opened(f.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  EXPECT_EQ(frame.time_ns, given.time_ns);
}

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
constexpr int64_t kFar = std::numeric_limits<int64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    All, PcapngClock,
    testing::Values(Resolution{-1, 0, 1'700'000'000'123'456, 1'700'000'000'123'456'000},
                    Resolution{0, 0, 1'700'000'000, 1'700'000'000'000'000'000},
                    Resolution{3, 0, 1'700'000'000'123, 1'700'000'000'123'000'000},
                    Resolution{9, 0, 1'700'000'000'123'456'789, 1'700'000'000'123'456'789},
                    Resolution{12, 0, 5'123'456, 5'123}, Resolution{28, 0, kMost, 1},
                    Resolution{29, 0, kMost, 0}, Resolution{127, 0, kMost, 0},
                    Resolution{0x80, 0, 3, 3'000'000'000},
                    Resolution{0x80 | 1, 0, 3, 1'500'000'000},
                    Resolution{0x80 | 30, 0, uint64_t{1} << 30, 1'000'000'000},
                    Resolution{0x80 | 64, 0, uint64_t{1} << 63, 500'000'000},
                    Resolution{0xff, 0, kMost, 0},
                    Resolution{-1, 0, kMost, kMost},  // microseconds beyond the year 2554
                    Resolution{0, 0, kMost, kMost}, Resolution{6, 100, 5, 100'000'005'000},
                    Resolution{6, -1, 1'500'000, 500'000'000}, Resolution{6, -100, 5, 0},
                    Resolution{0, kFar, kMost, kMost}, Resolution{9, -kFar - 1, kMost, 0}));

struct Broken {
  const char* name;
  void (*add)(FileBuilder&);
};

class PcapngDamage : public testing::TestWithParam<Broken> {};

TEST_P(PcapngDamage, IsSeenAfterTheWholePackets) {
  FileBuilder f;
  add_section(f);
  add_interface(f, 1, 4);
  add_packet(f, 0, 1, {1}, 1);
  const size_t start = f.size();
  GetParam().add(f);
  f.zeros(64);
  Opened opened(f.view());
  Frame frame;
  ASSERT_EQ(opened.next(frame), Read::Frame);
  ASSERT_EQ(opened.next(frame), Read::Damaged);
  EXPECT_EQ(opened.fault().offset, start);
  EXPECT_NE(opened.fault().reason, nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    All, PcapngDamage,
    testing::Values(
        Broken{"LengthTooShort", [](FileBuilder& f) { f.u32(kEnhanced).u32(28).zeros(28); }},
        Broken{"LengthZero", [](FileBuilder& f) { f.u32(kCustom).u32(0); }},
        Broken{"LengthNotAMultipleOf4",
               [](FileBuilder& f) { f.u32(kCustom).u32(17).zeros(5).u32(17); }},
        Broken{"PacketLongerThanTheBuffer",
               [](FileBuilder& f) { f.u32(kEnhanced).u32(0x7ffffffc); }},
        Broken{"LengthsDiffer",
               [](FileBuilder& f) {
                 f.u32(kEnhanced).u32(36).zeros(12).u32(4).u32(4).zeros(4).u32(40);
               }},
        Broken{"LengthsDifferInASkippedBlock",
               [](FileBuilder& f) { f.u32(kCustom).u32(16).zeros(4).u32(20); }},
        Broken{"LengthsDifferInASection",
               [](FileBuilder& f) {
                 f.u32(kSection).u32(28).u32(0x1a2b3c4d).u16(1).u16(0).u64(0).u32(32);
               }},
        Broken{
            "PacketLongerThanItsBlock",
            [](FileBuilder& f) { f.block(kEnhanced, f.body().zeros(12).u32(9).u32(9).zeros(8)); }},
        Broken{"HugeCapturedLength",
               [](FileBuilder& f) {
                 f.block(kEnhanced, f.body().zeros(12).u32(0xffffffff).u32(9).zeros(8));
               }},
        Broken{"SimplePacketLongerThanItsBlock",
               [](FileBuilder& f) { f.block(kSimple, f.body().u32(4)); }},
        Broken{"NoSuchInterface", [](FileBuilder& f) { add_packet(f, 1, 1, {1}, 1); }},
        Broken{"SectionWithoutByteOrder",
               [](FileBuilder& f) { f.block(kSection, f.body().zeros(16)); }},
        Broken{"SectionTooShort",
               [](FileBuilder& f) { f.u32(kSection).u32(24).u32(0x1a2b3c4d).zeros(12); }},
        Broken{"SectionOfAnotherVersion", [](FileBuilder& f) { add_section(f, 2); }}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Pcapng, SimplePacketNeedsAnInterface) {
  FileBuilder f;
  add_section(f).block(kSimple, f.body().u32(1).zeros(1));
  Opened opened(f.view());
  Frame frame;
  EXPECT_EQ(opened.next(frame), Read::Damaged);
}

TEST(Pcapng, RefusesAFirstSectionItCannotRead) {
  FileBuilder f;
  add_section(f, 2);
  Opened opened(f.view());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().what,
            "is not a usable pcapng file: a section has a major version other than 1");
}

}  // namespace
}  // namespace tracee
