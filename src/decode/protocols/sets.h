// SPDX-License-Identifier: Apache-2.0
// The event sets a packet event can be in.
#pragma once

#include <string_view>

namespace tracee {

inline constexpr std::string_view kNetworkSets[] = {"network_events"};
inline constexpr std::string_view kDefaultNetworkSets[] = {"default", "network_events"};

}  // namespace tracee
