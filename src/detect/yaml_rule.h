// SPDX-License-Identifier: Apache-2.0
// Detector and list files as they are written, checked as far as that goes without
// knowing any event. Every complaint is "FILE:LINE:COLUMN: what".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "filter/yaml.h"
#include "tracee/detector.h"

namespace tracee {

// A text of the file and where it stands.
struct PlacedText {
  std::string text, place;
};

struct YamlOutput {
  std::string name;
  PlacedText expression;
  bool optional = false;
};

// A finding only when something has happened `count` times within a time, for one
// key; with `distinct`, for so many different values of it.
struct YamlThreshold {
  std::vector<PlacedText> by;
  std::optional<PlacedText> distinct;
  uint32_t count = 0;
  uint64_t within_ns = 0;
};

// After the conditions held, these must follow, in order and for the same key.
struct YamlStep {
  std::string event, place;
  std::vector<PlacedText> conditions, by;
};
struct YamlSequence {
  std::vector<PlacedText> by;
  std::vector<YamlStep> then;
  uint64_t within_ns = 0;
};

// After a finding, none for the same key for so long.
struct YamlSuppress {
  std::vector<PlacedText> by;
  uint64_t for_ns = 0;
};

struct YamlRule {
  std::string file, place;
  detection::DetectorDefinition definition;
  std::vector<PlacedText> conditions;
  std::vector<YamlOutput> outputs;
  std::optional<YamlThreshold> threshold;
  std::optional<YamlSequence> sequence;
  std::optional<YamlSuppress> suppress;
  size_t max_keys = 10'000;
};

using StringLists = std::map<std::string, std::vector<std::string>, std::less<>>;

// Reads the files of one folder (or one file). A list of a name that is there aborts
// all of them; any other fault leaves one file out and goes to `warnings`.
Result<std::vector<YamlRule>> read_rules(const std::vector<std::string>& files, StringLists& lists,
                                         std::vector<Error>& warnings);

}  // namespace tracee
