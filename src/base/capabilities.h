// SPDX-License-Identifier: Apache-2.0
// The capabilities of the calling thread (capabilities(7)), which a thread can only
// give up. Threads have their own: each one that starts before the process has done
// what needs privileges gives up its own.
#pragma once

#include <cstdint>

namespace tracee {

// A bit for each capability number.
uint64_t effective_capabilities() noexcept;

// From now on drop_capabilities() leaves these. To be called before threads start.
void plan_capabilities(uint64_t kept) noexcept;

// Gives up all that the plan does not keep: effective, permitted, inheritable and ambient
// ones. Without a plan nothing. True: nothing else is left.
bool drop_capabilities() noexcept;

}  // namespace tracee
