// SPDX-License-Identifier: Apache-2.0
// `tracee detectors test`: detectors are tried on captures, without a kernel.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/run.h"
#include "app/summary.h"
#include "app/version.h"
#include "capture/replay.h"
#include "event/address.h"
#include "event/lost_events.h"
#include "output/format/format.h"

namespace tracee {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLineCapacity = size_t{32} << 20;  // of the longest event

using Fields = std::map<std::string, std::string, std::less<>>;

std::string text_of(const Value& value) {
  switch (value.kind) {
    case Kind::Text:
      return std::string(value.text());
    case Kind::Signed:
      return std::to_string(value.i);
    case Kind::Bool:
      return value.u != 0 ? "true" : "false";
    default:
      return std::to_string(value.u);
  }
}

// Prints what the detectors find, and keeps what an expectation may ask of it.
class Findings final : public EventHandler {
 public:
  explicit Findings(const Catalog& catalog)
      : format_(make_json_format(catalog, false)), buffer_(kLineCapacity) {}

  void on_event(const Event& event) noexcept override {
    buffer_.clear();
    format_->write(event, buffer_);
    fmt::print("{}", buffer_.text());
    Fields fields;
    for (const Field& field : event.spec->fields) {
      if (field.present(event.data)) {
        fields.emplace(field.name, text_of(field.get(event.data)));
      }
    }
    found_[std::string(event.spec->name)].push_back(std::move(fields));
  }
  const std::vector<Fields>& of(const std::string& event) { return found_[event]; }

 private:
  std::unique_ptr<Format> format_;
  Buffer buffer_;
  std::map<std::string, std::vector<Fields>> found_;
};

// One run of the detectors of one path on one capture.
class Trial {
 public:
  Trial(const Options& options, const DecodeOptions& decode) : options_(options), decode_(decode) {}

  Result<> load(const std::string& path) {
    std::vector<const EventSpec*> all(packet_events().begin(), packet_events().end());
    all.push_back(&kLostEvents);
    DetectionOptions detection;
    detection.paths = {path};
    detection.tracee_version = kVersion;
    detection.log = [](detection::Logger::Level, const std::string& line) { say(line); };
    auto loaded = Detection::load(all, std::move(detection));
    if (!loaded) return forward(loaded);
    if (!(*loaded)->warnings().empty()) {
      return tl::unexpected<Error>((*loaded)->warnings().front());
    }
    if ((*loaded)->empty()) {
      return fail(Exit::Usage, path + ": no detector in it", "name YAML files or plugins");
    }
    detection_ = std::move(*loaded);
    return {};
  }

  // What the detectors expect something of, as paths.
  std::vector<std::string> captures() const {
    std::vector<std::string> out;
    for (const Engine::Status& each : detection_->engine().status()) {
      const Detector& detector = *each.registered->detector;
      for (const Expectation& expected : detector.expectations()) {
        const std::string path = path_of(expected);
        const bool known = path.empty() || std::ranges::find(out, path) != out.end();
        if (!known) out.push_back(path);
      }
    }
    return out;
  }

  // False: something is not as it was expected. Ends the detectors.
  Result<bool> run(const std::string& capture) {
    Wishes wishes;
    wishes.events = {"tag=detectors"};
    wishes.scopes = options_.scopes;
    wishes.filters = options_.filters;
    auto selection = Selection::parse(wishes, detection_->catalog());
    if (!selection) return forward(selection);
    Findings findings(detection_->catalog());
    Engine& engine = detection_->engine();
    Pipeline pipeline(std::move(*selection), decode_, {}, std::nullopt);
    pipeline.show_to(&findings);
    pipeline.detect_with(std::move(detection_));
    pipeline.redact(options_.redaction);
    auto source = ReplaySource::open(capture);
    if (!source) return forward(source);
    Record record;
    while ((*source)->next(record) == ReplaySource::Next::Packet) pipeline.on_record(record);
    if (const std::string problem = (*source)->problem(); !problem.empty()) {
      return fail(Exit::RunTime, problem, "everything before that was decoded");
    }
    return judge(engine, capture, findings);
  }

 private:
  // The capture stands beside the detector's file, or is found from there.
  static std::string path_of(const Expectation& expected) {
    if (expected.capture.empty()) return "";
    const std::string file =
        expected.place.substr(0, expected.place.rfind(':', expected.place.rfind(':') - 1));
    return (fs::path(file).parent_path() / expected.capture).string();
  }

  static bool is_about(const Expectation& expected, const std::string& capture) {
    return expected.capture.empty() ||
           fs::path(expected.capture).filename() == fs::path(capture).filename();
  }

  static Result<bool> judge(const Engine& engine, const std::string& capture, Findings& findings) {
    bool good = true, any = false, asked = false;
    for (const Engine::Status& each : engine.status()) {
      const Detector& detector = *each.registered->detector;
      if (each.counters.errors > 0) {
        say(fmt::format("{}: {} errors in {}", detector.place(), each.counters.errors, capture));
        good = false;
      }
      const auto& found = findings.of(detector.definition().produced_event.name);
      any = any || !detector.expectations().empty();
      for (const Expectation& expected : detector.expectations()) {
        if (!is_about(expected, capture)) continue;
        asked = true;
        const std::string wrong = complaint(expected, found);
        good = good && wrong.empty();
        say(fmt::format("{}: {}: {} findings{}", expected.place, capture, found.size(),
                        wrong.empty() ? ", as expected" : ", expected " + wrong));
      }
    }
    if (any && !asked) say(capture + ": nothing is expected of it, but of other captures");
    return good && (asked || !any);
  }

  static std::string complaint(const Expectation& expected, const std::vector<Fields>& found) {
    if (found.size() != expected.findings) return std::to_string(expected.findings);
    if (expected.fields.empty()) return "";
    const bool there = std::ranges::any_of(found, [&](const Fields& fields) {
      return std::ranges::all_of(expected.fields, [&](const auto& wanted) {
        const auto field = fields.find(wanted.first);
        return field != fields.end() && field->second == wanted.second;
      });
    });
    if (there) return "";
    std::string out = "one with";
    for (const auto& [name, value] : expected.fields)
      out.append(" ").append(name).append("=").append(value);
    return out;
  }

  const Options& options_;
  const DecodeOptions& decode_;
  std::unique_ptr<Detection> detection_;
};

}  // namespace

Result<int> test_detectors(const Options& options, const DecodeOptions& decode) {
  bool good = true;
  for (const std::string& path : options.detectors) {
    Trial first(options, decode);
    if (auto loaded = first.load(path); !loaded) return forward(loaded);
    std::vector<std::string> captures = {options.input};
    if (options.input.empty()) captures = first.captures();
    if (captures.empty()) {
      return fail(Exit::Usage, path + ": no capture to test with",
                  "give --input, or write expect: [{capture: FILE, findings: 1}] into it");
    }
    for (const std::string& capture : captures) {
      Trial trial(options, decode);
      if (auto loaded = trial.load(path); !loaded) return forward(loaded);
      auto done = trial.run(capture);
      if (!done) return forward(done);
      good = good && *done;
    }
  }
  return good ? 0 : static_cast<int>(Exit::RunTime);
}

}  // namespace tracee
