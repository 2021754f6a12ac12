// SPDX-License-Identifier: Apache-2.0
#include "event/catalog.h"

#include <algorithm>

namespace tracee {
namespace {

// Damerau-Levenshtein distance (adjacent swaps count one).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (auto candidate : candidates) {
    const size_t d = distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  const auto near = nearest(name, candidates);
  return near ? "did you mean '" + std::string(*near) + "'?" : std::string();
}

Catalog::Catalog(std::span<const EventSpec* const> events)
    : events_(events.begin(), events.end()) {}

const EventSpec* Catalog::find(std::string_view name) const {
  for (const auto* spec : events_) {
    if (spec->name == name) return spec;
  }
  return nullptr;
}

std::vector<const EventSpec*> Catalog::in_set(std::string_view set) const {
  std::vector<const EventSpec*> out;
  for (const auto* spec : events_) {
    if (std::ranges::find(spec->sets, set) != spec->sets.end()) out.push_back(spec);
  }
  return out;
}

std::vector<std::string_view> Catalog::sets() const {
  std::vector<std::string_view> out;
  for (const auto* spec : events_) {
    for (auto set : spec->sets) {
      if (std::ranges::find(out, set) == out.end()) out.push_back(set);
    }
  }
  return out;
}

std::string Catalog::suggest_event(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto* spec : events_) names.push_back(spec->name);
  return did_you_mean(name, names);
}

std::string Catalog::suggest_set(std::string_view set) const { return did_you_mean(set, sets()); }

}  // namespace tracee
