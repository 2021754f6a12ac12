// SPDX-License-Identifier: Apache-2.0
// The verb `check`: what this kernel, these privileges and this cgroup layout
// allow, and what serves for telling owners.
#pragma once

#include "base/result.h"

namespace tracee {

// Prints a table to standard output. Exit::Missing when live tracing is not
// possible; the error says why.
Result<> check_host();

}  // namespace tracee
