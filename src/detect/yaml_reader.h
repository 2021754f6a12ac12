// SPDX-License-Identifier: Apache-2.0
// Reads the parts of a detector file: each member takes a node apart and complains
// with its place. A part of yaml_rule.h.
#pragma once

#include <charconv>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detect/yaml_rule.h"
#include "filter/yaml.h"

namespace tracee {

class YamlReader {
 public:
  using Dependency = detection::Dependency;
  using Kind = YamlNode::Kind;

  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  tl::unexpected<Error> wrong(const YamlNode& node, std::string what, std::string hint) const {
    return wrong_at(file_, node, std::move(what), std::move(hint));
  }

  Result<> only_keys(const YamlNode& map, std::span<const std::string_view> keys) const {
    return tracee::only_keys(file_, map, keys);
  }

  // A text that must be there, or may be missing.
  Result<std::string> text(const YamlNode& map, std::string_view key, bool needed) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr || (node->kind == Kind::Scalar && node->text.empty())) {
      if (!needed) return std::string();
      return wrong(node != nullptr ? *node : map, "no " + std::string(key),
                   "write " + std::string(key) + ": …");
    }
    if (node->kind != Kind::Scalar) return wrong(*node, std::string(key) + " is a text", "");
    return node->text;
  }

  Result<bool> truth(const YamlNode& map, std::string_view key) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return false;
    if (node->text == "true") return true;
    if (node->text == "false") return false;
    return wrong(*node, std::string(key) + " is true or false", "");
  }

  Result<std::vector<PlacedText>> texts(const YamlNode* list, std::string_view what) const {
    const auto items = texts_of(file_, list, what);
    if (!items) return tl::unexpected<Error>(items.error());
    std::vector<PlacedText> out;
    for (const YamlNode* item : *items) {
      if (item->text.empty()) return wrong(*item, "an empty text", "leave it out");
      out.push_back({item->text, place_of(file_, *item)});
    }
    return out;
  }

  Result<std::vector<std::string>> plain_texts(const YamlNode* list, std::string_view what) const {
    auto placed = texts(list, what);
    if (!placed) return forward(placed);
    std::vector<std::string> out;
    for (PlacedText& each : *placed) out.push_back(std::move(each.text));
    return out;
  }

  // "1.2" or "1.2.3"
  Result<detection::Version> version(const YamlNode& node) const {
    uint32_t parts[3] = {};
    const char* at = node.text.data();
    const char* const end = at + node.text.size();
    size_t count = 0;
    while (count < 3 && at < end) {
      const auto parsed = std::from_chars(at, end, parts[count]);
      if (parsed.ec != std::errc()) break;
      ++count;
      at = parsed.ptr;
      if (at < end && (*at != '.' || ++at == end)) break;
    }
    if (at != end || count < 2 || node.text.ends_with('.')) {
      return wrong(node, "'" + node.text + "' is no version",
                   "write MAJOR.MINOR or MAJOR.MINOR.PATCH");
    }
    return detection::Version{parts[0], parts[1], parts[2]};
  }

  Result<Dependency> dependency(const YamlNode& map) const {
    const YamlNode* node = map.find("dependency");
    if (node == nullptr || node->text == "required") return Dependency::Required;
    if (node->text == "optional") return Dependency::Optional;
    return wrong(*node, "dependency is required or optional", "");
  }

  // "10s", "5m", "250ms", "1h"
  Result<uint64_t> time(const YamlNode& map, std::string_view key) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return wrong(map, "no " + std::string(key), "a time, as in 10s or 5m");
    uint64_t number = 0;
    const char* const end = node->text.data() + node->text.size();
    const auto parsed = std::from_chars(node->text.data(), end, number);
    const std::string_view unit(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
    const uint64_t factor = unit == "ms"  ? 1'000'000
                            : unit == "s" ? 1'000'000'000
                            : unit == "m" ? 60'000'000'000
                            : unit == "h" ? 3'600'000'000'000
                                          : 0;
    if (parsed.ec != std::errc() || factor == 0 || number == 0 || number > 1'000'000) {
      return wrong(*node, "'" + node->text + "' is no time", "write 250ms, 10s, 5m or 1h");
    }
    return number * factor;
  }

  Result<uint64_t> number(const YamlNode& map, std::string_view key, uint64_t most) const {
    const YamlNode* node = map.find(key);
    if (node == nullptr) return wrong(map, "no " + std::string(key), "a number");
    uint64_t out = 0;
    const char* const end = node->text.data() + node->text.size();
    const auto parsed = std::from_chars(node->text.data(), end, out);
    if (parsed.ec != std::errc() || parsed.ptr != end || out > most) {
      return wrong(*node, "'" + node->text + "' is no number of 0 to " + std::to_string(most), "");
    }
    return out;
  }

  Result<YamlRule> rule(const YamlNode& top) const;

 private:
  Result<detection::EventDefinition> produced(const YamlNode& map) const;
  Result<detection::EventRequirement> event(const YamlNode& map) const;
  Result<> requirements(const YamlNode& map, detection::DetectorRequirements& out) const;
  Result<detection::Threat> threat(const YamlNode& map) const;
  Result<> outputs(const YamlNode& map, YamlRule& out) const;
  Result<> threshold(const YamlNode& map, YamlRule& out) const;
  Result<> sequence(const YamlNode& map, YamlRule& out) const;
  Result<> suppress(const YamlNode& map, YamlRule& out) const;
  Result<> unless(const YamlNode& map, YamlRule& out) const;
  Result<> new_value(const YamlNode& map, YamlRule& out) const;
  Result<> share(const YamlNode& map, YamlThreshold& out) const;
  Result<> regular(const YamlNode& map, YamlThreshold& out) const;
  Result<> follow(const std::string& event, YamlRule& out) const;
  Result<> expectations(const YamlNode& list, YamlRule& out) const;
  Result<> stateful(const YamlNode& top, YamlRule& out) const;

  std::string file_;
};

}  // namespace tracee
