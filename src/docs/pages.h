// SPDX-License-Identifier: Apache-2.0
// The docs room: what can be written about tracee from its own tables. Owns the
// manual pages, the shell completions, the events' schema and reference; promises that an option, a
// verb or an event that is declared anywhere is in them, because nothing here lists any. Depends on
// base and event; the app room gives the command line as data.
//
// This header: the files that come out.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "docs/command_line.h"
#include "event/catalog.h"

namespace tracee {

// One file: its place below the folder of its kind ("man1/tracee.1"), and its text.
struct Page {
  std::string path, text;
};

struct Subject {
  const Catalog& catalog;
  const CommandLine& command_line;
  std::string version;
  time_t date;  // on the manual pages
};

// tracee(1), tracee-events(7), and tracee-EVENT(7) for each event. In mdoc.
std::vector<Page> manual_pages(const Subject& subject);

// The JSON Schema of an event in the default JSON.
std::vector<Page> schemas(const Subject& subject);

// docs/events.md.
std::vector<Page> reference_pages(const Subject& subject);

// For bash, zsh and fish, under the names those look for.
std::vector<Page> completions(const Subject& subject);

}  // namespace tracee
