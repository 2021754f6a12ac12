// SPDX-License-Identifier: Apache-2.0
// ns to fill in the owner of one packet, with 2,000 processes known: from its
// record alone, and joined to the tables. WHAT, NS a line, separated by tabs.
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "enrich/enricher.h"
#include "enrich/owner.h"
#include "measure.h"
#include "support/news.h"

int main() {
  using namespace tracee;
  constexpr uint32_t kProcesses = 2000;
  Enricher enricher;
  for (uint32_t pid = 2; pid < kProcesses + 2; ++pid) {
    const test::Name process{pid * 7, pid * 1'000'000}, parent{1, 1};
    enricher.take(test::Record8({WIRE_FORK, process, parent}).bytes());
    enricher.take(test::Record8({WIRE_EXEC, process, parent, "/usr/bin/curl"}).bytes());
  }
  std::vector<owner> owners(512);
  std::mt19937 random(1);
  for (owner& owner : owners) {
    owner = {};
    const auto pid = static_cast<uint32_t>(random() % kProcesses + 2);
    owner.host_tid = owner.host_pid = pid * 7;
    owner.leader_start = owner.thread_start = pid * 1'000'000;
    owner.host_ppid = 1;
    std::memcpy(owner.comm, "curl", 4);
  }
  uint64_t sum = 0;
  const double alone = bench::time_of(owners.size(), [&] {
    for (const owner& owner : owners) {
      Context context;
      fill_owner(owner, 0, false, context);
      sum += context.process_entity;
    }
  });
  const double joined = bench::time_of(owners.size(), [&] {
    for (const owner& owner : owners) {
      Context context;
      enricher.fill(owner, 0, false, context);
      sum += context.process_entity + context.executable_path.size();
    }
  });
  std::printf("record alone\t%.1f\njoined\t%.1f\n", alone, joined);
  return sum == 0;
}
