// SPDX-License-Identifier: Apache-2.0
// A table of fields as the flat list of what can be named in a filter.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"

namespace tracee {

struct Leaf {
  std::string path;  // "proto_dns.answers.TTL"; a map's key is NAME
  std::string kind;  // "number", "list of text"
  std::string_view doc;
  const Field* field;
};

// Depth first, in the order of the tables; records come before their members.
std::vector<Leaf> leaves_of(std::span<const Field> fields);

std::string_view kind_text(Kind kind);

// Whether it can stand left of an operator.
bool takes_values(const Leaf& leaf);

}  // namespace tracee
