// SPDX-License-Identifier: Apache-2.0
// Numbers and names as a narrow column shows them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tracee {

// At most four digits and a unit: "987", "12.3k", "4.56M".
std::string short_number(uint64_t number);
// Of bytes: "987 B", "12.3 kB", "4.56 MB".
std::string short_bytes(uint64_t bytes);
// Of bytes a second, as links are measured: "98.3 Mbit/s".
std::string short_rate(uint64_t bytes_a_second);
// Columns a UTF-8 text takes, a code point counting as one.
size_t columns_of_text(std::string_view text);
// Cut to `width` columns, the last one then an ellipsis.
std::string cut_text(std::string_view text, size_t width);
// Text from outside, safe for a screen of columns: what is not printable ASCII
// becomes '?' (controls write to the terminal, other scripts may be two columns wide).
std::string printable(std::string_view text);
// "HH:MM:SS", local time.
std::string clock_text(uint64_t time_ns);
// The same, with milliseconds where a span is so short that they tell its ends apart.
std::string clock_text(uint64_t time_ns, uint64_t span_ns);
// "YYYY-MM-DD", local time.
std::string date_text(uint64_t time_ns);

}  // namespace tracee
