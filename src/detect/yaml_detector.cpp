// SPDX-License-Identifier: Apache-2.0
#include "detect/yaml_detector.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "detect/base64.h"
#include "detect/keyed.h"
#include "event/address.h"
#include "filter/checker.h"
#include "filter/program.h"
#include "filter/resolver.h"

namespace tracee {
namespace {

// ---- lists: a name stands for its values, before anything is checked

Node literal(const Node& like, const std::string& text) {
  Node out;
  out.kind = Node::Kind::Text;
  out.at = like.at;
  out.end = like.end;
  out.text = text;
  return out;
}

void replace_name(Node& node, const std::string& name, const Node& by) {
  if (node.kind == Node::Kind::Name && node.text == name) {
    node = by;
    return;
  }
  for (Node& child : node.children) replace_name(child, name, by);
}

// LIST.exists(x, C) is C with each value for x, one of them true.
void expand_lists(Node& node, const StringLists& lists) {
  const bool call = node.kind == Node::Kind::Call && !node.children.empty() &&
                    node.children[0].kind == Node::Kind::Name;
  if (call && lists.contains(node.children[0].text)) {
    const auto& values = lists.find(node.children[0].text)->second;
    const bool quantified = (node.text == "exists" || node.text == "all") &&
                            node.children.size() == 3 && node.children[1].kind == Node::Kind::Name;
    if (quantified) {
      Node out;
      out.kind = node.text == "exists" ? Node::Kind::Or : Node::Kind::And;
      out.at = node.at;
      out.end = node.end;
      for (const std::string& value : values) {
        Node one = node.children[2];
        replace_name(one, node.children[1].text, literal(node, value));
        expand_lists(one, lists);
        out.children.push_back(std::move(one));
      }
      if (out.children.empty()) {
        out.truth = out.kind == Node::Kind::And;
        out.kind = Node::Kind::Bool;
      }
      node = std::move(out);
      return;
    }
    if (node.text == "size" && node.children.size() == 1) {
      Node out;
      out.kind = Node::Kind::Number;
      out.at = node.at;
      out.end = node.end;
      out.number.magnitude = values.size();
      node = std::move(out);
      return;
    }
  }
  if (node.kind == Node::Kind::Name) {
    const auto found = lists.find(node.text);
    if (found == lists.end()) return;
    Node out;
    out.kind = Node::Kind::List;
    out.at = node.at;
    out.end = node.end;
    for (const std::string& value : found->second) out.children.push_back(literal(node, value));
    node = std::move(out);
    return;
  }
  for (Node& child : node.children) expand_lists(child, lists);
}

// ---- values

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

bool is_condition(const Node& node) {
  using enum Node::Kind;
  switch (node.kind) {
    case Compare:
    case And:
    case Or:
    case Not:
    case In:
    case Bool:
      return true;
    case Call:
      return node.text == "exists" || node.text == "all" || node.text == "has" ||
             node.text == "hasData" ||
             std::ranges::find(matchers(), node.text, &Matcher::name) != matchers().end();
    default:
      return false;
  }
}

std::string_view copy(std::string_view text, Arena& arena) noexcept {
  auto room = arena.take<char>(text.size());
  if (!room.empty()) std::memcpy(room.data(), text.data(), room.size());
  return {room.data(), room.size()};
}

// The value as a field of that type; absent(): it has none, or does not fit.
Value converted(const Value& value, std::string_view type, Arena& arena) noexcept {
  if (is_absent(value)) return absent();
  const bool number = value.kind == Kind::Unsigned || value.kind == Kind::Signed ||
                      value.kind == Kind::Flag || value.kind == Kind::Bool;
  if (type == "string" || type == "bytes") {
    if (value.kind == Kind::Text && type == "bytes") {
      return value_of(base64({static_cast<const uint8_t*>(value.p), value.count}, arena));
    }
    if (value.kind == Kind::Text) return value_of(copy(value.text(), arena));
    if (value.kind != Kind::Address) return absent();
    char text[kAddressTextMax];
    return value_of(copy({text, format_address(text, value.address())}, arena));
  }
  if (!number) return absent();
  if (type == "bool") return value_of(value.u != 0);
  const bool below = value.kind == Kind::Signed && value.i < 0;
  if (type == "int32") {
    const bool fits = below ? value.i >= INT32_MIN : value.u <= uint64_t{INT32_MAX};
    return fits ? value_of(static_cast<int64_t>(value.u)) : absent();
  }
  if (below || (type == "uint32" && value.u > UINT32_MAX)) return absent();
  return value_of(value.u);
}

// Appends what tells one key from another.
void append_key(const Value& value, std::string& key) {
  if (value.kind == Kind::Text) {
    key += value.text();
  } else if (value.kind == Kind::Address) {
    char text[kAddressTextMax];
    key.append(text, format_address(text, value.address()));
  } else if (!is_absent(value)) {
    key += std::to_string(value.u);
  }
  key += '\0';
}

class YamlDetector final : public Detector {
 public:
  YamlDetector(YamlRule rule, std::shared_ptr<const StringLists> lists)
      : rule_(std::move(rule)),
        lists_(std::move(lists)),
        counts_(rule_.max_keys),
        sequences_(rule_.max_keys),
        pauses_(rule_.max_keys) {}

  const DetectorDefinition& definition() const override { return rule_.definition; }
  const std::string& place() const override { return rule_.place; }
  Result<> bind(const Catalog& catalog, ProducedEvent& produced) override;
  void init(const detection::DetectorParams&) override {}
  void on_event(const Event& event, Emitter& out) override;
  void close() override {
    counts_.clear();
    sequences_.clear();
    pauses_.clear();
  }

 private:
  // What is asked of one kind of event.
  struct Asked {
    uint32_t id;
    bool begins = false;  // the conditions are about it
    Program conditions;
    std::vector<Valued> outputs, count_by, sequence_by, pause_by;
    Valued distinct;
    // Of the sequence's steps: which this event may be.
    struct Step {
      size_t number;
      Program conditions;
      std::vector<Valued> by;
    };
    std::vector<Step> steps;
  };
  struct Count {
    std::deque<uint64_t> times;
    std::deque<std::string> values;  // distinct ones, beside their times
  };
  struct Progress {
    size_t next = 0;
    uint64_t until_ns = 0;
  };

  Result<Node> parsed(const PlacedText& source) const;
  Result<Program> condition(const std::vector<PlacedText>& sources, const EventSpec& spec,
                            const Catalog& catalog) const;
  Result<Valued> value(const PlacedText& source, const EventSpec& spec, const Catalog& catalog,
                       bool needed) const;
  Result<std::vector<Valued>> values(const std::vector<PlacedText>& sources, const EventSpec& spec,
                                     const Catalog& catalog) const;
  Result<> bind_event(const EventSpec& spec, const Catalog& catalog, Asked& asked) const;
  Result<> bind_outputs(ProducedEvent& produced);

  static std::string key_of(const std::vector<Valued>& parts, const Event& event) {
    std::string key;
    for (const Valued& part : parts) append_key(part.of(event), key);
    return key;
  }
  bool counted(const Asked& asked, const Event& event);
  bool follows(const Asked& asked, const Event& event);
  bool paused(const Asked& asked, const Event& event);
  void find(const Asked& asked, const Event& event, Emitter& out);

  YamlRule rule_;
  std::shared_ptr<const StringLists> lists_;
  std::vector<Asked> asked_;
  const EventSpec* spec_ = nullptr;  // of the findings
  std::vector<size_t> positions_;    // of the outputs among its fields
  Keyed<Count> counts_;
  Keyed<Progress> sequences_;
  Keyed<uint64_t> pauses_;
};

Result<Node> YamlDetector::parsed(const PlacedText& source) const {
  auto node = parse_expression(source.text);
  if (!node) {
    return tl::unexpected<Error>(error_at(source.place, source.text, node.error()));
  }
  expand_lists(*node, *lists_);
  return std::move(*node);
}

Result<Program> YamlDetector::condition(const std::vector<PlacedText>& sources,
                                        const EventSpec& spec, const Catalog& catalog) const {
  Tree all;
  for (const PlacedText& source : sources) {
    auto node = parsed(source);
    if (!node) return forward(node);
    const EventSpec* one[] = {&spec};
    auto trees = check_expression(*node, one, catalog);
    if (!trees) {
      return tl::unexpected<Error>(error_at(source.place, source.text, trees.error()));
    }
    all = both(std::move(all), std::move(trees->front()));
  }
  auto program = Program::make(all);
  if (!program) return fail(Exit::Usage, rule_.place + ": the conditions are too complex", "");
  return std::move(*program);
}

Result<Valued> YamlDetector::value(const PlacedText& source, const EventSpec& spec,
                                   const Catalog& catalog, bool needed) const {
  Valued out;
  auto node = parsed(source);
  if (!node) return forward(node);
  if (is_condition(*node)) {
    auto program = condition({source}, spec, catalog);
    if (!program) return forward(program);
    out.there = out.is_condition = true;
    out.kind = Kind::Bool;
    out.program = std::move(*program);
    return out;
  }
  Verdict verdict;
  Resolver names{spec, &verdict};
  auto term = names.value(*node);
  if (!term) return tl::unexpected<Error>(error_at(source.place, source.text, term.error()));
  if (!*term) {
    if (!needed) return out;
    return tl::unexpected<Error>(
        error_at(source.place, source.text,
                 {verdict.lacking ? verdict.lacking->at : 0,
                  unknown("field", verdict.lacking_name, verdict.candidates)}));
  }
  const Kind kind = (*term)->kind;
  if (!is_countable(kind) && !is_textual(kind)) {
    return tl::unexpected<Error>(
        error_at(source.place, source.text,
                 {node->at, "this is " + std::string(kind_name(kind)) + ", not a value"}));
  }
  auto program = Program::make_value(**term);
  if (!program) return fail(Exit::Usage, source.place + ": the expression is too complex", "");
  out.there = true;
  out.kind = kind;
  out.program = std::move(*program);
  return out;
}

Result<std::vector<Valued>> YamlDetector::values(const std::vector<PlacedText>& sources,
                                                 const EventSpec& spec,
                                                 const Catalog& catalog) const {
  std::vector<Valued> out;
  for (const PlacedText& source : sources) {
    auto made = value(source, spec, catalog, true);
    if (!made) return forward(made);
    out.push_back(std::move(*made));
  }
  return out;
}

Result<> YamlDetector::bind_event(const EventSpec& spec, const Catalog& catalog,
                                  Asked& asked) const {
  asked.id = spec.id;
  const bool only_follows =
      rule_.sequence && std::ranges::any_of(rule_.sequence->then, [&](const YamlStep& step) {
        return step.event == spec.name;
      });
  const auto& events = rule_.definition.requirements.events;
  // The conditions are about the events that are required by name, not about those
  // that came with a sequence; the first is one of these in any case.
  asked.begins = !only_follows || events.front().name == spec.name;
  if (asked.begins) {
    auto conditions = condition(rule_.conditions, spec, catalog);
    if (!conditions) return forward(conditions);
    asked.conditions = std::move(*conditions);
  }
  const auto take = [&](const std::vector<PlacedText>& sources,
                        std::vector<Valued>& into) -> Result<> {
    auto made = values(sources, spec, catalog);
    if (!made) return forward(made);
    into = std::move(*made);
    return {};
  };
  if (rule_.sequence) {
    if (asked.begins) {
      if (auto done = take(rule_.sequence->by, asked.sequence_by); !done) return done;
    }
    for (size_t i = 0; i < rule_.sequence->then.size(); ++i) {
      const YamlStep& step = rule_.sequence->then[i];
      if (step.event != spec.name) continue;
      Asked::Step made{i, {}, {}};
      auto conditions = condition(step.conditions, spec, catalog);
      if (!conditions) return forward(conditions);
      made.conditions = std::move(*conditions);
      if (auto done = take(step.by, made.by); !done) return done;
      asked.steps.push_back(std::move(made));
    }
  }
  const bool ends = rule_.sequence ? rule_.sequence->then.back().event == spec.name : asked.begins;
  if (!ends) return {};
  if (rule_.threshold) {
    if (auto done = take(rule_.threshold->by, asked.count_by); !done) return done;
    if (rule_.threshold->distinct) {
      auto made = value(*rule_.threshold->distinct, spec, catalog, true);
      if (!made) return forward(made);
      asked.distinct = std::move(*made);
    }
  }
  if (rule_.suppress) {
    if (auto done = take(rule_.suppress->by, asked.pause_by); !done) return done;
  }
  const bool alone = events.size() == 1;
  for (const YamlOutput& output : rule_.outputs) {
    auto made = value(output.expression, spec, catalog, alone && !output.optional);
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

Result<> YamlDetector::bind(const Catalog& catalog, ProducedEvent& produced) {
  asked_.clear();
  for (const auto& input : rule_.definition.requirements.events) {
    const EventSpec* spec = catalog.find(input.name);
    if (spec == nullptr) continue;  // optional, or bind would not be called
    Asked asked;
    if (auto done = bind_event(*spec, catalog, asked); !done) return done;
    asked_.push_back(std::move(asked));
  }
  return bind_outputs(produced);
}

// True: with this event it is enough.
bool YamlDetector::counted(const Asked& asked, const Event& event) {
  const YamlThreshold& threshold = *rule_.threshold;
  const std::string key = key_of(asked.count_by, event);
  Count& count = counts_.of(key);
  const uint64_t now = event.context->time_ns;
  const bool distinct = threshold.distinct.has_value();
  while (!count.times.empty() && count.times.front() + threshold.within_ns < now) {
    count.times.pop_front();
    if (distinct) count.values.pop_front();
  }
  if (distinct) {
    std::string value;
    append_key(asked.distinct.of(event), value);
    // Seen again, it counts from now.
    const auto known = std::ranges::find(count.values, value);
    if (known != count.values.end()) {
      count.times.erase(count.times.begin() + (known - count.values.begin()));
      count.values.erase(known);
    }
    count.values.push_back(std::move(value));
  }
  count.times.push_back(now);
  if (count.times.size() < threshold.count) return false;
  counts_.forget(key);
  return true;
}

// True: this event is the last of the sequence.
bool YamlDetector::follows(const Asked& asked, const Event& event) {
  const uint64_t now = event.context->time_ns;
  bool complete = false;
  for (const Asked::Step& step : asked.steps) {
    if (!step.conditions.keeps(event)) continue;
    const std::string key = key_of(step.by, event);
    Progress* progress = sequences_.find(key);
    if (progress == nullptr || progress->next != step.number) continue;
    if (progress->until_ns < now) {
      sequences_.forget(key);
      continue;
    }
    if (++progress->next == rule_.sequence->then.size()) {
      sequences_.forget(key);
      complete = true;
    }
    break;  // one event is one step
  }
  if (!complete && asked.begins && asked.conditions.keeps(event)) {
    Progress& progress = sequences_.of(key_of(asked.sequence_by, event));
    if (progress.next == 0 || progress.until_ns < now) {
      progress = {0, now + rule_.sequence->within_ns};
    }
  }
  return complete;
}

bool YamlDetector::paused(const Asked& asked, const Event& event) {
  const std::string key = key_of(asked.pause_by, event);
  uint64_t& until = pauses_.of(key);
  const uint64_t now = event.context->time_ns;
  if (now < until) return true;
  until = now + rule_.suppress->for_ns;
  return false;
}

void YamlDetector::on_event(const Event& event, Emitter& out) {
  const auto asked = std::ranges::find(asked_, event.spec->id, &Asked::id);
  if (asked == asked_.end()) return;
  if (rule_.sequence) {
    if (!follows(*asked, event)) return;
  } else if (!asked->conditions.keeps(event)) {
    return;
  }
  if (rule_.threshold && !counted(*asked, event)) return;
  if (rule_.suppress && paused(*asked, event)) return;
  find(*asked, event, out);
}

void YamlDetector::find(const Asked& asked, const Event& event, Emitter& out) {
  auto values = out.arena().take<Value>(kMaxFindingFields);
  if (values.empty()) return out.error("no memory left for the finding");
  std::ranges::fill(values, absent());
  for (size_t i = 0; i < asked.outputs.size(); ++i) {
    const size_t at = positions_[i];
    values[at] = converted(asked.outputs[i].of(event), spec_->fields[at].type, out.arena());
    if (is_absent(values[at]) && !rule_.outputs[i].optional) {
      return out.error("the field '" + rule_.outputs[i].name +
                       "' has no value, or one that does "
                       "not fit its type");
    }
  }
  Draft draft;
  draft.spec = spec_;
  draft.values = values;
  out.emit(draft);
}

}  // namespace

std::unique_ptr<Detector> make_yaml_detector(YamlRule rule,
                                             std::shared_ptr<const StringLists> lists) {
  return std::make_unique<YamlDetector>(std::move(rule), std::move(lists));
}

}  // namespace tracee
