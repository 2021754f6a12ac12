// SPDX-License-Identifier: Apache-2.0
// What expressions do with texts. Results that are not part of their argument
// are written to the scratch block of the run; when it is full the result is
// nothing(), which equals no value.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "event/value.h"
#include "filter/tree.h"

namespace tracee {

// Memory of one run, taken front to back.
struct Scratch {
  std::span<char> block;
  size_t used = 0;
};

// Room for `size` bytes, or null.
char* take(Scratch& scratch, size_t size, size_t align = 1) noexcept;

Value nothing() noexcept;

// The text of a Text or Address; false: it has none.
bool text_of(const Value& value, Scratch& scratch, std::string_view& out) noexcept;

Value call(Function function, std::span<const Value> arguments, Scratch& scratch) noexcept;

bool compare(Operator op, const Value& a, const Value& b, Scratch& scratch) noexcept;

// Element of a list of texts.
Value text_at(const Value& list, uint64_t index) noexcept;

}  // namespace tracee
