// SPDX-License-Identifier: Apache-2.0
// Bytes of a finding as JSON has them (RFC 4648, section 4).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace tracee {

// Empty when the arena is full.
std::string_view base64(std::span<const uint8_t> bytes, Arena& arena) noexcept;

}  // namespace tracee
