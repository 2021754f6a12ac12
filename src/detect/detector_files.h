// SPDX-License-Identifier: Apache-2.0
// What --detectors names, as it is on disk: plugins by path, YAML files read. Reading
// takes its time (lists may have a million entries) and touches nothing of a run, so
// that another thread can do it; Detection makes detectors of it.
#pragma once

#include <string>
#include <vector>

#include "detect/yaml_folder.h"

namespace tracee {

struct DetectorFiles {
  struct Path {
    std::string path;
    bool named = false;  // a file itself, not a folder
    std::vector<std::string> plugins;
    YamlFolder yaml;
  };
  std::vector<Path> paths;
  std::vector<Error> warnings;

  // The folders in which something may change.
  std::vector<std::string> folders() const;
  // Nobody could tell the two apart.
  bool same_as(const DetectorFiles& other) const;
};

// A file that is named must be a detector; of a folder, its own files that look like
// one. What is wrong is an error for a named file and a warning for others; with
// `before` it is a warning, and what was read then of that file stays.
Result<DetectorFiles> read_detector_files(const std::vector<std::string>& paths,
                                          const DetectorFiles* before);

}  // namespace tracee
