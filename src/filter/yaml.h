// SPDX-License-Identifier: Apache-2.0
// YAML (and so JSON) files as a tree with places, for messages that name them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tracee {

struct YamlNode {
  enum class Kind : uint8_t { Null, Scalar, List, Map };
  Kind kind = Kind::Null;
  std::string text{};  // of a Scalar
  int line = 1, column = 1;
  std::vector<YamlNode> items{};                         // of a List
  std::vector<std::pair<YamlNode, YamlNode>> members{};  // of a Map; keys are Scalars

  // The member of that name, or null.
  const YamlNode* find(std::string_view key) const;
};

// The documents of a file. Errors are Exit::Usage, "PATH:LINE:COLUMN: what".
Result<std::vector<YamlNode>> read_yaml(const std::string& path);

// "PATH:LINE:COLUMN".
std::string place_of(const std::string& path, const YamlNode& node);

}  // namespace tracee
