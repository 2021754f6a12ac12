// SPDX-License-Identifier: Apache-2.0
// Record data and EDNS options as text, by the layouts of dns_types.h.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "decode/protocols/dns/dns_name.h"

namespace tracee {

// The `size` octets of data at `offset` of the message in presentation form (the
// RFC of each type). Data that does not fit `layout`, or an empty layout, gives
// the form of RFC 3597, section 5. The only fault is NoRoom.
DnsFault dns_data_text(std::string_view layout, DnsMessageNames& names, size_t offset, size_t size,
                       Arena& arena, std::string_view& text) noexcept;

// The same for an EDNS option. Those that do not fit are hexadecimal.
DnsFault dns_option_data_text(std::string_view layout, DnsMessageNames& names, size_t offset,
                              size_t size, Arena& arena, std::string_view& text) noexcept;

}  // namespace tracee
