// SPDX-License-Identifier: Apache-2.0
#include "base/folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace tracee {
namespace {

TEST(Folder, NamesWhatIsInIt) {
  char path[] = "/tmp/tracee-folder-XXXXXX";
  ASSERT_NE(::mkdtemp(path), nullptr);
  std::ofstream(std::string(path) + "/one");
  std::ofstream(std::string(path) + "/.two");
  std::filesystem::create_directory(std::string(path) + "/three");
  std::vector<std::string> names;
  EXPECT_FALSE(each_entry(path, [&](std::string_view name) { names.emplace_back(name); }));
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{".two", "one", "three"}));
  std::filesystem::remove_all(path);
}

TEST(Folder, SaysWhyNot) {
  EXPECT_EQ(each_entry("/nowhere", [](std::string_view) { FAIL(); }),
            std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace tracee
