// SPDX-License-Identifier: Apache-2.0
// The text that stands before an event for sinks that ask for one (batch.h).
#pragma once

#include "event/event.h"
#include "output/batch.h"
#include "output/buffer.h"

namespace tracee {

// Never allocates. Of an event without what was asked for it puts nothing.
void put_header(Header header, const Event& event, Buffer& out) noexcept;

}  // namespace tracee
