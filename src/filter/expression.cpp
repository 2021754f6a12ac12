// SPDX-License-Identifier: Apache-2.0
#include "filter/expression.h"

#include "filter/checker.h"

namespace tracee {

Result<std::vector<std::vector<RuleTerm>>> read_expression(std::string_view label,
                                                           std::string_view source,
                                                           std::span<const EventSpec* const> events,
                                                           const Catalog& catalog) {
  const auto wrong = [&](const Complaint& complaint) {
    return tl::unexpected<Error>(error_at(label, source, complaint));
  };
  auto node = parse_expression(source);
  if (!node) return wrong(node.error());
  std::vector<Node> parts;
  if (node->kind == Node::Kind::And) {
    parts = std::move(node->children);
  } else {
    parts.push_back(std::move(*node));
  }
  std::vector<std::vector<RuleTerm>> out(events.size());
  for (const Node& part : parts) {
    auto trees = check_expression(part, events, catalog);
    if (!trees) return wrong(trees.error());
    for (size_t i = 0; i < events.size(); ++i) {
      out[i].push_back(
          {std::string(source.substr(part.at, part.end - part.at)), std::move((*trees)[i])});
    }
  }
  return out;
}

}  // namespace tracee
