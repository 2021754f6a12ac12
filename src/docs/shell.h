// SPDX-License-Identifier: Apache-2.0
// What the three completions share: the words, in the shells' quoting.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "docs/fields.h"
#include "docs/pages.h"

namespace tracee {

// In single quotes, as a POSIX shell reads it.
std::string quoted(std::string_view text);

// The paths a filter can ask of an event, blank between; a map's ends with its dot.
std::string field_words(const EventSpec& spec);

// The values a field is known to take: those of its kind, or those between
// backquotes in its doc. Empty: any.
std::string value_words(const Leaf& leaf);

// "`FIELD) … ;;`"-able pairs over all events: a path and its values, each once.
struct FieldValues {
  std::string path, values;
};
std::vector<FieldValues> known_values(const Catalog& catalog);

std::string event_words(const Catalog& catalog);
std::string set_words(const Catalog& catalog);
std::string joined(const std::vector<std::string>& words);

// The words of a value "man|complete" or "list"; empty: it is not such.
std::string choices(std::string_view value);

std::string bash_completion(const Subject& subject);
std::string zsh_completion(const Subject& subject);
std::string fish_completion(const Subject& subject);

}  // namespace tracee
