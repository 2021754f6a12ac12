// SPDX-License-Identifier: Apache-2.0
// Detectors whose files change while they run.
#include "detectors/folder.h"

namespace tracee {
namespace {

using test::Folder;
using test::head;
using test::Texts;

// Counts to three and says what `value` is then.
std::string counting(const std::string& id, const std::string& value = "data.dst") {
  std::string out = head("net_packet_tcp", "string") +
                    "threshold: {by: [], count: 3, within: 1h}\n"
                    "output: {fields: [{name: f, expression: " +
                    value + "}]}\n";
  out.replace(out.find("id: one"), 7, "id: " + id);
  return out.replace(out.find("{name: one"), 10, "{name: " + id);
}

TEST(Reload, AChangedFileIsInForceAndOthersKeepWhatTheyRemember) {
  Folder folder({counting("one"), counting("two")});
  folder.feed('t');
  EXPECT_EQ(folder.feed('t'), Texts{});
  folder.write("1.yaml", counting("two", "data.src"));
  folder.reload();
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t'), Texts{"one f=192.0.2.9"})
      << "the third for the one, not for the other";
  folder.feed('t');
  EXPECT_EQ(folder.feed('t'), Texts{"two f=10.0.0.1"});
}

TEST(Reload, ABrokenFileIsToldWithItsPlaceAndTheOldOneStays) {
  Folder folder({counting("one"), counting("two")});
  folder.feed('t');
  folder.feed('t');
  const auto broken = [&](const std::string& text, const std::string& complaint) {
    folder.write("0.yaml", text);
    folder.reload();
    EXPECT_NE(folder.warnings().find("0.yaml:"), std::string::npos) << folder.warnings();
    EXPECT_NE(folder.warnings().find(complaint), std::string::npos) << folder.warnings();
  };
  broken("type: [detector\n", "0.yaml:2:1: ");
  broken(counting("one") + "nonsense: 1\n", "0.yaml:7:1: unknown key 'nonsense'");
  broken(counting("one", "data.dts"), "0.yaml:6:41: column 6: unknown field 'dts'");
  broken(counting("two"), "a second");
  EXPECT_EQ(folder.feed('t'), (Texts{"one f=192.0.2.9", "two f=192.0.2.9"}))
      << "both are the old ones, with what they remember";
  folder.write("0.yaml", counting("one", "data.src"));
  folder.reload();
  EXPECT_EQ(folder.warnings(), "");
}

TEST(Reload, FilesComeAndGo) {
  Folder folder({counting("one")});
  const uint32_t id = folder.detection().catalog().find("one")->id;
  folder.write(
      "new.yaml",
      head("net_packet_tcp", "string").replace(15, 7, "id: new").replace(39, 10, "{name: new") +
          "output: {fields: [{name: f, expression: data.src}]}\n");
  folder.reload();
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t'), Texts{"new f=10.0.0.1"});
  EXPECT_EQ(folder.detection().catalog().find("one")->id, id);
  std::filesystem::remove(folder.path() / "0.yaml");
  folder.reload();
  EXPECT_EQ(folder.detection().catalog().find("one"), nullptr);
  EXPECT_EQ(folder.feed('t'), Texts{"new f=10.0.0.1"});
  folder.write("0.yaml", counting("one"));
  folder.reload();
  EXPECT_EQ(folder.detection().catalog().find("one")->id, id) << "a name keeps its id";
}

TEST(Reload, ListsAreReadAgainAndDetectorsRemember) {
  Folder folder({"{type: address_list, name: NETS, file: nets.txt}\n",
                 head("net_packet_tcp", "string") +
                     "conditions: [data.dst in NETS]\nthreshold: {by: [], count: 2, within: 1h}\n"
                     "output: {fields: [{name: f, expression: data.dst}]}\n"},
                {{"nets.txt", "192.0.2.0/24\n"}});
  EXPECT_EQ(folder.warnings(), "");
  folder.feed('t');
  folder.write("nets.txt", "198.51.100.0/24\n");
  folder.reload();
  EXPECT_EQ(folder.feed('t'), Texts{}) << "no longer listed";
  folder.write("nets.txt", "192.0.2.0/24\nnonsense\n");
  folder.reload();
  EXPECT_NE(folder.warnings().find("nets.txt:2:1: 'nonsense' is no address"), std::string::npos);
  EXPECT_EQ(folder.feed('t'), Texts{}) << "the list stays as it was";
  folder.write("nets.txt", "192.0.2.0/24\n");
  folder.reload();
  EXPECT_EQ(folder.feed('t'), Texts{"one f=192.0.2.9"}) << "the first was before all that";
}

TEST(Reload, WhatHasNotChangedIsTold) {
  Folder folder({counting("one")});
  const auto& now = *folder.detection().files();
  auto again = read_detector_files({folder.path()}, &now);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->same_as(now));
  folder.write("0.yaml", counting("one", "data.src"));
  EXPECT_FALSE(read_detector_files({folder.path()}, &now)->same_as(now));
  std::filesystem::remove(folder.path() / "0.yaml");
  EXPECT_FALSE(read_detector_files({folder.path()}, &now)->same_as(now));
}

}  // namespace
}  // namespace tracee
