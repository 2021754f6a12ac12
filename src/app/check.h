// SPDX-License-Identifier: Apache-2.0
// The verb `check`: what this kernel, these privileges and this cgroup layout
// allow, and what serves for telling owners.
#pragma once

#include <optional>

#include "base/result.h"
#include "capture/probe.h"

namespace tracee {

// Prints a table to standard output. Exit::Missing when live tracing is not
// possible; the error says why. `forced` is --attribution.
Result<> check_host(std::optional<BackEnd> forced);

}  // namespace tracee
