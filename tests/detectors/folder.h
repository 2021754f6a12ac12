// SPDX-License-Identifier: Apache-2.0
// A folder of YAML detectors on the known events of filters/fixtures.h.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>

#include "detect/detection.h"
#include "detectors/fixtures.h"

namespace tracee::test {

inline constexpr const char* kHead = R"(type: detector
id: one
produced_event: {name: one, version: 1.0.0, fields: [{name: f, type: FIELD}]}
requirements: {events: [{name: EVENT}]}
)";

inline std::string head(const std::string& event, const std::string& type) {
  std::string out = kHead;
  out.replace(out.find("FIELD"), 5, type);
  return out.replace(out.find("EVENT"), 5, event);
}

// A folder of files, loaded, and what its detectors find.
class Folder final : private EventHandler {
 public:
  // YAML files, and others by name.
  explicit Folder(const std::vector<std::string>& files,
                  const std::map<std::string, std::string>& others = {}) {
    path_ = std::filesystem::temp_directory_path() / ("tracee-yaml-" + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
    for (size_t i = 0; i < files.size(); ++i) {
      std::ofstream(path_ / (std::to_string(i) + ".yaml")) << files[i];
    }
    for (const auto& [name, text] : others) std::ofstream(path_ / name) << text;
    DetectionOptions options;
    options.paths = {path_};
    options.tracee_version = "0.1.0";
    options.log = [](auto, const auto&) {};
    auto loaded = Detection::load(catalog().events(), std::move(options));
    EXPECT_TRUE(loaded);
    detection_ = std::move(*loaded);
    select_all();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void select_all() {
    std::vector<Engine::Selected> all;
    for (const EventSpec* spec : detection_->catalog().in_set("detectors"))
      all.push_back({spec, 1});
    detection_->engine().select(all);
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(path_ / name) << text;
  }
  // As if somebody had told it that files have changed.
  void reload() {
    auto files = read_detector_files({path_}, detection_->files().get());
    ASSERT_TRUE(files);
    detection_->reload(std::move(*files));
    select_all();
  }

  Texts feed(char letter) {
    found_.clear();
    detection_->engine().on_event(fixtures.event(letter), 1, *this);
    return found_;
  }
  std::string warnings() const {
    std::string out;
    for (const Error& each : detection_->warnings()) out += each.what + "\n" + each.hint + "\n";
    return out;
  }
  // Time passes without an event.
  Texts tick() {
    found_.clear();
    detection_->engine().on_time(fixtures.context.time_ns, *this);
    return found_;
  }
  Detection& detection() { return *detection_; }
  const std::filesystem::path& path() const { return path_; }
  uint64_t found_at_ns = 0;  // of the last finding
  std::vector<std::string> found_from;
  void later(uint64_t seconds) { fixtures.context.time_ns += seconds * 1'000'000'000; }

  Fixtures fixtures;

 private:
  void on_event(const Event& event) noexcept override {
    found_at_ns = event.context->time_ns;
    if (event.finding->from != nullptr) found_from.emplace_back(event.finding->from->spec->name);
    std::string text(event.spec->name);
    for (const Field& field : event.spec->fields) {
      if (!field.present(event.data)) continue;
      const Value value = field.get(event.data);
      text += " " + std::string(field.name) + "=" +
              (value.kind == Kind::Text ? std::string(value.text()) : std::to_string(value.i));
    }
    found_.push_back(std::move(text));
  }

  std::filesystem::path path_;
  std::unique_ptr<Detection> detection_;
  Texts found_;
};

}  // namespace tracee::test
