// SPDX-License-Identifier: Apache-2.0
#include "filter/selection.h"

#include <algorithm>

namespace tracee {
namespace {

Result<std::vector<Policy>> command_line(const Wishes& wishes, const Catalog& catalog,
                                         const ProcessTree* processes) {
  EventFlags flags(catalog);
  for (const std::string& text : wishes.events) {
    if (auto done = flags.add("--events", text); !done) return forward(done);
  }
  std::vector<ScopeText> texts;
  for (const std::string& text : wishes.scopes) texts.push_back({"--scope", text});
  auto scope = read_scope(texts, processes);
  if (!scope) return forward(scope);
  std::vector<Policy> out;
  out.push_back({"", std::move(*scope), flags.build()});
  return out;
}

Result<Program> program_of(const std::vector<RuleTerm>& terms, std::string_view what) {
  Tree all;
  for (const RuleTerm& term : terms) all = both(std::move(all), term.tree);
  auto program = Program::make(all);
  if (!program) {
    return fail(Exit::Usage, std::string(what) + " is too complex", "ask for less at once");
  }
  return std::move(*program);
}

}  // namespace

Result<Selection> Selection::parse(std::span<const std::string> events, const Catalog& catalog) {
  return parse(Wishes{{events.begin(), events.end()}, {}, {}, {}}, catalog);
}

Result<Selection> Selection::parse(const Wishes& wishes, const Catalog& catalog,
                                   const ProcessTree* processes) {
  if (!wishes.policies.empty() && (!wishes.events.empty() || !wishes.scopes.empty())) {
    return fail(Exit::Usage, "--policy excludes --events and --scope",
                "put events and scope into the policy, or use --filter with it");
  }
  auto policies = wishes.policies.empty() ? command_line(wishes, catalog, processes)
                                          : read_policies(wishes.policies, catalog, processes);
  if (!policies) return forward(policies);
  Selection out;
  if (auto taken = out.take(std::move(*policies)); !taken) return forward(taken);
  if (auto added = out.add_filters(wishes.filters, catalog); !added) return forward(added);
  if (out.chosen_.empty()) {
    return fail(Exit::Usage, "--events: every selected event is excluded again",
                "leave one of them in");
  }
  out.by_id_.resize(out.chosen_.back().spec->id + 1, nullptr);
  for (const Chosen& chosen : out.chosen_) out.by_id_[chosen.spec->id] = &chosen;
  return out;
}

// Regroups the rules by event. Names are complete before anyone views them.
Result<> Selection::take(std::vector<Policy> policies) {
  for (size_t i = 0; i < policies.size(); ++i) {
    Policy& policy = policies[i];
    auto scope = program_of(policy.scope, "the scope");
    if (!scope) return forward(scope);
    scopes_.push_back(std::move(*scope));
    for (EventRule& rule : policy.rules) {
      std::vector<RuleTerm> terms = policy.scope;
      std::ranges::move(rule.terms, std::back_inserter(terms));
      auto program = program_of(terms, "the rule for " + std::string(rule.spec->name));
      if (!program) return forward(program);
      auto chosen = std::ranges::find(chosen_, rule.spec, &Chosen::spec);
      if (chosen == chosen_.end()) {
        chosen_.push_back(Chosen{rule.spec});
        chosen = chosen_.end() - 1;
      }
      chosen->rules.push_back({uint64_t{1} << i, std::move(terms), std::move(*program)});
    }
    names_.push_back(std::move(policy.name));
  }
  name_views_.assign(names_.begin(), names_.end());
  std::ranges::sort(chosen_, {}, [](const Chosen& chosen) { return chosen.spec->id; });
  return {};
}

// Expressions are checked against every event there is, so that a field is wrong
// only if no event has it, whichever are selected.
Result<> Selection::add_filters(const std::vector<std::string>& filters, const Catalog& catalog) {
  filter_texts_ = filters;
  for (const std::string& text : filters) {
    auto terms = read_expression("--filter", text, catalog.events(), catalog);
    if (!terms) return forward(terms);
    for (Chosen& chosen : chosen_) {
      const auto at = std::ranges::find(catalog.events(), chosen.spec) - catalog.events().begin();
      std::ranges::move((*terms)[static_cast<size_t>(at)], std::back_inserter(chosen.filter_terms));
    }
  }
  for (Chosen& chosen : chosen_) {
    auto program = program_of(chosen.filter_terms, "--filter");
    if (!program) return forward(program);
    chosen.filter = std::move(*program);
  }
  return {};
}

std::vector<const EventSpec*> Selection::events() const {
  std::vector<const EventSpec*> out;
  for (const Chosen& chosen : chosen_) out.push_back(chosen.spec);
  return out;
}

std::vector<KernelRule> Selection::push_down(PushDown::WantsOf wants_of) {
  std::vector<AskedRule> asked;
  for (const Chosen& chosen : chosen_) {
    for (const Rule& rule : chosen.rules) {
      AskedRule& one = asked.emplace_back(AskedRule{chosen.spec, {}});
      for (const RuleTerm& term : rule.terms) one.terms.push_back(&term);
      for (const RuleTerm& term : chosen.filter_terms) one.terms.push_back(&term);
    }
  }
  const PushDown pushed(asked, wants_of);
  size_t at = 0;
  for (Chosen& chosen : chosen_) {
    for (Rule& rule : chosen.rules) {
      rule.kernel_rules = pushed.mask(at);
      rule.places = pushed.places(at);
      ++at;
    }
  }
  kernel_rule_count_ = pushed.rules().size();
  widened_ = pushed.widened();
  return pushed.rules();
}

uint64_t Selection::matched(const Event& event, uint64_t rules) const noexcept {
  const uint32_t id = event.spec->id;
  if (id >= by_id_.size() || by_id_[id] == nullptr) return 0;
  const Chosen& chosen = *by_id_[id];
  if (!chosen.filter.keeps(event)) return 0;
  uint64_t out = 0;
  for (const Rule& rule : chosen.rules) {
    if ((rule.kernel_rules & rules) != 0 && rule.program.keeps(event)) out |= rule.policy;
  }
  return out;
}

uint64_t Selection::selecting(const EventSpec& spec) const noexcept {
  uint64_t out = 0;
  if (spec.id >= by_id_.size() || by_id_[spec.id] == nullptr) return out;
  for (const Rule& rule : by_id_[spec.id]->rules) out |= rule.policy;
  return out;
}

uint64_t Selection::in_scope(const Event& event) const noexcept {
  uint64_t out = 0;
  for (size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i].keeps(event)) out |= uint64_t{1} << i;
  }
  return out;
}

namespace {

std::string line(Place place, const RuleTerm& term) {
  std::string out = "    " + std::string(place_name(place));
  out.resize(12, ' ');
  return out + term.text + "\n";
}

std::string names(std::string_view what, const std::string& list) {
  return list.empty() ? "" : "  " + std::string(what) + ":" + list + "\n";
}

}  // namespace

std::string Selection::explain_policy(size_t policy) const {
  std::string out = names_[policy].empty() ? "command line\n" : "policy " + names_[policy] + "\n";
  std::string whole;
  for (const Chosen& chosen : chosen_) {
    for (const Rule& rule : chosen.rules) {
      if (rule.policy != uint64_t{1} << policy) continue;
      if (rule.terms.empty()) {
        whole += " " + std::string(chosen.spec->name);
        continue;
      }
      out += "  " + std::string(chosen.spec->name) + "\n";
      for (size_t i = 0; i < rule.terms.size(); ++i) {
        out += line(rule.places.empty() ? Place::User : rule.places[i], rule.terms[i]);
      }
    }
  }
  return out + names("every event of", whole);
}

std::string Selection::explain_filter() const {
  std::string out = "filter, on what is left\n";
  std::string none, every;
  for (const Chosen& chosen : chosen_) {
    const std::string name(chosen.spec->name);
    if (chosen.filter.keeps_none()) {
      none += " " + name;
    } else if (chosen.filter.keeps_all()) {
      every += " " + name;
    } else {
      out += "  " + name + "\n";
      // The same for every rule about the event, but for what too many rules cost.
      const Rule& rule = chosen.rules.front();
      for (size_t i = 0; i < chosen.filter_terms.size(); ++i) {
        const RuleTerm& term = chosen.filter_terms[i];
        // True of this kind of event whatever it holds: nothing runs for it.
        if (term.tree.op == Tree::Op::Always) continue;
        out += line(rule.places.empty() ? Place::User : rule.places[rule.terms.size() + i], term);
      }
    }
  }
  return out + names("true of every", every) + names("false of every", none);
}

std::string Selection::explain() const {
  std::string out;
  for (size_t i = 0; i < names_.size(); ++i) out += explain_policy(i);
  if (!filter_texts_.empty()) out += explain_filter();
  if (kernel_rule_count_ > 0) {
    out +=
        "kernel rules: " + std::to_string(kernel_rule_count_) + " of " + std::to_string(WIRE_RULES);
    out += widened_ ? "; there were more, so some were made one that keeps more\n" : "\n";
  }
  return out;
}

}  // namespace tracee
