// SPDX-License-Identifier: Apache-2.0
// Sets of many texts, domains or addresses: those of a detector's lists that are not
// written out in its conditions. Made at once, read-only afterwards; a question costs
// a few look-ups however large the set is, and allocates nothing.
//
//   texts      the whole text is listed
//   domains    the name, or a domain above it, is listed; case does not count
//   addresses  an address or network that is listed holds the address
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/outer.h"

namespace tracee {

enum class SetKind : uint8_t { Texts, Domains, Addresses };

constexpr size_t kMaxSetEntries = 1'000'000;

struct SetEntry {
  std::string_view text;
  std::string place;  // for messages
};
// Errors, Exit::Usage: "PLACE: what"
Result<std::shared_ptr<const OuterSet>> make_set(SetKind kind,
                                                 const std::vector<SetEntry>& entries);

// All of a file that is no larger than that. Errors, Exit::Usage.
Result<std::string> read_text(const std::string& path, size_t most);

// One entry a line; blanks around it and what follows a # are no part of it.
// Errors, Exit::Usage: "FILE:LINE:COLUMN: what".
Result<std::shared_ptr<const OuterSet>> read_set(SetKind kind, const std::string& file);

}  // namespace tracee
