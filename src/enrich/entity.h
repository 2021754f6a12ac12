// SPDX-License-Identifier: Apache-2.0
// Ids of threads and processes that survive pid reuse.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tracee {

// MurmurHash3 x86_32 (public domain algorithm by A. Appleby).
uint32_t murmur3_32(Bytes bytes, uint32_t seed) noexcept;

// Hash of a host thread id and the thread's start, in ns of the boot clock. The
// start counts in ticks of 10 ms (USER_HZ 100), so that a reading from procfs
// gives the same id. 0 for thread id 0: nobody.
uint32_t entity_id(uint32_t host_tid, uint64_t start_boot_ns) noexcept;

}  // namespace tracee
