// SPDX-License-Identifier: Apache-2.0
// Addresses as text: dotted quads, and IPv6 as RFC 5952 has it. An IPv4-mapped
// IPv6 address prints as a dotted quad, as the reference format has it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "event/value.h"

namespace tracee {

constexpr size_t kAddressTextMax = 39;

// `out` has kAddressTextMax bytes, all of which may be written to. Returns how many
// the text has, no NUL; none has 0.
size_t format_address(char* out, const Address& address) noexcept;

std::optional<Address> parse_address(std::string_view text);

}  // namespace tracee
