// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "app/option_table.h"
#include "app/version.h"
#include "event/catalog.h"
#include "filter/yaml.h"
#include "output/settings.h"

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace tracee {
namespace {

constexpr std::string_view kPrefix = "TRACEE_";

// What an output is called among its options when it is written as a map.
constexpr std::string_view kPlace = "to", kFilter = "filter";

std::string variable_of(std::string_view name) {
  std::string out(kPrefix);
  for (const char c : name) {
    out += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return out;
}

const Given* find_given(const Options& options, std::string_view name) {
  const auto found = std::ranges::find(options.given, name, &Given::option);
  return found == options.given.end() ? nullptr : &*found;
}

// Of a switch; nothing: it is neither.
std::optional<bool> truth(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const char* yes : {"true", "yes", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"false", "no", "off", "0"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

Result<std::string> switch_text(const std::string& place, const std::string& text) {
  const auto on = truth(text);
  if (!on)
    return fail(Exit::Usage, place + ": '" + text + "' is not a switch", "write true or false");
  return std::string(*on ? "true" : "false");
}

// Several values of one variable stand on a line each.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

Result<> add_variable(const OptionRow& row, const char* value, Options& options) {
  const std::string variable = variable_of(row.name);
  Given given{row.name, {}, {}};
  if (row.value.empty()) {
    auto text = switch_text(variable, value);
    if (!text) return forward(text);
    given.texts = {*text};
  } else if (row.repeated) {
    given.texts = lines_of(value);
  } else {
    given.texts = {value};
  }
  // A variable that is set to nothing says nothing, as with every program.
  if (*value == 0 || given.texts.empty()) return {};
  given.places.assign(given.texts.size(), variable);
  options.given.push_back(std::move(given));
  return {};
}

// Others may have variables of our prefix (a Kubernetes service of our name makes
// TRACEE_PORT), so only what looks mistyped is told.
void look_for_mistakes(Options& options) {
  std::vector<std::string> names;
  for (const OptionRow& row : option_table()) {
    names.push_back(variable_of(row.name).substr(kPrefix.size()));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view text(*each);
    if (!text.starts_with(kPrefix)) continue;
    const std::string_view name = text.substr(0, text.find('=')).substr(kPrefix.size());
    if (std::ranges::find(views, name) != views.end()) continue;
    const auto near = nearest(name, views);
    if (!near) continue;
    options.warnings.push_back(fmt::format(
        "the environment's {0}{1} is not known; did you mean {0}{2}?", kPrefix, name, *near));
  }
}

// An output as a map: `to:` and its options, which become what stands behind the `?`.
Result<std::string> output_of(const std::string& path, const YamlNode& map) {
  const YamlNode* to = map.find(kPlace);
  if (to == nullptr || to->kind != YamlNode::Kind::Scalar) {
    return wrong_at(path, map, "output: there is no to:", "write to: json:/var/log/tracee.json");
  }
  std::string out = to->text;
  const auto add = [&](const std::string& name, const std::string& value) {
    out += (out.find('?') == out.npos ? '?' : '&') + name + "=" + value;
  };
  const YamlNode* filter = nullptr;
  for (const auto& [key, value] : map.members) {
    if (value.kind != YamlNode::Kind::Scalar) {
      return wrong_at(path, value, "output: " + key.text + " is not one value",
                      "write it as a text");
    }
    if (key.text == kFilter) filter = &value;
    if (key.text == kPlace || key.text == kFilter) continue;
    std::string escaped;
    for (const char c : value.text) {
      if (c == '%') {
        escaped += "%25";
      } else if (c == '&') {
        escaped += "%26";
      } else {
        escaped += c;
      }
    }
    add(key.text, escaped);
  }
  // All that follows it is the expression.
  if (filter != nullptr) add(std::string(kFilter), filter->text);
  return out;
}

Result<> add_member(const std::string& path, const OptionRow& row, const YamlNode& node,
                    Given& given) {
  const std::string name(row.name);
  std::string text = node.text;
  if (node.kind == YamlNode::Kind::Map && row.name == "output") {
    auto made = output_of(path, node);
    if (!made) return forward(made);
    text = *made;
  } else if (node.kind != YamlNode::Kind::Scalar) {
    return wrong_at(path, node, name + ": not a value",
                    row.repeated ? "write one text, or a list of them" : "write one text");
  } else if (row.value.empty()) {
    auto made = switch_text(place_of(path, node) + ": " + name, text);
    if (!made) return forward(made);
    text = *made;
  }
  given.texts.push_back(std::move(text));
  given.places.push_back(place_of(path, node));
  return {};
}

Result<> add_file(const std::string& path, Options& options) {
  auto documents = read_yaml(path);
  if (!documents) return forward(documents);
  if (documents->size() > 1) {
    return wrong_at(path, (*documents)[1], "a second document", "write all options in one");
  }
  if (documents->empty() || documents->front().kind == YamlNode::Kind::Null) return {};
  const YamlNode& root = documents->front();
  if (root.kind != YamlNode::Kind::Map) {
    return wrong_at(path, root, "not options", "write NAME: VALUE on each line");
  }
  std::vector<std::string_view> names;
  for (const OptionRow& row : option_table()) {
    if (row.in_files) names.push_back(row.name);
  }
  for (const auto& [key, value] : root.members) {
    const OptionRow* row = find_option(key.text);
    if (row == nullptr || !row->in_files) {
      const std::string near = did_you_mean(key.text, names);
      return wrong_at(path, key, "unknown option '" + key.text + "'",
                      near.empty() ? "`tracee --dump-config` shows all options" : near);
    }
    Given given{row->name, {}, {}};
    if (value.kind == YamlNode::Kind::Null) {
      return wrong_at(path, key, key.text + ": no value", "write one, or leave the line out");
    }
    if (row->repeated && value.kind == YamlNode::Kind::List) {
      for (const YamlNode& item : value.items) {
        if (auto added = add_member(path, *row, item, given); !added) return added;
      }
    } else if (auto added = add_member(path, *row, value, given); !added) {
      return added;
    }
    if (!given.texts.empty() && find_given(options, row->name) == nullptr) {
      options.given.push_back(std::move(given));
    }
  }
  return {};
}

std::string escaped(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

// Plain where nobody can take it for something else.
std::string scalar(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == text.npos &&
                     text.front() != '-' && text.front() != '.' && !truth(text) && text != "null" &&
                     text != "Null" && text != "NULL" && text != "y" && text != "n" &&
                     text != "Y" && text != "N";
  const bool number = text.find_first_not_of("0123456789") == text.npos && !text.empty();
  return plain || number ? text : escaped(text);
}

}  // namespace

Result<> add_environment(Options& options) {
  for (const OptionRow& row : option_table()) {
    if (find_given(options, row.name) != nullptr) continue;
    const char* value = std::getenv(variable_of(row.name).c_str());
    if (value == nullptr) continue;
    if (auto added = add_variable(row, value, options); !added) return added;
  }
  look_for_mistakes(options);
  const Given* config = find_given(options, "config");
  if (config == nullptr) return {};
  if (config->texts.back().empty()) return {};  // apply_options() says so
  return add_file(config->texts.back(), options);
}

Result<> apply_options(Options& options) {
  // The table's order, so that messages do not depend on that of the words.
  for (const OptionRow& row : option_table()) {
    const Given* given = find_given(options, row.name);
    if (given == nullptr || (row.value.empty() && given->texts.back() != "true")) continue;
    if (auto done = row.set(options, given->texts); !done) {
      return tl::unexpected<Error>(with_place(options, std::move(done.error())));
    }
  }
  return {};
}

namespace {

// Which of the texts a message has, whole, or in part between quotes; their number: none.
size_t speaks_of(const std::vector<std::string>& texts, const std::string& message) {
  const size_t begin = message.find('\'');
  const size_t end = begin == message.npos ? begin : message.find('\'', begin + 1);
  const std::string quoted = end == message.npos ? "" : message.substr(begin + 1, end - begin - 1);
  const auto found = std::ranges::find_if(texts, [&](const std::string& text) {
    const std::string shown = redacted(text);
    return message.find(shown.substr(0, shown.find('?'))) != message.npos ||
           (!quoted.empty() && shown.find(quoted) != shown.npos);
  });
  return static_cast<size_t>(found - texts.begin());
}

}  // namespace

Error with_place(const Options& options, Error error) {
  if (!error.what.starts_with("--")) return error;
  const size_t end = error.what.find_first_of(": ");
  if (end == error.what.npos) return error;
  const std::string_view name = std::string_view(error.what).substr(2, end - 2);
  const Given* given = find_given(options, name);
  if (given == nullptr || given->places.empty()) return error;
  // Of several texts the one that the message speaks of.
  size_t at = speaks_of(given->texts, error.what);
  if (at == given->texts.size()) at = speaks_of(given->texts, error.hint);
  if (at == given->texts.size()) at = 0;
  error.what = given->places[at] + ": " + error.what.substr(2);
  return error;
}

std::string dump_config(const Options& options) {
  std::string out = std::string("# The options of tracee ") + kVersion +
                    " that hold here; behind # those that are not given.\n";
  for (const OptionRow& row : option_table()) {
    if (!row.in_files) continue;
    out += "\n# " + std::string(row.help) + "\n";
    const std::string name(row.name);
    const Given* given = find_given(options, row.name);
    std::vector<std::string> texts;
    if (given != nullptr) {
      texts = given->texts;
    } else if (row.fallback != nullptr) {
      texts = row.fallback();
    } else if (row.value.empty()) {
      texts = {"false"};
    }
    if (texts.empty()) {
      out += "# " + name + ":\n";
    } else if (row.value.empty()) {
      out += name + ": " + texts.back() + "\n";
    } else if (!row.repeated) {
      out += name + ": " + scalar(texts.back()) + "\n";
    } else {
      out += name + ":\n";
      for (const std::string& text : texts) {
        const std::string shown = row.name == "output" ? redacted(text) : text;
        out += "  - " + scalar(shown) + (shown == text ? "\n" : "  # a secret is not shown\n");
      }
    }
  }
  return out;
}

}  // namespace tracee
