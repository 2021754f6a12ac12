// SPDX-License-Identifier: Apache-2.0
// A plugin's definition and findings made of any bytes: it is taken, or refused with
// a reason; what it answers is an event that can be read, or a counted error.
#include <cstdlib>

#include "detect/engine.h"
#include "detect/plugin.h"

namespace {

using namespace tracee;
namespace api = tracee::detection;

struct Sample {
  uint16_t port;
};
constexpr Field kFields[] = {argument<&Sample::port, "port">("u16", "Port.")};
constexpr std::string_view kSets[] = {"default"};
constexpr EventSpec kEvent{2001, "event", "1.0.0", kSets, kFields, "An event.", ""};
constexpr const EventSpec* kEvents[] = {&kEvent};

// Takes choices and texts from the bytes; when they are used up, zeros.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  uint8_t byte() { return at_ == end_ ? uint8_t{0} : *at_++; }
  bool flag() { return (byte() & 1) != 0; }
  std::string text() {
    std::string out(std::min<size_t>(byte(), static_cast<size_t>(end_ - at_)), '\0');
    for (char& c : out) c = static_cast<char>(byte());
    return out;
  }
  // Mostly one that exists, or nothing would come past the first check.
  std::string text_of(std::initializer_list<const char*> known) {
    const uint8_t which = byte();
    return which < known.size() ? known.begin()[which] : text();
  }
  api::Version version() { return {byte(), byte(), byte()}; }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

api::Dependency dependency(Choices& in) {
  return in.flag() ? api::Dependency::Optional : api::Dependency::Required;
}

api::Threat threat(Choices& in) {
  api::Threat out;
  out.name = in.text();
  out.description = in.text();
  out.severity = static_cast<api::Severity>(in.byte());
  out.mitre.tactic.name = in.text();
  out.mitre.technique.id = in.text();
  for (uint8_t n = in.byte() % 4; n > 0; --n) out.properties.emplace_back(in.text(), in.text());
  return out;
}

constexpr std::initializer_list<const char*> kNames = {"one", "two", "event", "port"};

api::DetectorDefinition definition(Choices& in) {
  api::DetectorDefinition out;
  out.id = in.text_of({"one", "two"});
  for (uint8_t n = in.byte() % 4; n > 0; --n) {
    api::EventRequirement each{.name = in.text_of(kNames), .dependency = dependency(in)};
    if (in.flag()) each.min_version = in.version();
    if (in.flag()) each.max_version = in.version();
    if (in.flag()) each.data_filters.push_back(in.text_of({"port=80", "port!=1-9", "port=*"}));
    if (in.flag()) each.scope_filters.push_back(in.text_of({"comm=curl", "container"}));
    out.requirements.events.push_back(std::move(each));
  }
  if (in.flag()) out.requirements.data_stores.push_back({in.text_of({"dns"}), dependency(in)});
  if (in.flag()) out.requirements.enrichments.push_back({in.text(), dependency(in), in.text()});
  if (in.flag()) out.requirements.architectures.push_back(in.text_of({"amd64"}));
  if (in.flag()) out.requirements.min_tracee_version = in.text_of({"0.1", "0.1.0"});
  if (in.flag()) out.requirements.max_tracee_version = in.text_of({"1.0", "0.1.0"});
  out.produced_event.name = in.text_of(kNames);
  out.produced_event.description = in.text();
  out.produced_event.version = in.version();
  for (uint8_t n = in.byte() % 40; n > 0; --n) {
    out.produced_event.fields.push_back(
        {in.text_of(kNames),
         in.text_of({"string", "int32", "int64", "uint32", "uint64", "bool", "bytes"}), in.text(),
         in.flag()});
  }
  for (uint8_t n = in.byte() % 4; n > 0; --n) out.produced_event.tags.push_back(in.text());
  if (in.flag()) out.threat_metadata = threat(in);
  out.auto_populate = {in.flag(), in.flag(), in.flag()};
  return out;
}

api::OutputValue value(Choices& in) {
  std::string name = in.text_of(kNames);
  switch (in.byte() % 7) {
    case 0:
      return {std::move(name), in.text()};
    case 1:
      return {std::move(name), static_cast<int32_t>(in.byte())};
    case 2:
      return {std::move(name), static_cast<int64_t>(in.byte())};
    case 3:
      return {std::move(name), static_cast<uint32_t>(in.byte())};
    case 4:
      return {std::move(name), static_cast<uint64_t>(in.byte())};
    case 5:
      return {std::move(name), in.flag()};
    default: {
      const std::string text = in.text();
      return {std::move(name), std::vector<uint8_t>(text.begin(), text.end())};
    }
  }
}

class Made final : public api::EventDetector {
 public:
  explicit Made(Choices& in) : in_(in), definition_(tracee_definition(in)) {}
  api::DetectorDefinition definition() const override { return definition_; }
  api::Outputs on_event(const api::Event&) override {
    api::Outputs out(in_.byte() % 8);
    for (api::DetectorOutput& each : out) {
      for (uint8_t n = in_.byte() % 40; n > 0; --n) each.data.push_back(value(in_));
      if (in_.flag()) each.threat = threat(in_);
      if (in_.flag()) each.ancestry_depth = in_.byte();
    }
    if (in_.byte() == 255) throw std::runtime_error(in_.text());
    return out;
  }

 private:
  static api::DetectorDefinition tracee_definition(Choices& in) { return ::definition(in); }
  Choices& in_;
  api::DetectorDefinition definition_;
};

class Reader final : public EventHandler {
 public:
  void on_event(const Event& event) noexcept override {
    for (const Field& field : event.spec->fields) {
      if (field.present != nullptr && !field.present(event.data)) continue;
      const Value value = field.get(event.data);
      if (value.kind == Kind::Text) sum += value.text().size();
    }
    if (event.finding == nullptr || !event.spec->is_finding) std::abort();
    if (event.finding->threat != nullptr) sum += event.finding->threat->name.size();
  }
  size_t sum = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices in(data, size);
  static Arena arena(size_t{1} << 16);
  static ApiEvents events(arena);
  Registry registry(kEvents, {"amd64", "0.1.0"});
  std::vector<std::unique_ptr<Detector>> detectors;
  for (uint8_t n = 1 + in.byte() % 2; n > 0; --n) {
    auto made = adapt(std::make_unique<Made>(in), "test.so", events);
    if (!made) std::abort();  // its definition() does not throw
    detectors.push_back(std::move(*made));
  }
  if (const auto added = registry.add(std::move(detectors)); !added) {
    if (added.error().hint.empty()) std::abort();
    return 0;
  }
  Engine engine(registry, arena, events, {}, "0.1.0",
                [](detection::Logger::Level, const std::string&) {});
  std::vector<Engine::Selected> selected;
  for (const Registered& each : registry.detectors()) {
    selected.push_back({&each.produced->spec(), 1});
  }
  engine.select(selected);
  Context context;
  Reader out;
  for (uint16_t port = 79; port < 82; ++port) {
    const Sample sample{port};
    context.time_ns += 2'000'000'000;
    engine.on_time(context.time_ns, out);
    if (engine.wants(kEvent)) engine.on_event(Event{&kEvent, &context, &sample}, 1, out);
  }
  engine.close();
  return 0;
}
