// SPDX-License-Identifier: Apache-2.0
// The filter room: which events are kept. Owns the meaning of what the user asks
// for; knows fields by the event tables only, no protocol by name. Texts are
// read once at start; deciding on an event allocates nothing and reads only the
// fields that are asked about.
//
//   --events, --scope   what to select, and of whom (event_flags.h, scope.h)
//   --policy            the same by files, under names (policy.h)
//   --filter            one expression over every event (syntax.h)
//
// Whatever the form, it becomes a typed Tree per kind of event and then a flat
// Program; there is one engine.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/catalog.h"
#include "filter/policy.h"
#include "filter/program.h"
#include "filter/pushdown.h"

namespace tracee {

// What the user asks for. Policies exclude events and scopes.
struct Wishes {
  std::vector<std::string> events, scopes, policies, filters;
};

class Selection {
 public:
  // `catalog` and `processes` (null: no process tree) must outlive the selection.
  // Errors are Exit::Usage and say where and what; those of `--events` and
  // `--scope` begin with the reference's error class ("invalid event to trace").
  static Result<Selection> parse(const Wishes& wishes, const Catalog& catalog,
                                 const ProcessTree* processes = nullptr);
  // The same with events only.
  static Result<Selection> parse(std::span<const std::string> events, const Catalog& catalog);

  Selection(Selection&&) = default;
  Selection& operator=(Selection&&) = default;

  // The selected events, in catalogue order.
  std::vector<const EventSpec*> events() const;

  // What the kernel side may decide, for live traces: `wants_of` gives the classes
  // of packets an event is made of. From then on matched() asks only the rules that
  // the kernel has not found to fail.
  std::vector<KernelRule> push_down(PushDown::WantsOf wants_of);

  // The policies that keep the event, as bits of policy_names(); 0: none does.
  // `rules`: those of push_down() that the event's packet satisfies.
  uint64_t matched(const Event& event, uint64_t rules = UINT64_MAX) const noexcept;
  bool keeps(const Event& event) const noexcept { return matched(event) != 0; }

  // The policies that select this kind of event.
  uint64_t selecting(const EventSpec& spec) const noexcept;
  // The policies whose scope the event's owner is in, whatever they select: what
  // detectors see is limited by scopes, not by filters.
  uint64_t in_scope(const Event& event) const noexcept;

  // One empty name: the command line.
  std::span<const std::string_view> policy_names() const noexcept { return name_views_; }

  // Each rule's terms and where each is decided, for people.
  std::string explain() const;

 private:
  Selection() = default;

  struct Rule {
    uint64_t policy;  // its bit
    std::vector<RuleTerm> terms;
    Program program;
    uint64_t kernel_rules = UINT64_MAX;  // that stand for it, any of them
    // Of its terms, then of --filter's.
    std::vector<Place> places{};
  };
  // All that is asked of one kind of event.
  struct Chosen {
    const EventSpec* spec;
    std::vector<Rule> rules{};
    std::vector<RuleTerm> filter_terms{};
    Program filter{};
  };

  Result<> take(std::vector<Policy> policies);
  Result<> add_filters(const std::vector<std::string>& filters, const Catalog& catalog);
  std::string explain_policy(size_t policy) const;
  std::string explain_filter() const;

  std::vector<std::string> names_;
  std::vector<std::string_view> name_views_;
  std::vector<std::string> filter_texts_;
  std::vector<Program> scopes_;  // one a policy
  std::vector<Chosen> chosen_;
  std::vector<const Chosen*> by_id_;  // index: EventSpec::id
  size_t kernel_rule_count_ = 0;
  bool widened_ = false;
};

}  // namespace tracee
