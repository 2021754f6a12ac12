// SPDX-License-Identifier: Apache-2.0
#include "capture/probe.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

KernelFeatures features(bool tracepoints, bool functions, bool accept_calls) {
  KernelFeatures features;
  features.socket_tracepoints = {tracepoints, "no tracepoints"};
  features.functions = {functions, "no functions"};
  features.accept_calls = {accept_calls, "no calls"};
  return features;
}

void expect(const KernelFeatures& features, std::optional<BackEnd> forced, BackEnd back_end,
            AcceptHook accept) {
  const auto plan = plan_owners(features, forced);
  ASSERT_TRUE(plan) << plan.error().what;
  EXPECT_EQ(back_end, plan->back_end);
  EXPECT_EQ(accept, plan->accept);
}

TEST(OwnerPlan, TheBestThatIsThere) {
  expect(features(true, true, true), {}, BackEnd::Tracepoint, AcceptHook::Function);
  expect(features(true, false, true), {}, BackEnd::Tracepoint, AcceptHook::Call);
  expect(features(true, false, false), {}, BackEnd::Tracepoint, AcceptHook::Address);
  expect(features(false, true, true), {}, BackEnd::Fentry, AcceptHook::Function);
  expect(features(false, false, true), {}, BackEnd::Cgroup, AcceptHook::Call);
  expect(features(false, false, false), {}, BackEnd::Cgroup, AcceptHook::Address);
}

TEST(OwnerPlan, ForcedUsesNothingOfTheOthers) {
  const KernelFeatures all = features(true, true, true);
  expect(all, BackEnd::Tracepoint, BackEnd::Tracepoint, AcceptHook::Call);
  expect(all, BackEnd::Fentry, BackEnd::Fentry, AcceptHook::Function);
  expect(all, BackEnd::Cgroup, BackEnd::Cgroup, AcceptHook::Address);
}

TEST(OwnerPlan, ForcingWhatIsNotThereSaysWhy) {
  const KernelFeatures none = features(false, false, false);
  for (const auto& [forced, why] : {std::pair(BackEnd::Tracepoint, "no tracepoints"),
                                    std::pair(BackEnd::Fentry, "no functions")}) {
    const auto plan = plan_owners(none, forced);
    ASSERT_FALSE(plan);
    EXPECT_EQ(Exit::Missing, plan.error().code);
    EXPECT_NE(std::string::npos, plan.error().what.find(why)) << plan.error().what;
    EXPECT_FALSE(plan.error().hint.empty());
  }
  EXPECT_TRUE(plan_owners(none, BackEnd::Cgroup));
}

TEST(GiveUp, LeavesOutWhatTheProgramIsForAndNothingElse) {
  KernelFeatures some = features(true, true, true);
  some.processes = some.late_owners = some.open_files = true;
  EXPECT_TRUE(give_up(some, "on_fork", "why"));
  EXPECT_FALSE(some.processes);
  EXPECT_TRUE(some.late_owners && some.open_files && some.socket_tracepoints.present);
  EXPECT_FALSE(give_up(some, "on_exec", "why")) << "was left out already";
  EXPECT_TRUE(give_up(some, "on_receive", "refused"));
  EXPECT_EQ("refused", some.socket_tracepoints.missing);
  expect(some, {}, BackEnd::Fentry, AcceptHook::Function);
  EXPECT_TRUE(give_up(some, "on_accepted", "refused"));
  expect(some, {}, BackEnd::Cgroup, AcceptHook::Call);
  EXPECT_FALSE(give_up(some, "on_egress", "refused")) << "nothing works without it";
  EXPECT_FALSE(give_up(some, "", "refused"));
}

TEST(BackEnd, NamesReadBack) {
  for (const BackEnd each : {BackEnd::Tracepoint, BackEnd::Fentry, BackEnd::Cgroup})
    EXPECT_EQ(each, back_end_of(back_end_name(each)));
  EXPECT_FALSE(back_end_of("auto"));
  EXPECT_FALSE(back_end_of(""));
}

}  // namespace
}  // namespace tracee
