// SPDX-License-Identifier: Apache-2.0
#include "base/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tracee {
namespace {

using Sets = __user_cap_data_struct[_LINUX_CAPABILITY_U32S_3];

uint64_t to_keep = ~uint64_t{0};

bool get(Sets& sets) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capget, &header, sets) == 0;
}

}  // namespace

uint64_t effective_capabilities() noexcept {
  Sets sets = {};
  if (!get(sets)) return 0;
  return uint64_t{sets[1].effective} << 32 | sets[0].effective;
}

void plan_capabilities(uint64_t kept) noexcept { to_keep = kept; }

bool drop_capabilities() noexcept {
  if (to_keep == ~uint64_t{0}) return true;
  Sets sets = {};
  if (!get(sets)) return false;
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
    const auto mask = static_cast<uint32_t>(to_keep >> (32 * i));
    sets[i].effective &= mask;
    sets[i].permitted &= mask;
    sets[i].inheritable = 0;
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capset, &header, sets) == 0;
}

}  // namespace tracee
