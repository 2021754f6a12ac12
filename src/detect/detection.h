// SPDX-License-Identifier: Apache-2.0
// All of a run's detectors: what --detectors names, loaded, checked and ready to
// be fed; and made anew, without losing a packet or what unchanged ones remember,
// when files change.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "detect/detector_files.h"
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

  // All events, those of detectors included. The one of before lives on until the
  // reload after the next.
  const Catalog& catalog() const { return registry_->catalog(); }
  const std::vector<Error>& warnings() const { return warnings_; }
  bool empty() { return registry_->detectors().empty(); }
  size_t size() { return registry_->detectors().size(); }
  Engine& engine() { return *engine_; }

  // Where detectors come from; none: there is nothing to watch.
  const std::vector<std::string>& paths() const { return options_.paths; }
  const std::shared_ptr<const DetectorFiles>& files() const { return files_; }

  // The detectors of `fresh` from the next event on. Those of files that have not
  // changed go on with what they remember; those of files that are not as they should
  // be stay as they were. What is wrong is in warnings(). All are off until the
  // engine's select().
  void reload(DetectorFiles fresh);

 private:
  // A detector without a place, and the file it is of.
  struct Held {
    std::string file;
    uint64_t fingerprint;
    std::unique_ptr<Detector> detector;
  };
  using Pool = std::vector<Held>;

  Detection(std::span<const EventSpec* const> built_in, DetectionOptions options);
  // `first`: what is wrong with a named plugin is an error.
  Result<std::unique_ptr<Registry>> assemble(const DetectorFiles& files, Pool& pool, bool first);
  Result<> add_plugin(const std::string& file, Pool& pool,
                      std::vector<std::unique_ptr<Detector>>& out);
  void put_back(Registry& registry, Pool& pool);
  void add_warnings(const Registry& registry);
  bool restore_rejected(const Registry& registry, DetectorFiles& fresh) const;

  DetectionOptions options_;
  std::vector<const EventSpec*> built_in_;
  std::vector<Error> warnings_;
  Arena arena_;
  ApiEvents api_;
  ProducedEvents events_{kFirstDetectorEvent};
  // Of each detector: its file.
  std::map<const Detector*, std::pair<std::string, uint64_t>> origins_;
  std::shared_ptr<const DetectorFiles> files_;
  std::unique_ptr<Registry> registry_, retired_, older_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tracee
