// SPDX-License-Identifier: Apache-2.0
#include "detect/engine.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <exception>

namespace tracee {
namespace {

constexpr uint64_t kTickNs = 1'000'000'000;
constexpr uint64_t kSlowNs = 100'000'000;

uint64_t clock_ns() noexcept {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

struct Engine::Unit final : detection::Logger {
  Unit(Registered& of, const DetectorLog& log)
      : registered(&of), detector(of.detector.get()), log(log) {}

  void write(Level level, std::string_view text, std::span<const std::string> words) override {
    std::string line = "detector " + detector->definition().id + ": ";
    line += text;
    for (size_t i = 0; i + 1 < words.size(); i += 2) line += " " + words[i] + "=" + words[i + 1];
    log(level, line);
  }
  bool shows(Level level) const override { return level != Level::Debug || debug; }

  Registered* registered;  // in the registry of now
  Detector* detector;
  const DetectorLog& log;
  bool debug = std::getenv("TRACEE_DEBUG") != nullptr;
  bool on = false;
  uint64_t policies = 0;  // that want it
  bool told_error = false, told_slow = false;
  DetectorCounters counters;
};

// A finding on its way.
struct Engine::Node {
  Event event;
  Finding finding;
  uint32_t depth;
  Node* next;
};

Engine::Engine(Registry& registry, Arena& arena, ApiEvents& api, detection::Config config,
               const std::string& tracee_version, DetectorLog log)
    : registry_(&registry),
      config_(std::move(config)),
      log_(std::move(log)),
      arena_(arena),
      api_(api),
      stores_(tracee_version) {
  for (Registered& registered : registry_->detectors()) {
    units_.push_back(std::make_unique<Unit>(registered, log_));
  }
}

Engine::~Engine() { close(); }

void Engine::select(std::span<const Selected> selected) {
  std::vector<Unit*> wanted;
  // What a wanted one needs is wanted by the same policies. Events that need each
  // other in a circle settle too: bits are only added.
  const auto want = [&](const EventSpec* spec, uint64_t policies) {
    for (const auto& unit : units_) {
      // By id: the selection may be of a registry before this one.
      if (unit->registered->produced->spec().id != spec->id) continue;
      if ((policies & ~unit->policies) == 0) continue;
      unit->policies |= policies;
      wanted.push_back(unit.get());
    }
  };
  for (const auto& unit : units_) unit->policies = 0;
  for (const Selected& each : selected) want(each.spec, each.policies);
  // NOLINTNEXTLINE(modernize-loop-convert): the list grows under the loop
  for (size_t i = 0; i < wanted.size(); ++i) {
    for (const Registered::Input& input : wanted[i]->registered->inputs) {
      want(input.spec, wanted[i]->policies);
    }
  }
  for (const auto& unit : units_) {
    const bool on = unit->policies != 0;
    if (on && !unit->on) turn_on(*unit);
    if (!on && unit->on) turn_off(*unit);
  }
  by_id_.clear();
  required_.clear();
  for (const auto& unit : units_) {
    if (unit->on) subscribe(*unit);
  }
  for (Subscribers& each : by_id_) {
    std::vector<const Tree*> trees;
    for (const Subscription& subscription : each.all) trees.push_back(subscription.tree);
    each.index = TreeIndex(trees);
    candidates_.resize(std::max(candidates_.size(), each.index.words()));
  }
  const bool any = std::ranges::any_of(units_, [](const auto& unit) { return unit->on; });
  if (!any) next_tick_ns_ = UINT64_MAX;
  if (any && next_tick_ns_ == UINT64_MAX) next_tick_ns_ = 0;  // seconds count from the first event
}

void Engine::subscribe(Unit& unit) {
  const auto require = [&](const EventSpec* spec) {
    if (std::ranges::find(required_, spec) == required_.end()) required_.push_back(spec);
  };
  for (const Registered::Input& input : unit.registered->inputs) {
    if (by_id_.size() <= input.spec->id) by_id_.resize(input.spec->id + 1);
    by_id_[input.spec->id].all.push_back({&unit, &input.filter, &input.tree});
    if (!input.spec->is_finding) require(input.spec);
  }
  if (unit.registered->wants_owners) stores_.remember_owners();
  if (!unit.registered->wants_dns_store) return;
  const EventSpec* dns = registry_->catalog().find("net_packet_dns");
  if (dns == nullptr) return;
  stores_.learn_from(*dns);
  require(dns);
}

void Engine::adopt(Registry& registry) {
  by_id_.clear();
  registry_ = &registry;
  std::vector<std::unique_ptr<Unit>> fresh;
  for (Registered& registered : registry.detectors()) {
    const auto old = std::ranges::find_if(units_, [&](const auto& unit) {
      return unit != nullptr && unit->detector == registered.detector.get();
    });
    if (old == units_.end()) {
      fresh.push_back(std::make_unique<Unit>(registered, log_));
    } else {
      (*old)->registered = &registered;
      fresh.push_back(std::move(*old));
    }
  }
  for (const auto& unit : units_) {
    if (unit != nullptr && unit->on) turn_off(*unit);
  }
  units_ = std::move(fresh);
}

void Engine::turn_on(Unit& unit) {
  const auto failed = [&](const char* what) {
    log_(detection::Logger::Level::Warn, unit.detector->place() + ": detector '" +
                                             unit.detector->definition().id +
                                             "' does not start: " + what);
  };
  try {
    unit.detector->init({&unit, &stores_, config_});
    unit.on = true;
  } catch (const std::exception& error) {
    failed(error.what());
  } catch (...) {
    failed("an exception of no known type");
  }
}

void Engine::turn_off(Unit& unit) {
  unit.on = false;
  guarded(unit, [&] { unit.detector->close(); });
}

void Engine::close() {
  by_id_.clear();
  next_tick_ns_ = UINT64_MAX;
  for (const auto& unit : units_) {
    if (unit->on) turn_off(*unit);
  }
}

void Engine::count_error(Unit& unit, const char* what) noexcept {
  ++unit.counters.errors;
  if (unit.told_error) return;
  unit.told_error = true;
  try {
    log_(detection::Logger::Level::Warn, "detector " + unit.detector->definition().id + ": " +
                                             what + " (further errors are only counted)");
  } catch (...) {  // no memory for a message: the count has it
  }
}

void Engine::error(const std::string& what) { count_error(*unit_, what.c_str()); }

template <class Call>
void Engine::guarded(Unit& unit, Call&& call) noexcept {
  unit_ = &unit;
  const uint64_t start = clock_ns();
  try {
    call();
  } catch (const std::exception& error) {
    count_error(unit, error.what());
  } catch (...) {
    count_error(unit, "an exception of no known type");
  }
  unit_ = nullptr;
  const uint64_t took = clock_ns() - start;
  unit.counters.took_ns += took;
  ++unit.counters.calls_by_time[took <= 50'000      ? 0
                                : took <= 100'000   ? 1
                                : took <= 1'000'000 ? 2
                                                    : 3];
  if (took < kSlowNs || unit.told_slow) return;
  unit.told_slow = true;
  log_(detection::Logger::Level::Warn,
       "detector " + unit.detector->definition().id + ": took " + std::to_string(took / 1'000'000) +
           " ms for one event; packets wait for it, and may be lost");
}

void Engine::begin() noexcept {
  if (arena_.used_bytes() > 0) arena_.reset();
  api_.reset();
}

void Engine::on_event(const Event& event, uint64_t scope, EventHandler& out) noexcept {
  const uint32_t id = event.spec->id;
  stores_.learn(event);
  if (id >= by_id_.size() || by_id_[id].all.empty() || scope == 0) return;
  begin();
  feed(event, scope, 0);
  deliver(scope, out);
}

void Engine::feed(const Event& event, uint64_t scope, uint32_t depth) noexcept {
  const uint32_t id = event.spec->id;
  if (id >= by_id_.size()) return;
  event_ = &event;
  depth_ = depth;
  const Subscribers& subscribers = by_id_[id];
  constexpr size_t kFew = 3;  // are asked at once
  if (subscribers.all.size() <= kFew) {
    for (const Subscription& each : subscribers.all) give(each, event, scope);
  } else {
    const std::span<uint64_t> bits(candidates_.data(), subscribers.index.words());
    subscribers.index.candidates(event, bits);
    for (size_t word = 0; word < bits.size(); ++word) {
      for (uint64_t left = bits[word]; left != 0; left &= left - 1) {
        const size_t at = word * 64 + static_cast<size_t>(std::countr_zero(left));
        give(subscribers.all[at], event, scope);
      }
    }
  }
  event_ = nullptr;
}

void Engine::give(const Subscription& to, const Event& event, uint64_t scope) noexcept {
  Unit& unit = *to.unit;
  if ((unit.policies & scope) == 0 || !to.filter->keeps(event)) return;
  ++unit.counters.events;
  guarded(unit, [&] { unit.detector->on_event(event, *this); });
}

void Engine::deliver(uint64_t scope, EventHandler& out) noexcept {
  for (; first_ != nullptr; first_ = first_->next) {
    out.on_event(first_->event);
    feed(first_->event, scope, first_->depth);
  }
  last_ = nullptr;
}

void Engine::tick(uint64_t now_ns, EventHandler& out) noexcept {
  const bool begins = next_tick_ns_ == 0;
  next_tick_ns_ = now_ns + kTickNs;
  if (begins) return;
  for (const auto& unit : units_) {
    if (!unit->on) continue;
    begin();
    event_ = nullptr;
    depth_ = 0;
    guarded(*unit, [&] { unit->detector->on_tick(now_ns, *this); });
    deliver(unit->policies, out);
  }
}

void Engine::emit(const Draft& draft) noexcept {
  Unit& unit = *unit_;
  static const Context kNobody;
  if (depth_ >= kMaxDepth) {
    if (counters_.too_deep++ == 0) {
      try {
        log_(detection::Logger::Level::Warn,
             "detector " + unit.detector->definition().id +
                 ": its finding would be the sixth of a chain and is left out");
      } catch (...) {  // no memory for a message: the count has it
      }
    }
    return;
  }
  const DetectorDefinition& definition = unit.detector->definition();
  const auto& fills =
      draft.auto_populate != nullptr ? *draft.auto_populate : definition.auto_populate;
  auto room = arena_.take<Node>(1);
  const DetectedFrom* from = nullptr;
  bool full = room.empty();
  if (!full && fills.detected_from && draft.context == nullptr && event_ != nullptr) {
    const DetectedFrom* parent = event_->finding != nullptr ? event_->finding->from : nullptr;
    from = arena_.make(DetectedFrom{event_->spec, event_->data, parent});
    full = from == nullptr;
  } else if (!full && fills.detected_from && draft.from != nullptr) {
    from = arena_.make(DetectedFrom{draft.from, nullptr, nullptr});
    full = from == nullptr;
  }
  if (full) {
    ++counters_.out_of_room;
    return;
  }
  Node& node = *std::construct_at(room.data());
  node.depth = depth_ + 1;
  node.next = nullptr;
  node.finding.from = from;
  node.finding.threat = draft.threat != nullptr ? draft.threat
                        : fills.threat          ? draft.spec->threat
                                                : nullptr;
  if (fills.process_ancestry && draft.ancestry_depth > 0) {
    const Context* context = draft.context != nullptr ? draft.context
                             : event_ != nullptr      ? event_->context
                                                      : &kNobody;
    node.finding.ancestors = stores_.ancestors(*context, draft.ancestry_depth, arena_);
  }
  node.event.spec = draft.spec;
  node.event.data = draft.values.data();
  node.event.finding = &node.finding;
  if (draft.context != nullptr) {
    node.event.context = draft.context;
  } else if (event_ == nullptr) {
    node.event.context = &kNobody;
  } else {
    node.event.context = event_->context;
    node.event.policies = event_->policies;
    node.event.policy_names = event_->policy_names;
  }
  (last_ == nullptr ? first_ : last_->next) = &node;
  last_ = &node;
  ++unit.counters.findings;
}

std::vector<Engine::Status> Engine::status() const {
  std::vector<Status> out;
  for (const auto& unit : units_) out.push_back({unit->registered, unit->on, unit->counters});
  return out;
}

}  // namespace tracee
