// SPDX-License-Identifier: Apache-2.0
#include "capture/cgroup.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

using Points = std::vector<std::string>;

TEST(Cgroup2Mounts, UnifiedLayout) {
  EXPECT_EQ(Points{"/sys/fs/cgroup"},
            cgroup2_mounts("proc /proc proc rw 0 0\n"
                           "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n"
                           "tmpfs /tmp tmpfs rw 0 0\n"));
}

TEST(Cgroup2Mounts, HybridLayout) {
  EXPECT_EQ(Points{"/sys/fs/cgroup/unified"},
            cgroup2_mounts("tmpfs /sys/fs/cgroup tmpfs ro 0 0\n"
                           "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
                           "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"));
}

TEST(Cgroup2Mounts, InOrderAndUnescaped) {
  EXPECT_EQ((Points{"/a b", "/tab\there\\", "/\\9"}),
            cgroup2_mounts("none /a\\040b cgroup2 rw 0 0\n"
                           "none /tab\\011here\\134 cgroup2 rw 0 0\n"
                           "none /\\9 cgroup2 rw 0 0"));
}

TEST(Cgroup2Mounts, NotByDeviceOrPath) {
  EXPECT_EQ(Points{}, cgroup2_mounts("cgroup2 /cgroup2 cgroup rw 0 0\n\ncgroup2\nx y\n"));
  EXPECT_EQ(Points{}, cgroup2_mounts(""));
}

}  // namespace
}  // namespace tracee
