// SPDX-License-Identifier: Apache-2.0
// Text from packets and processes, made safe to print.
#pragma once

#include <string_view>

#include "output/buffer.h"

namespace tracee {

// The inside of a JSON string, escaped as Go's encoder does it: `"` and `\`, \n
// \r \t, other controls as \u00XX, < > & as \u003c \u003e \u0026, U+2028 and
// U+2029, and \ufffd for each byte that is no UTF-8.
void put_json_text(std::string_view text, Buffer& out) noexcept;
// The same at a place that has json_text_room() bytes; returns the end.
char* put_json_text(std::string_view text, char* at) noexcept;
constexpr size_t json_text_room(std::string_view text) { return text.size() * 6; }

// For a terminal: controls and bytes that are no UTF-8 as \xNN, so that a packet
// cannot write to it.
void put_plain_text(std::string_view text, Buffer& out) noexcept;

}  // namespace tracee
