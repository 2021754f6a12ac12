// SPDX-License-Identifier: Apache-2.0
// YAML (and so JSON) files as a tree with places, for messages that name them.
#pragma once

#include <span>
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

// Exit::Usage, with the node's place before `what`.
tl::unexpected<Error> wrong_at(const std::string& path, const YamlNode& node, std::string what,
                               std::string hint);
// The node is a map of no other keys; else the error names the nearest.
Result<> only_keys(const std::string& path, const YamlNode& map,
                   std::span<const std::string_view> keys);
// The texts of a list, which may be missing or null. `what`: for errors.
Result<std::vector<const YamlNode*>> texts_of(const std::string& path, const YamlNode* list,
                                              std::string_view what);

}  // namespace tracee
