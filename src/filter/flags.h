// SPDX-License-Identifier: Apache-2.0
// What `--events`, `--scope` and policy files have in common: NAME OP VALUES.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/condition.h"

namespace tracee {

// A text cut at its operator. Without one `symbol` and `values` are empty.
struct FlagText {
  std::string_view name, symbol, values;
};
FlagText split_flag(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);
bool has_edge_blank(std::string_view text);
// False: no operator (`==`, `<>`, …).
bool parse_operator(std::string_view symbol, Operator& out);

// "LABEL: CLASS: 'TEXT'". The class is one of the reference's.
tl::unexpected<Error> invalid(std::string_view label, std::string_view error_class,
                              std::string_view text, std::string hint);

// Adds `OP V1,V2,…` to a condition.
Result<> add_values(Condition& condition, Operator op, std::string_view values,
                    std::string_view label, std::string_view text);

}  // namespace tracee
