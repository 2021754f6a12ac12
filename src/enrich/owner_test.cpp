// SPDX-License-Identifier: Apache-2.0
#include "enrich/owner.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cstring>

namespace tracee {
namespace {

constexpr uint64_t kBootEpoch = 1'700'000'000'000'000'000;

owner sample() {
  owner out{};
  out.thread_start = 5'000'000'001;
  out.leader_start = 4'000'000'000;
  out.parent_leader_start = 1'000'000'000;
  out.cgroup_id = 77;
  out.host_tid = 202;
  out.host_pid = 201;
  out.host_ppid = 100;
  out.ns_tid = 3;
  out.ns_pid = 2;
  out.ns_ppid = 1;
  out.uid = 1000;
  out.mount_ns = 4026531841;
  out.pid_ns = 4026531836;
  out.syscall = SYS_sendto;
  out.attribution = WIRE_OWNER_USER;
  std::memcpy(out.comm, "fifteen-letters", 15);
  std::memcpy(out.node_name, "sixteen-letters!", 16);
  return out;
}

TEST(FillOwner, EveryMember) {
  const owner owner = sample();
  Context context;
  fill_owner(owner, kBootEpoch, true, context);
  EXPECT_EQ(context.thread_start_ns, kBootEpoch + 5'000'000'001);
  EXPECT_EQ(context.host_thread_id, 202u);
  EXPECT_EQ(context.host_process_id, 201u);
  EXPECT_EQ(context.host_parent_id, 100u);
  EXPECT_EQ(context.thread_id, 3u);
  EXPECT_EQ(context.process_id, 2u);
  EXPECT_EQ(context.parent_id, 1u);
  EXPECT_EQ(context.cgroup_id, 77u);
  EXPECT_EQ(context.user_id, 1000u);
  EXPECT_EQ(context.mount_namespace, 4026531841u);
  EXPECT_EQ(context.pid_namespace, 4026531836u);
  EXPECT_EQ(context.process_name, "fifteen-letters");
  EXPECT_EQ(context.host_name, "sixteen-letters!");
  EXPECT_EQ(context.syscall, "sendto");
  EXPECT_EQ(context.attribution, "user");
  EXPECT_FALSE(context.flags.is_compat);
  EXPECT_NE(context.thread_entity, context.process_entity);
}

TEST(FillOwner, IngressShowsNoSyscall) {
  const owner owner = sample();
  Context context;
  fill_owner(owner, kBootEpoch, false, context);
  EXPECT_EQ(context.syscall, "");
}

TEST(FillOwner, NobodyLeavesZeros) {
  const owner nobody{};
  Context context;
  fill_owner(nobody, kBootEpoch, true, context);
  EXPECT_EQ(context.thread_start_ns, 0u);
  EXPECT_EQ(context.process_entity, 0u);
  EXPECT_EQ(context.parent_entity, 0u);
  EXPECT_EQ(context.process_name, "");
  EXPECT_EQ(context.attribution, "none");
}

TEST(SocketCall, UnknownNumbersHaveNoName) {
  EXPECT_EQ(socket_call_name(WIRE_NO_SYSCALL), "");
  EXPECT_EQ(socket_call_name(SYS_connect), "connect");
  EXPECT_EQ(socket_call_name(100000), "");
}

}  // namespace
}  // namespace tracee
