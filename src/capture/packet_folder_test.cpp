// SPDX-License-Identifier: Apache-2.0
// Files of packets, read back with our own reader.
#include "capture/packet_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "capture/replay.h"
#include "capture/snap.h"

namespace tracee {
namespace {

// 20 bytes of IPv4 (UDP, from 10.0.0.1 to 10.0.0.2), 8 of UDP to port 53, 4 of payload.
constexpr uint8_t kPacket[] = {0x45, 0, 0, 32, 0, 1, 0, 0,  64, 17, 0, 0, 10,  0,   0,   1,
                               10,   0, 0, 2,  4, 0, 0, 53, 0,  12, 0, 0, 'd', 'a', 't', 'a'};

class PacketFolderTest : public testing::Test {
 protected:
  PacketFolderTest() {
    char name[] = "/tmp/tracee-folder-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~PacketFolderTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<PacketFolder> open(Split split, bool clear = false) const {
    auto opened = PacketFolder::open(folder_, clear, split);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }

  // The packets' owners, in the file's order.
  std::vector<std::string> read(const std::string& path) const {
    auto source = ReplaySource::open(folder_ + "/out/pcap/" + path);
    EXPECT_TRUE(source) << path;
    if (!source) return {};
    std::vector<std::string> out;
    Record record;
    while ((*source)->next(record) == ReplaySource::Next::Packet) {
      EXPECT_TRUE(std::ranges::equal(record.packet, kPacket));
      EXPECT_EQ(record.packet_length, sizeof kPacket);
      EXPECT_NE(record.stored, nullptr);
      if (record.stored != nullptr) out.emplace_back(record.stored->process_name);
    }
    EXPECT_EQ((*source)->problem(), "");
    return out;
  }

  std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/out")) {
      if (entry.is_regular_file()) {
        out.push_back(std::filesystem::relative(entry, folder_ + "/out/pcap"));
      }
    }
    std::ranges::sort(out);
    return out;
  }

  std::string folder_;
};

Context owner(std::string_view name, uint32_t tid, std::string_view container = {}) {
  Context c;
  c.process_name = name;
  c.host_process_id = c.host_thread_id = tid;
  c.thread_start_ns = 7;
  c.container.id = container;
  c.direction = "egress";
  return c;
}

TEST_F(PacketFolderTest, OneFileForEachOwner) {
  const Context owners[] = {owner("a/b", 1), owner("curl", 2, "0123456789abcdef"),
                            owner("curl", 3, "0123456789abcdef"), Context{}};
  const std::pair<Split, std::vector<std::string>> wanted[] = {
      {Split::Single, {"single.pcap"}},
      {Split::Process,
       {"processes/0123456789a/curl_2_7.pcap", "processes/0123456789a/curl_3_7.pcap",
        "processes/host/a_b_1_7.pcap", "processes/host/unknown_0_0.pcap"}},
      {Split::Container, {"containers/0123456789a.pcap", "containers/host.pcap"}},
      {Split::Command,
       {"commands/0123456789a/curl.pcap", "commands/host/a_b.pcap", "commands/host/unknown.pcap"}},
  };
  for (const auto& [split, paths] : wanted) {
    auto folder = open(split, true);
    for (const Context& context : owners) folder->write(context, kPacket, sizeof kPacket);
    EXPECT_TRUE(folder->waiting());
    folder->finish(0);
    EXPECT_EQ(files(), paths);
    EXPECT_EQ(folder->counters().written, 4u);
    size_t packets = 0;
    for (const std::string& path : paths) packets += read(path).size();
    EXPECT_EQ(packets, 4u);
  }
  EXPECT_EQ(read("commands/0123456789a/curl.pcap"), (std::vector<std::string>{"curl", "curl"}));
}

TEST_F(PacketFolderTest, AFileIsContinuedWithASectionOfItsOwn) {
  for (int i = 0; i < 2; ++i) {
    auto folder = open(Split::Single);
    folder->write(owner(i == 0 ? "first" : "second", 1), kPacket, sizeof kPacket);
    folder->finish(3);
  }
  EXPECT_EQ(read("single.pcap"), (std::vector<std::string>{"first", "second"}));
}

TEST_F(PacketFolderTest, MoreOwnersThanOpenFiles) {
  constexpr uint32_t kOwners = 2 * PacketFolder::kMaxOpen + 1;
  auto folder = open(Split::Process);
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = open_files();
  for (int round = 0; round < 2; ++round) {
    for (uint32_t tid = 1; tid <= kOwners; ++tid) {
      folder->write(owner("many", tid), kPacket, sizeof kPacket);
    }
    EXPECT_LE(open_files() - before, static_cast<int64_t>(PacketFolder::kMaxOpen));
  }
  folder->finish(0);
  EXPECT_EQ(folder->counters().written, 2 * kOwners);
  EXPECT_EQ(files().size(), kOwners);
  for (const std::string& path : files()) EXPECT_EQ(read(path).size(), 2u) << path;
}

TEST_F(PacketFolderTest, WhatCannotBeOpenedIsCountedAndSaid) {
  auto folder = open(Split::Command);
  std::filesystem::create_directories(folder_ + "/out/pcap/commands/host/taken.pcap");
  folder->write(owner("taken", 1), kPacket, sizeof kPacket);
  folder->write(owner("free", 1), kPacket, sizeof kPacket);
  folder->finish(0);
  EXPECT_EQ(folder->counters().dropped, 1u);
  EXPECT_EQ(folder->counters().written, 1u);
  EXPECT_NE(folder->problem().find("taken.pcap: Is a directory"), std::string::npos);
}

TEST(PacketFile, FullDevice) {
  auto file = PacketFile::open("/dev/full", "--write /dev/full");
  ASSERT_TRUE(file);
  (*file)->write(owner("x", 1), kPacket, sizeof kPacket);
  (*file)->finish(0);
  EXPECT_EQ((*file)->counters().dropped, 1u);
  EXPECT_EQ((*file)->counters().written, 0u);
  EXPECT_EQ((*file)->problem(), "cannot write to /dev/full: No space left on device");
}

TEST(Snap, HeadersAndSoManyBytes) {
  std::vector<uint8_t> packet(kPacket, kPacket + sizeof kPacket);
  EXPECT_EQ(snapped_length(packet, 0, {}), 28u);
  EXPECT_EQ(snapped_length(packet, 3, {}), 31u);
  EXPECT_EQ(snapped_length(packet, 96, {}), 32u);
  const uint16_t ports[] = {53};
  EXPECT_EQ(snapped_length(packet, 0, ports), 32u);
  packet[9] = 1;  // ICMP
  EXPECT_EQ(snapped_length(packet, 0, {}), 32u);
  packet[9] = 47;  // GRE: the IP header is the last that is known
  EXPECT_EQ(snapped_length(packet, 2, {}), 22u);
  packet[9] = 17;
  packet[7] = 1;  // a later fragment
  EXPECT_EQ(snapped_length(packet, 0, ports), 20u);
  EXPECT_EQ(snapped_length(Bytes(packet).first(10), 96, ports), 10u);
  EXPECT_EQ(snapped_length({}, 96, ports), 0u);
}

TEST(Snap, TcpOptionsAndIpv6Extensions) {
  std::vector<uint8_t> packet(200, 0);
  packet[0] = 0x60;
  packet[6] = 0;   // hop-by-hop options,
  packet[40] = 6;  // of 8 bytes, then TCP
  packet[41] = 0;
  packet[48 + 12] = 0x80;  // with a header of 32 bytes
  EXPECT_EQ(snapped_length(packet, 5, {}), 40u + 8 + 32 + 5);
  packet[40] = 58;  // ICMPv6
  EXPECT_EQ(snapped_length(packet, 5, {}), 200u);
}

}  // namespace
}  // namespace tracee
