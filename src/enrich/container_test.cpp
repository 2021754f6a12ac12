// SPDX-License-Identifier: Apache-2.0
#include "enrich/container.h"

#include <gtest/gtest.h>

#include "enrich/enricher.h"
#include "support/news.h"

namespace tracee {
namespace {

using test::Name;
using test::Record8;

const std::string kId(64, 'a'), kOther(64, 'b');

ContainerNames named(std::string name, std::string image = "") {
  ContainerNames out;
  out.name = std::move(name);
  out.image = std::move(image);
  return out;
}

TEST(ContainerTable, GroupsOfOneContainerShareIt) {
  ContainerTable table;
  table.add(0, 5, "/docker/" + kId, false);
  table.add(0, 6, "/docker/" + kId + "/init.scope", true);
  table.add(4, 5, "/docker/" + kOther, true);
  table.add(0, 7, "/system.slice/cron.service", true);
  EXPECT_EQ(table.size(), 2u);
  ASSERT_NE(table.find(0, 5), nullptr);
  EXPECT_EQ(table.find(0, 5), table.find(0, 6));
  EXPECT_EQ(table.find(4, 5)->id, kOther) << "another hierarchy has numbers of its own";
  EXPECT_EQ(table.find(0, 7), nullptr);
  EXPECT_TRUE(table.knows(0, 7));
  EXPECT_FALSE(table.knows(0, 8));
  EXPECT_FALSE(table.find(kId)->is_new);
  EXPECT_TRUE(table.find(kOther)->is_new);
}

TEST(ContainerTable, AsksUntilThereIsAnAnswer) {
  ContainerTable table;
  table.add(0, 5, "/docker/" + kId, true);
  EXPECT_TRUE(table.take_new());
  EXPECT_FALSE(table.take_new());
  ASSERT_EQ(table.to_ask(1000, 10).size(), 1u);
  EXPECT_TRUE(table.to_ask(1100, 10).empty()) << "not so soon again";
  EXPECT_EQ(table.to_ask(1200, 10).size(), 1u);
  EXPECT_TRUE(table.to_ask(1500, 10).empty()) << "and less often";
  EXPECT_TRUE(table.to_ask(9999, 0).empty());
  table.answer(kId, named("web", "nginx"));
  EXPECT_TRUE(table.to_ask(1'000'000, 10).empty());
  EXPECT_EQ(table.find(0, 5)->names.name, "web");
  table.answer(kOther, named("nobody's"));
  EXPECT_EQ(table.size(), 1u);
}

TEST(ContainerTable, WaitsNoLongerThanFiveMinutes) {
  ContainerTable table;
  table.add(0, 5, "/docker/" + kId, true);
  int64_t now = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(table.to_ask(now, 1).size(), 1u);
    now += 300'000;
  }
}

TEST(ContainerTable, AnyIdIsAContainerOnlyOnceContainerdSaysSo) {
  ContainerTable table;
  table.add(0, 5, "/default/web", true);
  EXPECT_EQ(table.find(0, 5), nullptr);
  const auto asked = table.to_ask(0, 10);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0]->id, "web");
  EXPECT_EQ(asked[0]->maybe_namespace, "default");
  table.answer("web", named("", "busybox"));
  ASSERT_NE(table.find(0, 5), nullptr);
  EXPECT_EQ(table.find(0, 5)->id, "web");
}

TEST(ContainerTable, IsBounded) {
  ContainerTable table(100);
  table.add(0, 1, "/docker/" + kId, true);
  for (uint64_t id = 2; id < 1000; ++id) {
    std::string name = std::to_string(id);
    table.add(0, id, "/docker/" + std::string(64 - name.size(), '0') + name, true);
    ASSERT_LE(table.groups(), 100u);
    ASSERT_NE(table.find(0, 1), nullptr) << "what has packets stays";
  }
  EXPECT_LE(table.size(), 100u);
  EXPECT_EQ(table.evicted(), 899u);
  EXPECT_LE(table.to_ask(0, 1000).size(), 100u) << "nobody asks for what is gone";
}

TEST(ContainerTable, LongNamesAreCut) {
  ContainerTable table;
  table.add(0, 5, "/docker/" + kId, true);
  table.answer(kId, named(std::string(1 << 20, 'x')));
  EXPECT_EQ(table.find(0, 5)->names.name.size(), 1024u);
}

// The owner of a packet, as the tables complete it.
Context filled(Enricher& enricher, Name process, uint64_t cgroup) {
  owner owner{};
  owner.host_tid = owner.host_pid = process.pid;
  owner.leader_start = process.start;
  owner.cgroup_id = cgroup;
  Context context;
  enricher.fill(owner, 0, false, context);
  return context;
}

TEST(Enricher, AContainerByItsGroup) {
  Enricher enricher;
  enricher.take(Record8(0, 5, "/docker/" + kId).bytes());
  EXPECT_EQ(filled(enricher, {10, 100}, 5).container.id, kId);
  EXPECT_FALSE(filled(enricher, {10, 100}, 5).flags.container_started);
  enricher.take(
      Record8({.kind = WIRE_EXEC, .process = {10, 100}, .path = "/bin/sh", .cgroup = 5}).bytes());
  EXPECT_TRUE(filled(enricher, {10, 100}, 5).flags.container_started);
  EXPECT_EQ(filled(enricher, {10, 100}, 5).user_name, "") << "the host's names mean nothing there";
  EXPECT_EQ(filled(enricher, {10, 100}, 6).container.id, "");
  EXPECT_TRUE(enricher.is_new_container(kId));
  EXPECT_FALSE(enricher.is_new_container(kOther));
}

// Where containers live in version 1, version 2 says "/" of all of them.
TEST(Enricher, AContainerByItsProcessInAHybridLayout) {
  Enricher enricher;
  enricher.take(Record8(4, 77, "/docker/" + kId).bytes());
  enricher.take(Record8({.kind = WIRE_EXEC,
                         .process = {10, 100},
                         .path = "/bin/sh",
                         .hierarchy = 4,
                         .v1_cgroup = 77,
                         .cgroup = 1})
                    .bytes());
  const Context context = filled(enricher, {10, 100}, 1);
  EXPECT_EQ(context.container.id, kId);
  EXPECT_TRUE(context.flags.container_started);
  EXPECT_EQ(filled(enricher, {10, 101}, 1).container.id, "") << "another process of that pid";
  // It keeps its name for the packets that come after its end.
  enricher.take(Record8({.kind = WIRE_EXIT, .process = {10, 100}}).bytes());
  EXPECT_EQ(filled(enricher, {10, 100}, 1).container.id, kId);
}

TEST(Enricher, ThePodsUidNeedsNoRuntime) {
  Enricher enricher;
  const std::string uid = "11223344-5566-7788-99aa-bbccddeeff00";
  enricher.take(Record8(0, 5, "/kubepods/pod" + uid + "/" + kId).bytes());
  EXPECT_EQ(filled(enricher, {10, 100}, 5).kubernetes.pod_uid, uid);
}

TEST(ScanCgroups, FindsTheOneWeAreIn) {
  ContainerTable table;
  scan_cgroups(table);
  EXPECT_LE(table.groups(), ContainerTable::kGroups);
  ContainerTable few;
  scan_cgroups(few, 1);
  EXPECT_LE(few.groups(), 1u);
}

}  // namespace
}  // namespace tracee
