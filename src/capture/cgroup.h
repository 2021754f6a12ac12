// SPDX-License-Identifier: Apache-2.0
// The root of the cgroup v2 hierarchy: the place where the packet hooks attach.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace tracee {

// The mount points of type cgroup2 in a text of the form of /proc/mounts, in its
// order. A hybrid layout has one beside the v1 controllers.
std::vector<std::string> cgroup2_mounts(std::string_view mounts);

// A directory descriptor of the root. Where the hierarchy is not mounted it is
// mounted for this descriptor alone, invisible to everybody else, and gone when
// the last descriptor is closed.
Result<Fd> open_cgroup_root();

}  // namespace tracee
