// SPDX-License-Identifier: Apache-2.0
// The command line as data, read from the parser that declares it.
#pragma once

#include <string>
#include <vector>

namespace tracee {

// How a value is completed follows from what it is called: EVENTS, EVENT, SCOPE,
// OUTPUT, FILE, PATH, or words in lower case with bars between (man|complete); any
// other is free text.
struct OptionDoc {
  std::string long_name;   // "events"; empty: it has none
  std::string short_name;  // "e"; empty: it has none
  std::string value;       // "EVENTS", what its value is called; empty: it takes none
  std::string help;
  bool repeated = false;
};

struct ArgumentDoc {
  std::string name;  // "EVENT"; completed as values are
  bool required = false, repeated = false;
};

struct VerbDoc {
  std::string name, help;
  std::vector<ArgumentDoc> arguments;  // in order
  std::vector<OptionDoc> options;
};

struct CommandLine {
  std::vector<OptionDoc> options;
  std::vector<VerbDoc> verbs;
  // What values begin with.
  std::vector<std::string> output_formats;    // of OUTPUT
  std::vector<std::string> scope_keys;        // of SCOPE
  std::vector<std::string> event_scope_keys;  // behind EVENT.scope.
};

}  // namespace tracee
