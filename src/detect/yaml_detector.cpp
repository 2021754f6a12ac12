// SPDX-License-Identifier: Apache-2.0
#include "detect/yaml_detector.h"

#include <algorithm>

#include "detect/yaml_expression.h"
#include "detect/yaml_state.h"
#include "filter/member_resolver.h"

namespace tracee {
namespace {

class YamlDetector final : public Detector {
 public:
  YamlDetector(YamlRule rule, std::shared_ptr<const YamlLists> lists)
      : rule_(std::move(rule)),
        lists_(std::move(lists)),
        counts_(rule_.max_keys),
        sequences_(rule_.max_keys),
        unless_(rule_.max_keys),
        new_values_(rule_.max_keys),
        pauses_(rule_.max_keys) {}

  const DetectorDefinition& definition() const override { return rule_.definition; }
  const std::string& place() const override { return rule_.place; }
  Result<> bind(const Catalog& catalog, ProducedEvent& produced) override;
  void use_lists(std::shared_ptr<const YamlLists> lists) { lists_ = std::move(lists); }
  Tree gate(const EventSpec& spec) const override;
  void init(const detection::DetectorParams& params) override {
    // The engine gives nothing else; the interface of plugins is a part of it.
    lookups_.ask(static_cast<const Stores&>(*params.stores));
  }
  void on_event(const Event& event, Emitter& out) override;
  void on_tick(uint64_t now_ns, Emitter& out) override;
  void close() override {
    counts_.clear();
    sequences_.clear();
    unless_.clear();
    new_values_.clear();
    pauses_.clear();
  }
  std::span<const Expectation> expectations() const override { return rule_.expectations; }
  uint64_t evicted() const override {
    return counts_.evicted() + sequences_.evicted() + unless_.evicted() + new_values_.evicted() +
           pauses_.evicted();
  }

 private:
  // What is asked of one kind of event.
  struct Asked {
    uint32_t id;
    bool begins = false;  // the conditions are about it
    Program conditions;
    Tree gate{Tree::Op::Never};  // any of all conditions here
    std::vector<Valued> outputs, count_by, sequence_by, unless_by, new_by, pause_by;
    Valued distinct, new_value;
    Program share_of;
    // Of the sequence's steps: which this event may be.
    struct Step {
      size_t number;
      Program conditions;
      std::vector<Valued> by;
    };
    std::vector<Step> steps;
    std::optional<Step> absent;  // the event of `unless`
  };

  bool begins(std::string_view event) const;
  std::vector<const EventSpec*> beginning(const Catalog& catalog) const;
  Result<> bind_event(const EventSpec& spec, const Catalog& catalog, Asked& asked);
  Result<> bind_end(const YamlExpressions& expressions, bool alone, Asked& asked) const;
  Result<> bind_outputs(ProducedEvent& produced);
  void note_needs();

  bool counted(const Asked& asked, const Event& event);
  bool follows(const Asked& asked, const Event& event);
  void find(const Asked& asked, const Event& event, Emitter& out);
  std::span<Value> output_values(const Asked& asked, const Event& event, Emitter& out);
  void wait(const Asked& asked, const Event& event, std::span<const Value> values);

  YamlRule rule_;
  std::shared_ptr<const YamlLists> lists_;
  Lookups lookups_;
  std::vector<Asked> asked_;
  const EventSpec* spec_ = nullptr;  // of the findings
  std::vector<size_t> positions_;    // of the outputs among its fields
  ThresholdState counts_;
  SequenceState sequences_;
  UnlessState unless_;
  NewValueState new_values_;
  PauseState pauses_;
  std::deque<Waiting> found_late_;  // since the last tick
};

Result<> take(const YamlExpressions& expressions, const std::vector<PlacedText>& sources,
              std::vector<Valued>& into) {
  auto made = expressions.values(sources);
  if (!made) return forward(made);
  into = std::move(*made);
  return {};
}

Result<> take(const YamlExpressions& expressions, const PlacedText& source, Valued& into) {
  auto made = expressions.value(source, true);
  if (!made) return forward(made);
  into = std::move(*made);
  return {};
}

Result<> take(const YamlExpressions& expressions, const std::vector<PlacedText>& sources,
              Program& into, Tree* gate = nullptr) {
  auto made = expressions.condition(sources);
  if (!made) return forward(made);
  into = std::move(*made);
  if (gate == nullptr) return {};
  auto tree = expressions.tree(sources);
  if (!tree) return forward(tree);
  *gate = either(std::move(*gate), std::move(*tree));
  return {};
}

// The conditions are about the events that are required by name, not about those that
// came with a sequence; the first is one of these in any case.
bool YamlDetector::begins(std::string_view event) const {
  const bool follows =
      rule_.sequence && std::ranges::any_of(rule_.sequence->then, [&](const YamlStep& step) {
        return step.event == event;
      });
  const bool is_absent = rule_.unless && rule_.unless->step.event == event;
  return (!follows && !is_absent) || rule_.definition.requirements.events.front().name == event;
}

std::vector<const EventSpec*> YamlDetector::beginning(const Catalog& catalog) const {
  std::vector<const EventSpec*> out;
  for (const auto& input : rule_.definition.requirements.events) {
    const EventSpec* spec = catalog.find(input.name);
    if (spec != nullptr && begins(input.name)) out.push_back(spec);
  }
  return out;
}

Result<> YamlDetector::bind_event(const EventSpec& spec, const Catalog& catalog, Asked& asked) {
  asked.id = spec.id;
  const YamlExpressions expressions(*lists_, lookups_, spec, catalog);
  const bool is_absent = rule_.unless && rule_.unless->step.event == spec.name;
  asked.begins = begins(spec.name);
  Result<> done;
  if (asked.begins) {
    YamlExpressions conditions(*lists_, lookups_, spec, catalog);
    conditions.shared_with(beginning(catalog));
    done = take(conditions, rule_.conditions, asked.conditions, &asked.gate);
  }
  if (done && rule_.sequence && asked.begins) {
    done = take(expressions, rule_.sequence->by, asked.sequence_by);
  }
  for (size_t i = 0; done && rule_.sequence && i < rule_.sequence->then.size(); ++i) {
    const YamlStep& step = rule_.sequence->then[i];
    if (step.event != spec.name) continue;
    Asked::Step made{i, {}, {}};
    done = take(expressions, step.conditions, made.conditions, &asked.gate);
    if (done) done = take(expressions, step.by, made.by);
    asked.steps.push_back(std::move(made));
  }
  if (done && is_absent) {
    asked.absent.emplace();
    done = take(expressions, rule_.unless->step.conditions, asked.absent->conditions, &asked.gate);
    if (done) done = take(expressions, rule_.unless->step.by, asked.absent->by);
  }
  const bool ends = rule_.sequence ? rule_.sequence->then.back().event == spec.name : asked.begins;
  if (!done || !ends) return done;
  return bind_end(expressions, rule_.definition.requirements.events.size() == 1, asked);
}

// Of the events that a finding is made of.
Result<> YamlDetector::bind_end(const YamlExpressions& expressions, bool alone,
                                Asked& asked) const {
  Result<> done;
  if (rule_.threshold) {
    done = take(expressions, rule_.threshold->by, asked.count_by);
    if (done && rule_.threshold->distinct) {
      done = take(expressions, *rule_.threshold->distinct, asked.distinct);
    }
    if (done && rule_.threshold->share_of) {
      done = take(expressions, std::vector{*rule_.threshold->share_of}, asked.share_of);
    }
  }
  if (done && rule_.new_value) {
    done = take(expressions, rule_.new_value->by, asked.new_by);
    if (done) done = take(expressions, rule_.new_value->of, asked.new_value);
  }
  if (done && rule_.unless) done = take(expressions, rule_.unless->by, asked.unless_by);
  if (done && rule_.suppress) done = take(expressions, rule_.suppress->by, asked.pause_by);
  if (!done) return done;
  for (const YamlOutput& output : rule_.outputs) {
    auto made = expressions.value(output.expression, alone && !output.optional);
    if (!made) return forward(made);
    asked.outputs.push_back(std::move(*made));
  }
  return {};
}

// Each output gets its place among the fields; what is not declared gets a type of its own.
Result<> YamlDetector::bind_outputs(ProducedEvent& produced) {
  const auto declared = produced.spec().fields;
  std::vector<ProducedEvent::Extra> extras;
  positions_.clear();
  for (size_t i = 0; i < rule_.outputs.size(); ++i) {
    const YamlOutput& output = rule_.outputs[i];
    const Valued* made = nullptr;
    for (const Asked& asked : asked_) {
      if (i < asked.outputs.size() && asked.outputs[i].there) made = &asked.outputs[i];
    }
    if (made == nullptr) {
      return fail(Exit::Usage,
                  output.expression.place + ": no required event has what the field '" +
                      output.name + "' shows",
                  "`tracee explain EVENT` shows its fields");
    }
    const bool text = is_textual(made->kind);
    const auto field = std::ranges::find(declared, output.name, &Field::name);
    if (field == declared.end()) {
      positions_.push_back(declared.size() + extras.size());
      extras.push_back({output.name, text                           ? "string"
                                     : made->kind == Kind::Signed   ? "int32"
                                     : made->kind == Kind::Unsigned ? "uint64"
                                                                    : "bool"});
      continue;
    }
    const bool wants_text = field->type == "string" || field->type == "bytes";
    if (wants_text != text) {
      return fail(Exit::Usage,
                  output.expression.place + ": this is " + std::string(kind_name(made->kind)) +
                      ", the field '" + output.name + "' is declared " + std::string(field->type),
                  "declare it as what it is");
    }
    positions_.push_back(static_cast<size_t>(field - declared.begin()));
  }
  spec_ = extras.empty() ? &produced.spec() : produced.with(extras);
  if (spec_ == nullptr) return fail(Exit::Usage, rule_.place + ": more than 32 fields", "");
  return {};
}

// What the expressions ask of stores is required like what the file names itself.
void YamlDetector::note_needs() {
  auto& stores = rule_.definition.requirements.data_stores;
  stores.clear();
  if (lookups_.asks_owners()) stores.push_back({.name = "process"});
  if (lookups_.asks_dns()) stores.push_back({.name = "dns"});
}

Result<> YamlDetector::bind(const Catalog& catalog, ProducedEvent& produced) {
  asked_.clear();
  lookups_.use(lists_->sets);
  for (const auto& input : rule_.definition.requirements.events) {
    const EventSpec* spec = catalog.find(input.name);
    if (spec == nullptr) continue;  // optional, or bind would not be called
    Asked asked;
    if (auto done = bind_event(*spec, catalog, asked); !done) return done;
    asked_.push_back(std::move(asked));
  }
  note_needs();
  return bind_outputs(produced);
}

Tree YamlDetector::gate(const EventSpec& spec) const {
  const auto asked = std::ranges::find(asked_, spec.id, &Asked::id);
  return asked != asked_.end() ? asked->gate : Tree{Tree::Op::Never};
}

// True: with this event it is enough.
bool YamlDetector::counted(const Asked& asked, const Event& event) {
  const YamlThreshold& threshold = *rule_.threshold;
  std::string value;
  if (threshold.distinct) append_key(asked.distinct.of(event), value);
  const bool in_share = threshold.share_of && asked.share_of.keeps(event);
  return counts_.add(threshold, key_of(asked.count_by, event), event.context->time_ns,
                     threshold.distinct ? &value : nullptr, in_share);
}

// True: this event is the last of the sequence.
bool YamlDetector::follows(const Asked& asked, const Event& event) {
  using Outcome = SequenceState::Outcome;
  const uint64_t now = event.context->time_ns;
  Outcome outcome = Outcome::NotNext;
  for (const Asked::Step& step : asked.steps) {
    if (!step.conditions.keeps(event)) continue;
    outcome = sequences_.step(*rule_.sequence, key_of(step.by, event), step.number, now);
    if (outcome != Outcome::NotNext) break;  // one event is one step
  }
  if (outcome != Outcome::Complete && asked.begins && asked.conditions.keeps(event)) {
    sequences_.begin(*rule_.sequence, key_of(asked.sequence_by, event), now);
  }
  return outcome == Outcome::Complete;
}

void YamlDetector::on_event(const Event& event, Emitter& out) {
  const auto asked = std::ranges::find(asked_, event.spec->id, &Asked::id);
  if (asked == asked_.end()) return;
  const uint64_t now = event.context->time_ns;
  if (asked->absent && asked->absent->conditions.keeps(event)) {
    unless_.came(*rule_.unless, key_of(asked->absent->by, event), now);
  }
  if (rule_.sequence) {
    if (!follows(*asked, event)) return;
  } else if (!asked->begins || !asked->conditions.keeps(event)) {
    return;
  }
  if (rule_.threshold && !counted(*asked, event)) return;
  if (rule_.new_value) {
    std::string value;
    append_key(asked->new_value.of(event), value);
    if (!new_values_.is_new(*rule_.new_value, key_of(asked->new_by, event), value, now)) return;
  }
  if (rule_.unless && rule_.unless->before) {
    if (unless_.came_lately(*rule_.unless, key_of(asked->unless_by, event), now)) return;
  }
  find(*asked, event, out);
}

// A value a field; empty: there is no finding.
std::span<Value> YamlDetector::output_values(const Asked& asked, const Event& event, Emitter& out) {
  auto values = out.arena().take<Value>(kMaxFindingFields);
  if (values.empty()) {
    out.error("no memory left for the finding");
    return {};
  }
  std::ranges::fill(values, absent());
  for (size_t i = 0; i < asked.outputs.size(); ++i) {
    const size_t at = positions_[i];
    values[at] = converted(asked.outputs[i].of(event), spec_->fields[at].type, out.arena());
    if (is_absent(values[at]) && !rule_.outputs[i].optional) {
      out.error("the field '" + rule_.outputs[i].name +
                "' has no value, or one that does not fit its type");
      return {};
    }
  }
  return values;
}

void YamlDetector::find(const Asked& asked, const Event& event, Emitter& out) {
  const auto values = output_values(asked, event, out);
  if (values.empty()) return;
  if (rule_.unless && !rule_.unless->before) return wait(asked, event, values);
  if (rule_.suppress &&
      pauses_.paused(*rule_.suppress, key_of(asked.pause_by, event), event.context->time_ns)) {
    return;
  }
  Draft draft;
  draft.spec = spec_;
  draft.values = values;
  out.emit(draft);
}

void YamlDetector::wait(const Asked& asked, const Event& event, std::span<const Value> values) {
  std::string key = key_of(asked.unless_by, event);
  if (unless_.waits(key)) return;
  const uint64_t until = event.context->time_ns + rule_.unless->within_ns;
  Waiting waiting{
      std::move(key), key_of(asked.pause_by, event),  until, KeptContext(*event.context),
      event.spec,     {values.begin(), values.end()}, {}};
  for (Value& value : waiting.values) {
    if (value.kind != Kind::Text) continue;
    value = value_of(std::string_view(waiting.texts.emplace_back(value.text())));
  }
  unless_.wait(std::move(waiting));
}

// Findings about time that has passed; they are of the time and owner of their event.
void YamlDetector::on_tick(uint64_t now_ns, Emitter& out) {
  found_late_.clear();
  while (Waiting* over = unless_.over(now_ns)) {
    Waiting& waiting = found_late_.emplace_back(std::move(*over));
    if (rule_.suppress && pauses_.paused(*rule_.suppress, waiting.pause_key, waiting.until_ns)) {
      continue;
    }
    Draft draft;
    draft.spec = spec_;
    draft.values = waiting.values;
    draft.context = &*waiting.context;
    draft.from = waiting.from;
    out.emit(draft);
  }
}

}  // namespace

void use_lists(Detector& detector, std::shared_ptr<const YamlLists> lists) {
  static_cast<YamlDetector&>(detector).use_lists(std::move(lists));
}

std::unique_ptr<Detector> make_yaml_detector(YamlRule rule,
                                             std::shared_ptr<const YamlLists> lists) {
  return std::make_unique<YamlDetector>(std::move(rule), std::move(lists));
}

}  // namespace tracee
