// SPDX-License-Identifier: Apache-2.0
// All kinds of events of one process, looked up by name or set. Made once at
// start from the lists of the rooms that produce events; read-only afterwards.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"

namespace tracee {

class Catalog {
 public:
  explicit Catalog(std::span<const EventSpec* const> events);

  std::span<const EventSpec* const> events() const { return events_; }
  const EventSpec* find(std::string_view name) const;
  // The events of a set, in catalogue order; empty: no such set.
  std::vector<const EventSpec*> in_set(std::string_view set) const;
  std::vector<std::string_view> sets() const;

  // "did you mean 'X'?" for a name that is not there, or "".
  std::string suggest_event(std::string_view name) const;
  std::string suggest_set(std::string_view set) const;

 private:
  std::vector<const EventSpec*> events_;
};

// The candidate nearest to a mistyped name, if any is near enough to propose.
std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> candidates);
// nearest() as a hint: "did you mean 'X'?", or "".
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace tracee
