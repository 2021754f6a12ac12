// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "docs/fields.h"
#include "docs/shell.h"

namespace tracee {
namespace {

constexpr std::string_view kTail = R"sh(
# Items of --events: names, and what can follow one.
_tracee_event_items() {
	local item=$PREFIX event rest
	# A comma parts items, but for those that are values of a filter.
	if [[ $item == *,* && $item != *[=\<\>]* ]]; then
		compset -P '*,'
		item=$PREFIX
	fi
	case $item in
	tag=*)
		compset -P 'tag='
		compadd -a _tracee_sets
		;;
	*.(data|args).*=*)
		rest=${item#*.*.}
		compset -P '*='
		compadd -- $(_tracee_values ${${rest%%=*}%!})
		;;
	*.(data|args).*)
		event=${item%%.*}
		compset -P '[^.]#.(data|args).'
		compadd -S '' -- $(_tracee_fields $event)
		;;
	*.scope.*)
		compset -P '*.scope.'
		compadd -S '' -a _tracee_event_scope
		;;
	*.*)
		event=${item%%.*}
		compadd -S '' -- $event.data. $event.scope. $event.retval
		;;
	*)
		compset -P '-'
		compadd -S '' -a _tracee_events
		compadd -S '' -- tag=
		;;
	esac
}

_tracee_output_items() {
	if [[ $PREFIX != option:* ]] && compset -P '*:'; then
		_files
	else
		compadd -a _tracee_outputs
	fi
}

_tracee "$@"
)sh";

// A text inside a specification of _arguments.
std::string spec_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string action(const std::string& value) {
  if (value == "EVENTS") return "_tracee_event_items";
  if (value == "EVENT") return "compadd -a _tracee_events";
  if (value == "SCOPE") return "compadd -S \"\" -a _tracee_scope";
  if (value == "OUTPUT") return "_tracee_output_items";
  if (value == "FILE" || value == "PATH") return "_files";
  const std::string words = choices(value);
  return words.empty() ? " " : "(" + words + ")";
}

void add_options(const std::vector<OptionDoc>& options, std::string_view indent, std::string& out) {
  for (const OptionDoc& option : options) {
    std::string rest = "[" + spec_text(option.help) + "]";
    if (!option.value.empty()) rest += ":" + option.value + ":" + action(option.value);
    const std::string_view before = option.repeated ? "*" : "";
    if (!option.long_name.empty()) {
      const std::string_view equals = option.value.empty() ? "" : "=";
      out += fmt::format("{}{}\n", indent,
                         quoted(fmt::format("{}--{}{}{}", before, option.long_name, equals, rest)));
    }
    if (!option.short_name.empty()) {
      const std::string_view plus = option.value.empty() ? "" : "+";
      out += fmt::format("{}{}\n", indent,
                         quoted(fmt::format("{}-{}{}{}", before, option.short_name, plus, rest)));
    }
  }
}

}  // namespace

std::string zsh_completion(const Subject& subject) {
  const CommandLine& line = subject.command_line;
  std::string out = "#compdef tracee\n# Made by `tracee docs --format complete`.\n\n";
  const auto words = [&out](std::string_view name, std::string_view value) {
    out += fmt::format("typeset -ga _tracee_{}=({})\n", name, value);
  };
  words("events", event_words(subject.catalog));
  words("sets", set_words(subject.catalog));
  words("scope", joined(line.scope_keys));
  words("event_scope", joined(line.event_scope_keys));
  words("outputs", joined(line.output_formats));
  const auto cases = [&out](std::string_view name, const std::vector<FieldValues>& rows) {
    out += fmt::format("\n_tracee_{}() {{\n\tcase $1 in\n", name);
    for (const auto& [key, values] : rows) {
      out += fmt::format("\t{}) print -r -- {} ;;\n", key, quoted(values));
    }
    out += "\tesac\n}\n";
  };
  std::vector<FieldValues> fields;
  for (const EventSpec* spec : subject.catalog.events()) {
    fields.push_back({std::string(spec->name), field_words(*spec)});
  }
  cases("fields", fields);
  cases("values", known_values(subject.catalog));

  out += "\n_tracee_verbs() {\n\tlocal -a verbs=(\n";
  for (const VerbDoc& verb : line.verbs) {
    out += "\t\t" + quoted(verb.name + ":" + spec_text(verb.help)) + "\n";
  }
  out += "\t)\n\t_describe verb verbs\n}\n\n_tracee() {\n";
  out += "\tlocal curcontext=$curcontext state\n\tlocal -a options=(\n";
  add_options(line.options, "\t\t", out);
  out +=
      "\t)\n\t_arguments -C $options '1: :_tracee_verbs' '*:: :->verb' && return\n"
      "\tcase $words[1] in\n";
  for (const VerbDoc& verb : line.verbs) {
    out += fmt::format("\t{})\n\t\t_arguments \\\n", verb.name);
    std::string lines;
    add_options(verb.options, "", lines);
    for (size_t at = 0; at < lines.size();) {
      const size_t end = lines.find('\n', at);
      out += "\t\t\t" + lines.substr(at, end - at) + " \\\n";
      at = end + 1;
    }
    if (verb.arguments.empty()) out += "\t\t\t': : '";
    for (size_t i = 0; i < verb.arguments.size(); ++i) {
      const ArgumentDoc& argument = verb.arguments[i];
      const std::string place = argument.repeated ? "*" : std::to_string(i + 1);
      out += (i == 0 ? "\t\t\t" : " \\\n\t\t\t") +
             quoted(place + ":" + argument.name + ":" + action(argument.name));
    }
    out += "\n\t\t;;\n";
  }
  out += "\tesac\n}\n";
  return out + std::string(kTail);
}

}  // namespace tracee
