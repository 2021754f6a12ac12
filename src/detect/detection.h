// SPDX-License-Identifier: Apache-2.0
// All of a run's detectors: what --detectors names, loaded, checked and ready to
// be fed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/engine.h"

namespace tracee {

inline constexpr const char* kDefaultDetectorFolder = "/etc/tracee/detectors";

struct DetectionOptions {
  // Files (.so, .yaml, .yml) and folders of them. Empty: kDefaultDetectorFolder,
  // if there is one.
  std::vector<std::string> paths;
  std::string tracee_version;
  bool live = false;
  DetectorLog log;
};

class Detection {
 public:
  // `built_in`: the events that are no detector's. A detector that is not as it
  // should be is told of in warnings() and left out. Errors, Exit::Usage: a path
  // that cannot be read; two events of one name.
  static Result<std::unique_ptr<Detection>> load(std::span<const EventSpec* const> built_in,
                                                 DetectionOptions options);

  // All events, those of detectors included.
  const Catalog& catalog() const { return registry_.catalog(); }
  const std::vector<Error>& warnings() const { return registry_.warnings(); }
  bool empty() { return registry_.detectors().empty(); }
  Engine& engine() { return *engine_; }

 private:
  Detection(std::span<const EventSpec* const> built_in, DetectionOptions options);
  Result<> read(const std::string& path, std::vector<std::unique_ptr<Detector>>& out);
  Result<> read_yaml_files(const std::vector<std::string>& files, bool named,
                           std::vector<std::unique_ptr<Detector>>& out);

  DetectionOptions options_;
  Arena arena_;
  ApiEvents api_;
  Registry registry_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tracee
