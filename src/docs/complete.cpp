// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "docs/fields.h"
#include "docs/pages.h"
#include "docs/shell.h"

namespace tracee {
namespace {

void add_word(std::string& out, std::string_view word) {
  if (!out.empty()) out += ' ';
  out += word;
}

// `NAME` of a map stands for any key.
std::string completed_path(const Leaf& leaf) {
  return leaf.field->kind == Kind::Map ? leaf.path.substr(0, leaf.path.rfind("NAME")) : leaf.path;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string field_words(const EventSpec& spec) {
  std::string out;
  for (const Leaf& leaf : leaves_of(spec.fields)) {
    if (takes_values(leaf)) add_word(out, completed_path(leaf));
  }
  return out;
}

std::string value_words(const Leaf& leaf) {
  if (leaf.field->kind == Kind::Flag) return "0 1";
  if (leaf.field->kind == Kind::Bool) return "true false";
  std::string out;
  for (std::string_view doc = leaf.doc;;) {
    const size_t from = doc.find('`');
    if (from == doc.npos) return out;
    const size_t to = doc.find('`', from + 1);
    if (to == doc.npos) return out;
    add_word(out, doc.substr(from + 1, to - from - 1));
    doc.remove_prefix(to + 1);
  }
}

std::vector<FieldValues> known_values(const Catalog& catalog) {
  std::vector<FieldValues> out;
  for (const EventSpec* spec : catalog.events()) {
    for (const Leaf& leaf : leaves_of(spec->fields)) {
      std::string values = value_words(leaf);
      if (!takes_values(leaf) || values.empty()) continue;
      std::string path = completed_path(leaf);
      if (std::ranges::find(out, path, &FieldValues::path) != out.end()) continue;
      out.push_back({std::move(path), std::move(values)});
    }
  }
  return out;
}

std::string event_words(const Catalog& catalog) {
  std::string out;
  for (const EventSpec* spec : catalog.events()) add_word(out, spec->name);
  return out;
}

std::string set_words(const Catalog& catalog) {
  std::string out;
  for (const auto set : catalog.sets()) add_word(out, set);
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) add_word(out, word);
  return out;
}

std::string choices(std::string_view value) {
  std::string out(value);
  if (std::ranges::any_of(out, [](char c) { return c != '|' && (c < 'a' || c > 'z'); })) return "";
  std::ranges::replace(out, '|', ' ');
  return out;
}

std::vector<Page> completions(const Subject& subject) {
  return {{"bash/tracee", bash_completion(subject)},
          {"zsh/_tracee", zsh_completion(subject)},
          {"fish/tracee.fish", fish_completion(subject)}};
}

}  // namespace tracee
