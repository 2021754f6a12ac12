// SPDX-License-Identifier: Apache-2.0
#include "enrich/process.h"

#include <gtest/gtest.h>

#include <string>

#include "support/news.h"

namespace tracee {
namespace {

using test::Name;
using test::News;

void tell(ProcessTable& table, const News& news) { table.take(test::Record8(news).bytes()); }

constexpr Name kInit{1, 100}, kShell{50, 2000}, kTool{51, 3000};

ProcessTable family() {
  ProcessTable table;
  tell(table, {WIRE_FOUND, kInit, {}, "/usr/lib/systemd/systemd"});
  tell(table, {WIRE_FOUND, kShell, kInit, "/usr/bin/bash"});
  tell(table, {WIRE_FORK, kTool, kShell});
  return table;
}

TEST(ProcessTable, ForkInheritsExecReplaces) {
  ProcessTable table = family();
  const Process* tool = table.find(kTool.pid, kTool.start);
  ASSERT_NE(tool, nullptr);
  EXPECT_EQ(tool->executable(), "/usr/bin/bash");
  EXPECT_FALSE(tool->has_run);
  using namespace std::string_view_literals;
  tell(table, {WIRE_EXEC, kTool, kShell, "/usr/bin/curl", "curl\0-s\0http://x/\0"sv});
  EXPECT_EQ(tool->executable(), "/usr/bin/curl");
  EXPECT_EQ(tool->command_line(), "curl -s http://x/");
  EXPECT_TRUE(tool->has_run);
  EXPECT_EQ(table.find(kShell.pid, kShell.start)->executable(), "/usr/bin/bash");
}

TEST(ProcessTable, PidReuseIsAnotherProcess) {
  ProcessTable table = family();
  tell(table, {WIRE_EXEC, kTool, kShell, "/usr/bin/curl"});
  tell(table, {WIRE_EXIT, kTool});
  const Name again{kTool.pid, 9000};
  tell(table, {WIRE_FORK, again, kInit});
  ASSERT_NE(table.find(again.pid, again.start), nullptr);
  EXPECT_EQ(table.find(again.pid, again.start)->executable(), "/usr/lib/systemd/systemd");
  EXPECT_EQ(table.newest(again.pid), table.find(again.pid, again.start));
  // Late packets of the first still find it.
  EXPECT_EQ(table.find(kTool.pid, kTool.start)->executable(), "/usr/bin/curl");
  EXPECT_EQ(table.find(kTool.pid, 4711), nullptr);
}

TEST(ProcessTable, AncestorsUpToFive) {
  ProcessTable table;
  for (uint32_t pid = 1; pid <= 9; ++pid) {
    tell(table, {WIRE_FORK, {pid, pid * 10}, {pid - 1, (pid - 1) * 10}});
  }
  const Process* out[ProcessTable::kAncestors];
  ASSERT_EQ(table.ancestors(*table.find(9, 90), out), 5u);
  EXPECT_EQ(out[0]->self.host_pid, 8u);
  EXPECT_EQ(out[4]->self.host_pid, 4u);
  EXPECT_EQ(table.ancestors(*table.find(2, 20), out), 1u);
  // The line of descent stays when one in it ends, whoever adopts the child.
  tell(table, {WIRE_EXIT, {8, 80}});
  EXPECT_EQ(table.parent_of(*table.find(9, 90))->self.host_pid, 8u);
}

TEST(ProcessTable, FoundAgainCorrects) {
  ProcessTable table = family();
  tell(table, {WIRE_FOUND, kTool, kShell, "/usr/bin/missed"});
  EXPECT_EQ(table.find(kTool.pid, kTool.start)->executable(), "/usr/bin/missed");
  EXPECT_EQ(table.size(), 3u);
}

TEST(ProcessTable, PathForms) {
  ProcessTable table;
  tell(table, {WIRE_EXEC, kTool, kShell, "/memfd:x"});
  EXPECT_EQ(table.newest(kTool.pid)->executable(), "/memfd:x");
  tell(table, {WIRE_EXEC, kTool, kShell, "/deep/tool", {}, false});
  EXPECT_EQ(table.newest(kTool.pid)->executable(), ".../deep/tool");
  tell(table, {WIRE_EXEC, kTool, kShell, ""});
  EXPECT_EQ(table.newest(kTool.pid)->executable(), "");
  const std::string longest = "/" + std::string(WIRE_PATH_BYTES - 2, 'a');
  tell(table, {WIRE_EXEC, kTool, kShell, longest});
  EXPECT_EQ(table.newest(kTool.pid)->executable(), longest);
}

TEST(ProcessTable, IsBounded) {
  constexpr uint32_t kRoom = 100;
  ProcessTable table(kRoom);
  tell(table, {WIRE_FOUND, kInit, {}, "/sbin/init"});
  for (uint32_t pid = 2; pid < 10 * kRoom; ++pid) {
    tell(table, {WIRE_FORK, {pid, pid}, kInit});
    if (pid % 2 == 0) tell(table, {WIRE_EXIT, {pid, pid}});
    (void)table.find(kInit.pid, kInit.start);  // it has packets all the time
    ASSERT_LE(table.size(), kRoom);
  }
  EXPECT_EQ(table.size(), kRoom);
  EXPECT_EQ(table.evicted(), 10 * kRoom - 1 - kRoom);
  EXPECT_NE(table.find(kInit.pid, kInit.start), nullptr) << "what is asked for stays";
  EXPECT_NE(table.find(10 * kRoom - 1, 10 * kRoom - 1), nullptr) << "and so do the latest";
  EXPECT_EQ(table.find(3, 3), nullptr);
}

// Hosts start a great many processes in an hour, and few of them matter once they are gone.
TEST(ProcessTable, FewOfTheEndedStay) {
  ProcessTable table;
  tell(table, {WIRE_FOUND, kInit, {}, "/sbin/init"});
  constexpr uint32_t kMany = 3 * ProcessTable::kEnded;
  for (uint32_t pid = 1000; pid < 1000 + kMany; ++pid) {
    tell(table, {WIRE_FORK, {pid, pid}, kInit});
    tell(table, {WIRE_EXIT, {pid, pid}});
  }
  EXPECT_EQ(table.size(), 1 + ProcessTable::kEnded);
  EXPECT_EQ(table.evicted(), 0u) << "there was room";
  EXPECT_NE(table.newest(1000 + kMany - ProcessTable::kEnded), nullptr) << "the latest stay";
  EXPECT_EQ(table.newest(1000 + kMany - ProcessTable::kEnded - 1), nullptr);
}

TEST(ProcessTable, EndedParentsStayLonger) {
  ProcessTable table(16);
  tell(table, {WIRE_FORK, kShell, kInit});
  tell(table, {WIRE_FORK, kTool, kShell});
  tell(table, {WIRE_EXIT, kShell});
  for (uint32_t pid = 1000; pid < 1100; ++pid) {
    tell(table, {WIRE_FORK, {pid, pid}, kInit});
    tell(table, {WIRE_EXIT, {pid, pid}});
  }
  ASSERT_NE(table.find(kTool.pid, kTool.start), nullptr);
  EXPECT_NE(table.parent_of(*table.find(kTool.pid, kTool.start)), nullptr);
}

TEST(ProcessTable, TextsAreBounded) {
  ProcessTable table(ProcessTable::kCapacity, 1000);
  for (uint32_t pid = 2; pid < 100; ++pid) {
    tell(table, {WIRE_EXEC, {pid, pid}, kInit, "/" + std::string(99, 'a') + std::to_string(pid)});
  }
  EXPECT_GT(table.texts_refused(), 0u);
  EXPECT_EQ(table.newest(99)->executable(), "") << "living ones keep theirs";
  EXPECT_NE(table.newest(2)->executable(), "");
  // Those of ended processes make room.
  tell(table, {WIRE_EXIT, {2, 2}});
  tell(table, {WIRE_EXEC, {99, 99}, kInit, "/" + std::string(99, 'b')});
  EXPECT_EQ(table.newest(99)->executable(), "/" + std::string(99, 'b'));
  EXPECT_EQ(table.newest(2), nullptr);
}

TEST(ProcessTable, IgnoresWhatIsNoNews) {
  ProcessTable table;
  table.take({});
  test::Record8 cut({WIRE_EXEC, kTool, kShell, "/usr/bin/curl"});
  table.take(cut.bytes().first(cut.bytes().size() - 1));
  tell(table, {WIRE_PACKET, kTool});
  tell(table, {99, kTool});
  tell(table, {WIRE_EXIT, kTool});
  EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace tracee
