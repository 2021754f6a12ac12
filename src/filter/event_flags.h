// SPDX-License-Identifier: Apache-2.0
// `--events` and the rules of a policy: which events, and what their arguments,
// return value and scope must be like.
//   NAME[,NAME…]  PREFIX*  -NAME         names; "-" takes out after all else is added
//   SET  tag=SET[,SET…]                  sets
//   threat.severity>=high                events of matching detectors
//   NAME.data.PATH OP VALUE[,VALUE…]     selects the event and filters it
//   NAME.retval OP VALUE…  NAME.scope.KEY OP VALUE…  NAME.scope.container
// Filters on different fields of one event are ANDed, those on one field are
// one Condition.
#pragma once

#include <string>
#include <vector>

#include "event/catalog.h"
#include "filter/condition.h"
#include "filter/expression.h"

namespace tracee {

// One event that somebody wants, and which of its kind.
struct EventRule {
  const EventSpec* spec;
  std::vector<RuleTerm> terms;
};

class EventFlags {
 public:
  // `catalog` must outlive this.
  explicit EventFlags(const Catalog& catalog) : catalog_(catalog) {}

  // Takes one flag. `label` stands in front of what is wrong with it. Errors are
  // Exit::Usage and name the reference's error class.
  Result<> add(std::string_view label, std::string_view text);
  // `text` of a policy's rule about the named event: no prefix for scope keys.
  Result<> add_rule_filter(std::string_view label, std::string_view event, std::string_view text);

  // In catalogue order. Nothing selected: the `default` set.
  std::vector<EventRule> build();

 private:
  // Conditions on one field, or a question without a value.
  struct Part {
    std::string place;  // as written: "data.dst_port"
    std::vector<std::string> texts;
    std::optional<Condition> condition;
    Tree guard{};  // what must hold besides, for keys of containers
  };
  struct Chosen {
    const EventSpec* spec;
    std::vector<Part> parts;
  };

  Chosen& choose(const EventSpec* spec);
  Result<> tags(std::string_view label, std::string_view text);
  Result<> threats(std::string_view label, std::string_view text);
  Result<> names(std::string_view label, std::string_view text);
  Result<std::vector<const EventSpec*>> named(std::string_view label, std::string_view item) const;
  Result<> filter(std::string_view label, std::string_view text);
  Result<> data_filter(Chosen& chosen, std::string_view field, std::string_view label,
                       std::string_view text);
  Result<> retval_filter(Chosen& chosen, std::string_view label, std::string_view text);
  Result<> scope_filter(Chosen& chosen, std::string_view key, std::string_view label,
                        std::string_view text);
  static Part& part_of(Chosen& chosen, Condition condition, std::string place);
  static Result<> add_values_to(Part& part, std::string_view label, std::string_view text);

  const Catalog& catalog_;
  std::vector<Chosen> chosen_;
  std::vector<const EventSpec*> excluded_;
};

}  // namespace tracee
