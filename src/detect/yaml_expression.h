// SPDX-License-Identifier: Apache-2.0
// The expressions of a YAML detector, bound to one kind of event. A part of
// yaml_detector.h.
#pragma once

#include <string>
#include <vector>

#include "base/arena.h"
#include "detect/lookups.h"
#include "detect/yaml_folder.h"
#include "event/catalog.h"
#include "event/finding.h"
#include "filter/program.h"
#include "filter/syntax.h"

namespace tracee {

// A value of an event: computed, or the answer to a condition.
struct Valued {
  bool there = false;  // this kind of event has it
  bool is_condition = false;
  Kind kind = Kind::Text;
  Program program;

  Value of(const Event& event) const noexcept {
    if (!there) return absent();
    return is_condition ? value_of(program.keeps(event)) : program.value(event);
  }
};

// The value as a field of that type; absent(): it has none, or does not fit.
Value converted(const Value& value, std::string_view type, Arena& arena) noexcept;
// Appends what tells one key from another.
void append_key(const Value& value, std::string& key);

inline std::string key_of(const std::vector<Valued>& parts, const Event& event) {
  std::string key;
  for (const Valued& part : parts) append_key(part.of(event), key);
  return key;
}

class YamlExpressions {
 public:
  // All must outlive it, and `lookups` what it makes.
  YamlExpressions(const YamlLists& lists, Lookups& lookups, const EventSpec& spec,
                  const Catalog& catalog)
      : lists_(lists), lookups_(lookups), spec_(spec), catalog_(catalog) {}
  // The same condition is asked of these events too: a field that only they have is
  // none that nobody has.
  void shared_with(std::span<const EventSpec* const> others) {
    others_.assign(others.begin(), others.end());
  }

  // All of them, as one.
  Result<Tree> tree(const std::vector<PlacedText>& sources) const;
  Result<Program> condition(const std::vector<PlacedText>& sources) const;
  // `needed`: an event of this kind must have it.
  Result<Valued> value(const PlacedText& source, bool needed) const;
  Result<std::vector<Valued>> values(const std::vector<PlacedText>& sources) const;

 private:
  Result<Node> parsed(const PlacedText& source) const;

  const YamlLists& lists_;
  Lookups& lookups_;
  const EventSpec& spec_;
  const Catalog& catalog_;
  std::vector<const EventSpec*> others_;
};

}  // namespace tracee
