// SPDX-License-Identifier: Apache-2.0
// Any text as a detector file: a detector, or an error with its place. What is taken
// is bound, turned on and given events, some time apart; it never throws.
#include <cstdlib>

#include "detect/engine.h"
#include "detect/yaml_detector.h"
#include "support/fuzz_event.h"
#include "support/fuzz_file.h"

namespace {

using namespace tracee;

class Nobody final : public EventHandler {
 public:
  void on_event(const Event& event) noexcept override {
    // A finding can be read like any event.
    for (const Field& field : event.spec->fields) {
      if (field.present == nullptr || field.present(event.data)) field.get(event.data);
    }
  }
};

void feed(Engine& engine) {
  const std::string_view texts[] = {"curl/8"};
  const test::FuzzItem items[] = {{"a.b.example", 1, texts}, {"", 65535, {}}};
  const MapEntry map[] = {{"User-Agent", texts}};
  Context context;
  context.process_name = "curl";
  context.host_process_id = 4711;
  Nobody out;
  for (uint64_t i = 0; i < 24; ++i) {
    // A second, then an hour apart, so that what waits for time comes due.
    context.time_ns = 1'700'000'000'000'000'000 + i * (i < 12 ? 1'000'000'000 : 3'600'000'000'000);
    const test::FuzzSample sample{*parse_address(i % 2 != 0 ? "10.0.0.1" : "2001:db8::1"),
                                  static_cast<uint16_t>(i % 5),
                                  {i % 3 == 0},
                                  static_cast<int64_t>(i) - 2,
                                  i % 2 != 0 ? "one.example" : "",
                                  std::span(items).first(i % 3),
                                  map};
    const Event event{i % 4 == 3 ? &test::kFuzzOther : &test::kFuzzEvent, &context, &sample};
    engine.on_time(context.time_ns, out);
    if (engine.wants(*event.spec)) engine.on_event(event, ~uint64_t{0}, out);
  }
  engine.close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::FuzzFile file(data, size);
  std::vector<Error> warnings;
  const auto folder = read_folder({file.path()}, false, nullptr, warnings);
  if (!folder || folder->files.empty()) {
    const std::string& what = !folder ? folder.error().what : warnings.front().what;
    if (what.find(file.path()) == what.npos) std::abort();
    return 0;
  }
  if (!folder->files.front().rule) return 0;  // a list
  std::vector<std::unique_ptr<Detector>> detectors;
  detectors.push_back(make_yaml_detector(*folder->files.front().rule, folder->lists));
  Registry registry(test::kFuzzEvents, {"amd64", "0.1.0"});
  if (!registry.add(std::move(detectors))) return 0;
  if (registry.detectors().empty() && registry.warnings().empty() &&
      folder->files.front().rule->definition.requirements.architectures.empty() &&
      folder->files.front().rule->definition.requirements.min_tracee_version.empty() &&
      folder->files.front().rule->definition.requirements.max_tracee_version.empty()) {
    std::abort();  // left out without a word
  }
  static Arena arena(size_t{1} << 20);
  static ApiEvents api(arena);
  Engine engine(registry, arena, api, {}, "0.1.0",
                [](detection::Logger::Level, const std::string&) {});
  std::vector<Engine::Selected> selected;
  for (const Registered& each : registry.detectors()) {
    selected.push_back({&each.produced->spec(), ~uint64_t{0}});
  }
  engine.select(selected);
  feed(engine);
  return 0;
}
