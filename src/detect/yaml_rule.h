// SPDX-License-Identifier: Apache-2.0
// Detector and list files as they are written, checked as far as that goes without
// knowing any event. Every complaint is "FILE:LINE:COLUMN: what".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "detect/detector.h"
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
  // Of those that were counted, at least so many percent are like this.
  std::optional<PlacedText> share_of;
  uint32_t share_percent = 0;
  // They came at regular intervals: each differs from the middle one by at most so
  // many percent of it, which is at least so long. 0: not asked.
  uint32_t regular_percent = 0;
  uint64_t regular_least_ns = 0;
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
  bool repeats = false;  // the last step may come again and again within the time
};

// A finding only when this has not happened, for the same key, within a time after
// the conditions held (which is then known only when it is over), or before.
struct YamlUnless {
  YamlStep step;
  std::vector<PlacedText> by;
  bool before = false;
  uint64_t within_ns = 0;
};

// A finding only when a key has a value that it never had, once it has been watched
// for a while.
struct YamlNewValue {
  std::vector<PlacedText> by;
  PlacedText of;
  uint64_t learn_ns = 0;
  size_t most = 1000;  // values of one key; beyond that the oldest is forgotten
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
  std::optional<YamlUnless> unless;
  std::optional<YamlNewValue> new_value;
  std::optional<YamlSuppress> suppress;
  size_t max_keys = 10'000;
  std::vector<Expectation> expectations;
};

// `top` is the file's one document, of `type: detector`.
Result<YamlRule> read_rule(const std::string& file, const YamlNode& top);

}  // namespace tracee
