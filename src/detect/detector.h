// SPDX-License-Identifier: Apache-2.0
// The detect room: from events to findings. Owns the detectors of one run, from
// their files to their end: loads and checks them (registry.h), gives each event
// to those that asked for it and makes events of what they answer (engine.h).
//
// Promises: an event that no detector wants costs one look-up and allocates
// nothing. A detector that throws, answers nonsense or is slow is counted and
// told; it never stops the tracer or its neighbours. What detectors remember is
// bounded.
//
// It depends on the filter room: a detector's filters and conditions are in the
// language of `--events` and `--filter`, with one engine for both.
//
// This header: a detector as the engine sees it, whatever it is written in. The
// definition is that of the public header, include/tracee/detector.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/arena.h"
#include "base/result.h"
#include "event/catalog.h"
#include "event/finding.h"
#include "filter/tree.h"
#include "tracee/detector.h"

namespace tracee {

using detection::DetectorDefinition;

// A line for people. `level` is that of the public header's logger.
using DetectorLog = std::function<void(detection::Logger::Level, const std::string&)>;

// What one finding says; made by a detector, completed by the engine.
struct Draft {
  const EventSpec* spec = nullptr;  // the produced event's, or one with more fields
  std::span<const Value> values{};  // one a field; absent() where there is none
  const Threat* threat = nullptr;   // instead of the definition's
  const detection::AutoPopulateFields* auto_populate = nullptr;  // likewise
  uint32_t ancestry_depth = 5;
  // Of a finding about time that has passed: what it was then. Null: the event
  // at hand has it.
  const Context* context = nullptr;
  const EventSpec* from = nullptr;
};

// Where a detector's findings go. What a draft points to must live until the
// detector's next call; memory from arena() does.
class Emitter {
 public:
  virtual Arena& arena() noexcept = 0;
  virtual void emit(const Draft& draft) noexcept = 0;
  // Counts and tells an error that is no exception.
  virtual void error(const std::string& what) = 0;

 protected:
  ~Emitter() = default;
};

// The event that a detector produces, with all that its spec views.
class ProducedEvent {
 public:
  ProducedEvent(const DetectorDefinition& definition, uint32_t id);
  ~ProducedEvent();
  ProducedEvent(const ProducedEvent&) = delete;
  ProducedEvent& operator=(const ProducedEvent&) = delete;

  const EventSpec& spec() const { return *spec_; }
  // The same event with further fields behind its own, for findings that say
  // more than was declared. Null: more than there may be. Made once per shape.
  struct Extra {
    std::string_view name, type;
  };
  const EventSpec* with(std::span<const Extra> extras);

 private:
  struct Texts;
  struct Shape;
  std::unique_ptr<Texts> texts_;
  std::unique_ptr<EventSpec> spec_;
  std::vector<std::unique_ptr<Shape>> shapes_;
};

// All events that detectors of a run have produced so far. They stay: outputs and
// selections of before may still know them when detectors are made anew. A name has one
// id for good; what is declared as before is the same event.
class ProducedEvents {
 public:
  explicit ProducedEvents(uint32_t first_id) : first_id_(first_id) {}
  ProducedEvent& of(const DetectorDefinition& definition);

 private:
  uint32_t first_id_;
  std::map<std::string, uint32_t, std::less<>> ids_;
  std::map<std::string, std::unique_ptr<ProducedEvent>> events_;  // by all that they say
};

// Kind and width of a field of that type; false: no such type.
bool type_of(std::string_view type, Kind& kind, uint8_t& width_bits);

// What a detector's author says it finds in a capture; for `tracee detectors test`.
struct Expectation {
  std::string place;    // of the expectation, for messages
  std::string capture;  // as it is written, from the detector's own folder; empty: any
  uint64_t findings = 0;
  // Field and value, as text: some finding has all of them.
  std::vector<std::pair<std::string, std::string>> fields;
};

class Detector {
 public:
  virtual ~Detector() = default;
  virtual const DetectorDefinition& definition() const = 0;
  // Where it comes from, for people: a file, with line and column if it has them.
  virtual const std::string& place() const = 0;

  // Looks up what it names; before anything below. `catalog` knows all events.
  virtual Result<> bind(const Catalog& /*catalog*/, ProducedEvent& /*produced*/) { return {}; }
  // What an event of this kind must be like for on_event() to do anything: the engine
  // need not call it for others. After bind().
  virtual Tree gate(const EventSpec& /*spec*/) const { return {}; }
  virtual void init(const detection::DetectorParams& params) = 0;  // may throw
  virtual void on_event(const Event& event, Emitter& out) = 0;     // may throw
  virtual void on_tick(uint64_t /*now_ns*/, Emitter& /*out*/) {}   // may throw
  virtual void close() = 0;                                        // may throw

  virtual std::span<const Expectation> expectations() const { return {}; }
  // Keys it has forgotten before their time, because there were too many.
  virtual uint64_t evicted() const { return 0; }
};

}  // namespace tracee
