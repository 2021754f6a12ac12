// SPDX-License-Identifier: Apache-2.0
// What --detectors names, and what of it is read.
#include <sys/stat.h>

#include "detectors/folder.h"

namespace tracee {
namespace {

using test::Folder;
using test::head;
using test::Texts;

const std::string kGood =
    head("net_packet_tcp", "string") + "output: {fields: [{name: f, expression: data.dst}]}\n";

std::string complaint(const std::string& path) {
  const auto read = read_detector_files({path}, nullptr);
  return read ? "" : read.error().what;
}

TEST(Paths, AnEmptyOneOrOneWithAnEqualsSignIsAnError) {
  EXPECT_EQ(complaint(""), "--detectors: '' is no path");
  EXPECT_EQ(complaint("/tmp/a=b"), "--detectors: '/tmp/a=b' is no path");
  EXPECT_NE(complaint("/nonexistent/x.yaml"), "");
  EXPECT_NE(complaint("/etc/passwd").find("neither a plugin nor YAML"), std::string::npos);
}

TEST(Paths, OnlyRegularFilesOfTheTopFolderAreRead) {
  Folder folder({kGood});
  std::filesystem::create_directory(folder.path() / "below");
  folder.write("below/two.yaml", "nonsense");
  folder.write("notes.txt", "nonsense");
  ASSERT_EQ(mkfifo((folder.path() / "pipe.yaml").c_str(), 0600), 0);
  std::filesystem::create_directory(folder.path() / "folder.yaml");
  folder.reload();
  EXPECT_EQ(folder.warnings(), "");
  EXPECT_EQ(folder.feed('t'), Texts{"one f=192.0.2.9"});
}

TEST(Paths, AFileOfMoreThanAMebibyteIsToldAndLeftOut) {
  Folder folder({kGood, "# " + std::string(1 << 20, 'x') + "\n"});
  EXPECT_NE(folder.warnings().find("1.yaml: larger than 1 MiB"), std::string::npos)
      << folder.warnings();
  EXPECT_EQ(folder.feed('t').size(), 1u);
}

TEST(Paths, AFileThatIsNamedMustBeGoodAndSeesTheListsBesideIt) {
  Folder folder({"{type: string_list, name: NAMES, values: [curl]}\n"});
  folder.write("rule.yml", kGood + "conditions: [process.name in NAMES]\n");
  DetectionOptions options;
  options.paths = {folder.path() / "rule.yml"};
  auto loaded = Detection::load(test::catalog().events(), options);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE((*loaded)->warnings().empty()) << (*loaded)->warnings().front().what;
  EXPECT_EQ((*loaded)->size(), 1u);
  folder.write("rule.yml", kGood + "nonsense: 1\n");
  EXPECT_FALSE(Detection::load(test::catalog().events(), options));
}

}  // namespace
}  // namespace tracee
