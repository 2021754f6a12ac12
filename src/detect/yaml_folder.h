// SPDX-License-Identifier: Apache-2.0
// The YAML files of one folder: its detectors, and the lists that all of them see.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "detect/lookups.h"
#include "detect/yaml_rule.h"

namespace tracee {

// A list is literals, written into conditions; or a set that is asked.
struct YamlList {
  std::string name, place;
  std::vector<std::string> literals;
  std::shared_ptr<const OuterSet> set;  // null: it is literals
  std::string source;                   // the file its values are in; empty: its own
};

struct YamlLists {
  std::map<std::string, std::vector<std::string>, std::less<>> literals;
  LargeSets sets;
};

struct YamlFile {
  std::string path;
  std::optional<YamlRule> rule;
  std::optional<YamlList> list;  // one of both
  uint64_t fingerprint = 0;      // of what the file says; that of a list's source too
};

struct YamlFolder {
  std::vector<YamlFile> files;
  std::shared_ptr<const YamlLists> lists;
};

// Reads the files of one folder (or one file, with the lists of its folder). A list of
// a name that is there is the error, nothing is loaded then; any other fault leaves
// one file out and goes to `warnings`, or, where `before` has the file, that stays.
// `named`: it is one file that was named itself.
Result<YamlFolder> read_folder(const std::vector<std::string>& files, bool named,
                               const YamlFolder* before, std::vector<Error>& warnings);

}  // namespace tracee
