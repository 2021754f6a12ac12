// SPDX-License-Identifier: Apache-2.0
// The enrich room: what is known about the owner of a packet beyond the packet.
// Owns the tables of processes, containers, pods and users (they come with their
// issues) and fills the Context. Promises: never blocks, never reads /proc or
// allocates on the packet path.
#pragma once

#include <cstdint>

#include "event/context.h"
#include "wire/wire.h"

namespace tracee {

// Fills the owner's members of `context`. `boot_epoch_ns` is the epoch time of
// the boot clock's zero. Texts are views into `owner`.
void fill_owner(const owner& owner, uint64_t boot_epoch_ns, bool egress, Context& context) noexcept;

// Name of a system call that can send on, receive from or make a socket; "" for
// others and for WIRE_NO_SYSCALL.
std::string_view socket_call_name(int32_t number) noexcept;

}  // namespace tracee
