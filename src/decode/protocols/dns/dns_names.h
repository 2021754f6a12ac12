// SPDX-License-Identifier: Apache-2.0
// Names of DNS numbers: rows of data, in the reference format's spelling where
// it has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace tracee {

std::string_view dns_type_name(uint16_t number) noexcept;
std::string_view dns_class_name(uint16_t number) noexcept;
std::string_view dns_opcode_name(uint8_t number) noexcept;
std::string_view dns_rcode_name(uint16_t number) noexcept;  // with the extended bits of EDNS
std::string_view dns_option_name(uint16_t number) noexcept;

// Names inside record data; empty when the number has none.
std::string_view dns_error_name(uint16_t number) noexcept;
std::string_view dns_algorithm_name(uint8_t number) noexcept;
std::string_view dns_certificate_name(uint16_t number) noexcept;
std::string_view dns_tsig_error_name(uint16_t number) noexcept;

}  // namespace tracee
