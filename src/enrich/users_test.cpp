// SPDX-License-Identifier: Apache-2.0
#include "enrich/users.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace tracee {
namespace {

class UsersOfAFile : public testing::Test {
 protected:
  void SetUp() override { write("root:x:0:0:root:/root:/bin/sh\nbroken line\nweb:x:33:33:::\n"); }
  void TearDown() override { ::unlink(path_.c_str()); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  const std::string path_ = testing::TempDir() + "passwd." + std::to_string(::getpid());
};

TEST_F(UsersOfAFile, HaveNames) {
  Users users(path_);
  EXPECT_EQ(users.name(0), "root");
  EXPECT_EQ(users.name(33), "web");
  EXPECT_EQ(users.name(1000), "");
}

TEST_F(UsersOfAFile, AreReadAgainWhenOneIsMissed) {
  Users users(path_);
  write("root:x:0:0:root:/root:/bin/sh\nnew:x:1000:1000:::\n");
  timespec times[2] = {{1, 0}, {1, 0}};  // another time than before, whatever the clock does
  ASSERT_EQ(0, ::utimensat(AT_FDCWD, path_.c_str(), times, 0));
  users.refresh();
  EXPECT_EQ(users.name(33), "web") << "nothing was missed";
  EXPECT_EQ(users.name(1000), "");
  users.refresh();
  EXPECT_EQ(users.name(1000), "new");
}

TEST(Users, WithoutAFileHaveNone) {
  Users users("/nonexistent/passwd");
  EXPECT_EQ(users.name(0), "");
  users.refresh();
}

}  // namespace
}  // namespace tracee
