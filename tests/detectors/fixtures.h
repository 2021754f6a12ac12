// SPDX-License-Identifier: Apache-2.0
// A run of detectors on the known events of filters/fixtures.h: what they are, which
// are selected, and what comes out.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "detect/plugin.h"
#include "detect/registry.h"
#include "filter/selection.h"
#include "filters/fixtures.h"

namespace tracee::test {

namespace api = tracee::detection;

// A detector made of functions.
struct Script {
  api::DetectorDefinition definition;
  std::function<api::Outputs(const api::Event&)> on_event = [](const api::Event&) {
    return api::detected();
  };
  std::function<void(const api::DetectorParams&)> init = [](const api::DetectorParams&) {};
  std::function<api::Outputs(uint64_t)> on_tick = [](uint64_t) { return api::Outputs(); };
  std::function<void()> close = [] {};
};

class Scripted final : public api::EventDetector {
 public:
  explicit Scripted(Script script) : script_(std::move(script)) {}
  api::DetectorDefinition definition() const override { return script_.definition; }
  void init(const api::DetectorParams& params) override { script_.init(params); }
  api::Outputs on_event(const api::Event& event) override { return script_.on_event(event); }
  api::Outputs on_tick(uint64_t now) override { return script_.on_tick(now); }
  void close() override { script_.close(); }

 private:
  Script script_;
};

// A detector `name` of one event, which finds something in each.
inline Script script(const std::string& name, const std::string& event = "net_packet_tcp") {
  Script out;
  out.definition.id = name;
  out.definition.requirements.events = {{.name = event}};
  out.definition.produced_event.name = name;
  out.definition.produced_event.version = {1, 0, 0};
  return out;
}

// A finding as text: "name(field=value …)<from", and what else the engine put there.
struct Found {
  std::string text;
  uint32_t id = 0;
  uint64_t time_ns = 0;
  std::string process;
  uint64_t policies = 0;
  bool threat = false;
  int severity = -1;
  std::vector<std::string> from;  // the history, nearest first
  std::string from_dst_port;
};

class Trial final : private EventHandler {
 public:
  explicit Trial(std::vector<Script> scripts, Host host = {"amd64", "0.1.0"})
      : arena_(1 << 20), api_(arena_), registry_(catalog().events(), std::move(host)) {
    std::vector<std::unique_ptr<Detector>> detectors;
    for (Script& each : scripts) {
      auto adapted = adapt(std::make_unique<Scripted>(std::move(each)), "test.so", api_);
      if (adapted) detectors.push_back(std::move(*adapted));
    }
    fatal_ = registry_.add(std::move(detectors));
    if (!fatal_) return;
    engine_ = std::make_unique<Engine>(
        registry_, arena_, api_, api::Config{{"source", "test"}}, "0.1.0",
        [this](api::Logger::Level, const std::string& line) { said_.push_back(line); });
  }

  // `--events` of the run.
  Trial& select(std::vector<std::string> events) {
    return select(Wishes{std::move(events), {}, {}, {}});
  }
  Trial& select(const Wishes& wishes) {
    auto parsed = Selection::parse(wishes, registry_.catalog());
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().what);
    if (!parsed) return *this;
    selection_ = std::make_unique<Selection>(std::move(*parsed));
    std::vector<Engine::Selected> selected;
    for (const EventSpec* spec : selection_->events()) {
      selected.push_back({spec, selection_->selecting(*spec)});
    }
    engine_->select(selected);
    return *this;
  }

  // Feeds one of the fixtures, by its letter; what came of it, in order.
  std::vector<std::string> feed(char letter) { return feed(fixtures_.event(letter)); }
  std::vector<std::string> feed(Event event) {
    found_.clear();
    event.policies = selection_->matched(event);
    event.policy_names = selection_->policy_names();
    engine_->on_event(event, selection_->in_scope(event), *this);
    return texts();
  }
  std::vector<std::string> tick(uint64_t now_ns) {
    found_.clear();
    engine_->on_time(now_ns, *this);
    return texts();
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const Found& each : found_) out.push_back(each.text);
    return out;
  }

  const std::vector<Found>& found() const { return found_; }
  Engine& engine() { return *engine_; }
  Registry& registry() { return registry_; }
  Fixtures& fixtures() { return fixtures_; }
  const Result<>& fatal() const { return fatal_; }
  const std::vector<std::string>& said() const { return said_; }
  // What was wrong with detectors, in one text.
  std::string warnings() const {
    std::string out;
    for (const Error& each : registry_.warnings()) out += each.what + "\n";
    return out;
  }
  DetectorCounters counters(const std::string& id) const {
    for (const auto& each : engine_->status()) {
      if (each.registered->detector->definition().id == id) return each.counters;
    }
    ADD_FAILURE() << "no detector " << id;
    return {};
  }
  bool on(const std::string& id) const {
    for (const auto& each : engine_->status()) {
      if (each.registered->detector->definition().id == id) return each.on;
    }
    return false;
  }

 private:
  void on_event(const Event& event) noexcept override {
    Found out;
    out.text = std::string(event.spec->name);
    std::string fields;
    for (const Field& field : event.spec->fields) {
      if (!field.present(event.data)) continue;
      const Value value = field.get(event.data);
      fields += (fields.empty() ? "" : " ") + std::string(field.name) + "=" +
                (value.kind == Kind::Text     ? std::string(value.text())
                 : value.kind == Kind::Signed ? std::to_string(value.i)
                                              : std::to_string(value.u));
    }
    if (!fields.empty()) out.text += "(" + fields + ")";
    out.id = event.spec->id;
    out.time_ns = event.context->time_ns;
    out.process = std::string(event.context->process_name);
    out.policies = event.policies;
    out.threat = event.finding->threat != nullptr;
    if (out.threat) out.severity = event.finding->threat->severity;
    for (const DetectedFrom* at = event.finding->from; at != nullptr; at = at->parent) {
      out.from.emplace_back(at->spec->name);
      for (const Field& field : at->spec->fields) {
        if (field.name == "dst_port" && at->data != nullptr) {
          out.from_dst_port = std::to_string(field.get(at->data).u);
        }
      }
    }
    found_.push_back(std::move(out));
  }

  Fixtures fixtures_;
  Arena arena_;
  ApiEvents api_;
  std::vector<std::string> said_;
  Registry registry_;
  Result<> fatal_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Selection> selection_;
  std::vector<Found> found_;
};

using Texts = std::vector<std::string>;

}  // namespace tracee::test
