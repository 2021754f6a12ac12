// SPDX-License-Identifier: Apache-2.0
// The engine: gives events to the detectors that asked for them, and their
// findings to the way on and to each other. One thread, event time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/api_event.h"
#include "detect/registry.h"
#include "detect/stores.h"
#include "filter/tree_index.h"

namespace tracee {

struct DetectorCounters {
  uint64_t events = 0;    // given to it: they are as it asks
  uint64_t findings = 0;  // that it made of them
  uint64_t errors = 0;    // exceptions, and findings that could not be made
  uint64_t took_ns = 0;   // with them, and with the time that passes
  // Its calls by how long they took: up to 50 µs, 100 µs, 1 ms, and longer.
  uint64_t calls_by_time[4] = {};
};

struct EngineCounters {
  uint64_t too_deep = 0;     // findings that a chain of more than five would have made
  uint64_t out_of_room = 0;  // findings for which the memory of one packet did not do
};

class Engine final : private Emitter {
 public:
  // A chain of findings ends here.
  static constexpr uint32_t kMaxDepth = 5;

  // `registry`, `arena` (memory of one packet's findings) and `api` must outlive it.
  Engine(Registry& registry, Arena& arena, ApiEvents& api, detection::Config config,
         const std::string& tracee_version, DetectorLog log);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Takes the detectors of another registry instead. Those that were here go on as they
  // are, with what they remember; of the others, those that are on are turned off.
  // Nobody is given anything until select().
  void adopt(Registry& registry);

  // An event that somebody selects, and the policies that do, as bits.
  struct Selected {
    const EventSpec* spec;
    uint64_t policies;
  };
  // Turns on the detectors of these events and those that they need, and turns
  // off the others. One whose init() fails stays off, and that is told.
  void select(std::span<const Selected> selected);
  // The events, none of them a detector's, that detectors which are on need.
  const std::vector<const EventSpec*>& required() const { return required_; }

  // Some detector takes events of this kind, or a store learns from them.
  bool wants(const EventSpec& spec) const noexcept {
    return stores_.learns_from(spec) || (spec.id < by_id_.size() && !by_id_[spec.id].all.empty());
  }
  // Gives `event` to who wants it, of the detectors that policies of `scope` ask
  // for. Findings go to `out`, those made of the event first, then those made of
  // these.
  void on_event(const Event& event, uint64_t scope, EventHandler& out) noexcept;
  // Event time has got this far. Cheap when nothing is due.
  void on_time(uint64_t now_ns, EventHandler& out) noexcept {
    if (now_ns >= next_tick_ns_) tick(now_ns, out);
  }
  // Turns all detectors off.
  void close();

  Stores& stores() { return stores_; }

  struct Status {
    const Registered* registered;
    bool on;
    DetectorCounters counters;
  };
  std::vector<Status> status() const;
  const EngineCounters& counters() const noexcept { return counters_; }

 private:
  struct Unit;
  struct Subscription {
    Unit* unit;
    const Program* filter;
    const Tree* tree;
  };
  // Who takes events of one kind.
  struct Subscribers {
    std::vector<Subscription> all;
    TreeIndex index;
  };
  struct Node;

  void turn_on(Unit& unit);
  void turn_off(Unit& unit);
  void subscribe(Unit& unit);
  void feed(const Event& event, uint64_t scope, uint32_t depth) noexcept;
  void give(const Subscription& to, const Event& event, uint64_t scope) noexcept;
  template <class Call>
  void guarded(Unit& unit, Call&& call) noexcept;
  void deliver(uint64_t scope, EventHandler& out) noexcept;
  void tick(uint64_t now_ns, EventHandler& out) noexcept;
  void begin() noexcept;
  void count_error(Unit& unit, const char* what) noexcept;

  Arena& arena() noexcept override { return arena_; }
  void emit(const Draft& draft) noexcept override;
  void error(const std::string& what) override;

  Registry* registry_;
  detection::Config config_;
  DetectorLog log_;
  Arena& arena_;
  ApiEvents& api_;
  Stores stores_;
  std::vector<std::unique_ptr<Unit>> units_;
  std::vector<Subscribers> by_id_;    // index: EventSpec::id
  std::vector<uint64_t> candidates_;  // of the event at hand
  std::vector<const EventSpec*> required_;
  uint64_t next_tick_ns_ = UINT64_MAX;  // 0: with the first event
  EngineCounters counters_;
  // The call at hand.
  Unit* unit_ = nullptr;
  const Event* event_ = nullptr;
  uint32_t depth_ = 0;
  // Findings that wait to be delivered, in order.
  Node* first_ = nullptr;
  Node* last_ = nullptr;
};

}  // namespace tracee
