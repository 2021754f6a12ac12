// SPDX-License-Identifier: Apache-2.0
#include "capture/replay.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <string>
#include <thread>

#include "capture/file_builder.h"

namespace tracee {
namespace {

using Next = ReplaySource::Next;

FileBuilder pcap_file(uint32_t link_type) {
  FileBuilder file;
  file.u32(0xa1b2c3d4).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type);
  return file;
}

void add_frame(FileBuilder& file, uint32_t seconds, const FileBuilder& frame,
               uint32_t more_on_the_wire = 0) {
  const auto captured = static_cast<uint32_t>(frame.size());
  file.u32(seconds).u32(5).u32(captured).u32(captured + more_on_the_wire).bytes(frame.view());
}

std::unique_ptr<ReplaySource> replay(const FileBuilder& file) {
  auto source = ReplaySource::from(file_of(file.view()), "'x.pcap'");
  EXPECT_TRUE(source.has_value());
  return std::move(*source);
}

std::string error_of(const FileBuilder& file) {
  auto source = ReplaySource::from(file_of(file.view()), "'x.pcap'");
  EXPECT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, Exit::RunTime);
  EXPECT_FALSE(source.error().hint.empty());
  return source.error().what;
}

class TempDirectory {
 public:
  TempDirectory() {
    char pattern[] = "/tmp/replay_test_XXXXXX";
    path_ = ::mkdtemp(pattern);
  }
  ~TempDirectory() {
    ::unlink(file().c_str());
    ::rmdir(path_.c_str());
  }
  const std::string& path() const { return path_; }
  std::string file() const { return path_ + "/x.pcap"; }

 private:
  std::string path_;
};

TEST(Replay, GivesRecordsFromTheIpHeaderOn) {
  FileBuilder file = pcap_file(1);
  add_frame(file, 10, ethernet(0x0800, ipv4_packet(8)), 200);
  add_frame(file, 11, ethernet(0x0806, FileBuilder().zeros(28)));
  add_frame(file, 12, ethernet(0x86dd, ipv6_packet(8)));
  const auto source = replay(file);
  Record record;
  record.cpu = 99;  // what the source does not know is reset
  ASSERT_EQ(source->next(record), Next::Packet);
  EXPECT_EQ(record.time_ns, 10'000'005'000u);
  EXPECT_EQ(record.packet.size(), 28u);
  EXPECT_EQ(record.packet[0], 0x45);
  EXPECT_EQ(record.packet_length, 228u);
  EXPECT_EQ(record.cpu, 0u);
  EXPECT_EQ(record.direction, Direction::Unknown);
  EXPECT_EQ(record.owner, nullptr);
  EXPECT_EQ(record.boot_epoch_ns, 0u);
  ASSERT_EQ(source->next(record), Next::Packet);
  EXPECT_EQ(record.time_ns, 12'000'005'000u);
  EXPECT_EQ(record.packet.size(), 48u);
  EXPECT_EQ(record.packet[0], 0x60);
  EXPECT_EQ(source->next(record), Next::End);
  EXPECT_EQ(source->next(record), Next::End);
  EXPECT_EQ(source->problem(), "");
  EXPECT_EQ(source->counts().read, 3u);
  EXPECT_EQ(source->counts().no_ip, 1u);
  EXPECT_EQ(source->counts().bytes, 42u + 42u + 62u);
}

TEST(Replay, ReadsAPcapngFileThatMixesLinkTypes) {
  FileBuilder file;
  file.block(0x0a0d0d0a, file.body().u32(0x1a2b3c4d).u16(1).u16(0).u64(~uint64_t{0}));
  for (const uint16_t link_type : {uint16_t{1}, uint16_t{276}, uint16_t{147}}) {
    file.block(1, file.body().u16(link_type).u16(0).u32(0));
  }
  const auto add = [&](uint32_t interface_id, const FileBuilder& frame) {
    const auto size = static_cast<uint32_t>(frame.size());
    file.block(6, file.body().u32(interface_id).u64(0).u32(size).u32(size).bytes(frame.view()));
  };
  FileBuilder cooked(std::endian::big);
  cooked.u16(0x0800).u16(0).u32(3).u16(1).u8(4).u8(6).zeros(8).bytes(ipv4_packet().view());
  add(1, cooked);
  add(0, ethernet(0x86dd, ipv6_packet()));
  add(2, ipv4_packet());
  const auto source = replay(file);
  Record record;
  ASSERT_EQ(source->next(record), Next::Packet);
  EXPECT_EQ(record.packet[0] >> 4, 4);
  EXPECT_EQ(record.direction, Direction::Egress);
  EXPECT_EQ(record.ifindex, 3u);
  ASSERT_EQ(source->next(record), Next::Packet);
  EXPECT_EQ(record.packet[0] >> 4, 6);
  EXPECT_EQ(record.direction, Direction::Unknown);
  EXPECT_EQ(record.ifindex, 0u);
  EXPECT_EQ(source->next(record), Next::End);
  EXPECT_EQ(source->counts().no_ip, 1u);
}

TEST(Replay, ACutFileGivesItsWholePacketsAndSaysWhereItEnds) {
  FileBuilder file = pcap_file(1);
  add_frame(file, 1, ethernet(0x0800, ipv4_packet()));  // bytes 24 to 73
  add_frame(file, 2, ethernet(0x0800, ipv4_packet()));
  auto source = ReplaySource::from(file_of(file.view().first(100)), "'x.pcap'");
  ASSERT_TRUE(source.has_value());
  Record record;
  EXPECT_EQ((*source)->next(record), Next::Packet);
  EXPECT_EQ((*source)->next(record), Next::Cut);
  EXPECT_EQ((*source)->next(record), Next::Cut);
  EXPECT_EQ((*source)->problem(),
            "'x.pcap' ends too early: the record at byte 74, in or before packet 2, is not whole");
  EXPECT_EQ((*source)->counts().read, 1u);
}

TEST(Replay, ADamagedFileSaysWhereAndWhy) {
  FileBuilder file = pcap_file(1);
  add_frame(file, 1, ethernet(0x0800, ipv4_packet()));
  file.u64(0).u32(0xffffffff).u32(0xffffffff).zeros(100);
  const auto source = replay(file);
  Record record;
  EXPECT_EQ(source->next(record), Next::Packet);
  EXPECT_EQ(source->next(record), Next::Cut);
  EXPECT_EQ(source->problem(),
            "'x.pcap' is damaged at byte 74, in or before packet 2: no packet is as long as its "
            "record header says");
}

TEST(Replay, RefusesWhatIsNoCaptureFile) {
  EXPECT_EQ(error_of(FileBuilder()), "'x.pcap' is empty");
  EXPECT_EQ(error_of(FileBuilder().u8(0xd4)), "'x.pcap' is not a capture file");
  EXPECT_EQ(error_of(FileBuilder().bytes(as_bytes("GET / HTTP/1.1\r\n"))),
            "'x.pcap' is not a capture file");
  EXPECT_EQ(error_of(FileBuilder().u32(0xa1b2c3d4).u16(2)), "'x.pcap' ends inside its file header");
  EXPECT_EQ(error_of(FileBuilder().u32(0xa1b2c3d4).u16(3).u16(0).zeros(16)),
            "'x.pcap' is a pcap file of version 3.0, which is not known");
}

TEST(Replay, SaysHowToUnpackACompressedFile) {
  const FileBuilder file = FileBuilder().bytes({0x1f, 0x8b, 8, 0, 0, 0, 0, 0});
  auto source = ReplaySource::from(file_of(file.view()), "'x.pcap.gz'");
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().what, "'x.pcap.gz' is compressed");
  EXPECT_EQ(source.error().hint, "unpack it on the way: zcat FILE | tracee --input -");
}

TEST(Replay, OpensByPath) {
  const TempDirectory directory;
  auto missing = ReplaySource::open(directory.file());
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().what,
            "cannot open '" + directory.file() + "': No such file or directory");
  EXPECT_EQ(missing.error().hint, "check the path given to --input");

  auto folder = ReplaySource::open(directory.path());
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(folder.error().what, "'" + directory.path() + "' is a directory");

  FileBuilder file = pcap_file(101);
  add_frame(file, 1, ipv4_packet());
  const Fd written(::open(directory.file().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::write(written.get(), file.view().data(), file.size()),
            static_cast<ssize_t>(file.size()));
  auto source = ReplaySource::open(directory.file());
  ASSERT_TRUE(source.has_value());
  Record record;
  EXPECT_EQ((*source)->next(record), Next::Packet);
  EXPECT_EQ((*source)->next(record), Next::End);
}

TEST(Replay, ReadsStandardInputPacketByPacket) {
  FileBuilder file = pcap_file(101);
  add_frame(file, 1, ipv4_packet());
  const size_t first = file.size();
  add_frame(file, 2, ipv4_packet());
  auto [out, in] = make_pipe();
  const auto write = [&in = in](Bytes what) {
    ASSERT_EQ(::write(in.get(), what.data(), what.size()), static_cast<ssize_t>(what.size()));
  };
  const Fd before(::dup(STDIN_FILENO));
  ASSERT_EQ(::dup2(out.get(), STDIN_FILENO), STDIN_FILENO);
  write(file.view().first(first));
  auto source = ReplaySource::open("-");
  ::dup2(before.get(), STDIN_FILENO);
  ASSERT_TRUE(source.has_value());
  Record record;
  EXPECT_EQ((*source)->next(record), Next::Packet);  // before the second is written
  write(file.view().subspan(first, 3));
  write(file.view().subspan(first + 3));
  EXPECT_EQ((*source)->next(record), Next::Packet);
  EXPECT_EQ(record.time_ns, 2'000'005'000u);
  in.reset();
  EXPECT_EQ((*source)->next(record), Next::End);
}

TEST(Replay, StopsAnIdlePipe) {
  FileBuilder file = pcap_file(101);
  add_frame(file, 1, ipv4_packet());
  file.u32(2);  // the stop comes in the middle of a record
  auto [out, in] = make_pipe();
  ASSERT_EQ(::write(in.get(), file.view().data(), file.size()), static_cast<ssize_t>(file.size()));
  const Fd stop(::eventfd(0, EFD_CLOEXEC));
  auto source = ReplaySource::from(std::move(out), "pipe", stop.get());
  ASSERT_TRUE(source.has_value());
  Record record;
  EXPECT_EQ((*source)->next(record), Next::Packet);
  std::thread stopper([&stop] {
    const uint64_t one = 1;
    EXPECT_EQ(::write(stop.get(), &one, sizeof one), 8);
  });
  EXPECT_EQ((*source)->next(record), Next::End);
  EXPECT_EQ((*source)->problem(), "");
  stopper.join();
}

TEST(Replay, AStopBeforeTheFirstByteIsAnEnd) {
  auto [out, in] = make_pipe();
  const Fd stop(::eventfd(1, EFD_CLOEXEC));
  auto source = ReplaySource::from(std::move(out), "pipe", stop.get());
  ASSERT_TRUE(source.has_value());
  Record record;
  EXPECT_EQ((*source)->next(record), Next::End);
}

}  // namespace
}  // namespace tracee
