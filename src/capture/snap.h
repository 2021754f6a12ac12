// SPDX-License-Identifier: Apache-2.0
// How much of a packet a capture keeps: its headers, and so many bytes behind them.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace tracee {

// The bytes of `packet` (from its IP header) to keep: up to the end of the last
// header of IP, TCP and UDP, and `payload` bytes more. ICMP, ICMPv6 and what comes
// from or goes to one of `whole_ports` is kept whole. Never more than there is.
size_t snapped_length(Bytes packet, uint32_t payload,
                      std::span<const uint16_t> whole_ports) noexcept;

}  // namespace tracee
