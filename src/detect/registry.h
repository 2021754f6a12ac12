// SPDX-License-Identifier: Apache-2.0
// Which detectors there are: read from the paths of --detectors, checked, and
// given a place in the catalogue of events.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/detector.h"
#include "filter/program.h"

namespace tracee {

constexpr uint32_t kFirstDetectorEvent = 7500;

// One detector that passed.
struct Registered {
  // An event it asked for.
  struct Input {
    const EventSpec* spec;
    Tree filters{};  // its data and scope filters
    // Those, and what the detector itself asks of the event at least.
    Tree tree{};
    Program filter{};
  };
  std::unique_ptr<Detector> detector;
  ProducedEvent* produced = nullptr;
  std::vector<Input> inputs;
  bool wants_dns_store = false;
  bool wants_owners = false;  // the process or container store, or ancestry
};

struct Host {
  std::string architecture;    // amd64, arm64, …
  std::string tracee_version;  // "0.1.0"; what is no such number passes every check
};
std::string host_architecture();

class Registry {
 public:
  // `built_in`: the events that are no detector's. `events` must outlive it; null: its
  // own.
  Registry(std::span<const EventSpec* const> built_in, Host host, ProducedEvents* events = nullptr)
      : built_in_(built_in.begin(), built_in.end()),
        host_(std::move(host)),
        events_(events != nullptr ? *events : own_events_) {}

  // Takes detectors in and checks them. What is wrong with one of them goes to
  // warnings(), and it is left out. Errors, Exit::Usage: two produced events
  // have one name.
  Result<> add(std::vector<std::unique_ptr<Detector>> detectors);

  const std::vector<Error>& warnings() const { return warnings_; }
  void warn(Error warning) { warnings_.push_back(std::move(warning)); }

  // All events, produced ones included; lives as long as the registry.
  const Catalog& catalog() const { return *catalog_; }
  std::vector<Registered>& detectors() { return detectors_; }
  // Those that did not pass.
  const std::vector<std::unique_ptr<Detector>>& rejected() const { return rejected_; }
  // Gives all detectors away, those that did not pass too. Their events stay.
  std::vector<std::unique_ptr<Detector>> release();

 private:
  struct Candidate;
  bool admits(const Detector& detector);
  Result<> check_syntax(const Detector& detector) const;
  Result<> check_stores(const Detector& detector) const;
  Result<> check_enrichments(const Detector& detector);
  bool fits_host(const DetectorDefinition& definition) const;
  Result<> bind_inputs(Registered& made) const;
  static Result<> finish_inputs(Registered& made);
  static void note_stores(Registered& made);

  std::vector<const EventSpec*> built_in_;
  Host host_;
  ProducedEvents own_events_{kFirstDetectorEvent};
  ProducedEvents& events_;
  std::unique_ptr<Catalog> catalog_;
  std::vector<Registered> detectors_;
  std::vector<std::unique_ptr<Detector>> rejected_;
  std::vector<Error> warnings_;
};

}  // namespace tracee
