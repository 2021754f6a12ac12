// SPDX-License-Identifier: Apache-2.0
// The event that says what the stream does not hold.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/event.h"

namespace tracee {

struct LostEvents {
  std::string_view stage;
  uint64_t count;
  uint64_t interval_ms;
};

inline constexpr Field kLostEventsFields[] = {
    argument<&LostEvents::stage, "stage">(
        "const char*",
        "Where they were lost: ring_full, load_failed, output, capture, shed; "
        "payload: of packets that came without it."),
    argument<&LostEvents::count, "count">("u64", "Packets or events lost since the last report."),
    argument<&LostEvents::interval_ms, "interval_ms">("u64", "Milliseconds since the last report."),
};
// In no set: it is written whenever something was lost, selected or not.
inline constexpr EventSpec kLostEvents{
    .id = 2990,
    .name = "lost_events",
    .version = "1.0.0",
    .sets = {},
    .fields = kLostEventsFields,
    .summary = "Packets or events were lost here; written at most once a second.",
    .example = "tracee --output json | jq 'select(.eventName == \"lost_events\")'",
};

}  // namespace tracee
