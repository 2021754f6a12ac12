// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "docs/fields.h"
#include "docs/shell.h"

namespace tracee {
namespace {

constexpr std::string_view kTail = R"sh(
# Items of --events: names, and what can follow one.
function __tracee_event_items
	set -l token (commandline -ct | string replace -r -- '^(--events=|-e)' '' | string trim -l -c '\'"')
	set -l head ''
	if string match -qr -- ',' $token; and not string match -qr -- '[=<>]' $token
		set head (string replace -r -- '[^,]*$' '' $token)
		set token (string replace -r -- '^.*,' '' $token)
	end
	set -l event (string replace -r -- '\..*$' '' $token)
	switch $token
		case 'tag=*'
			printf '%s\n' $head'tag='$__tracee_sets
		case '*.data.*=*' '*.args.*=*'
			set -l field (string replace -r -- '^[^.]*\.[a-z]*\.([^!=<>]*).*$' '$1' $token)
			set -l before (string replace -r -- '[^=<>]*$' '' $token)
			set -l values (__tracee_values $field)
			test -n "$values"; and printf '%s\n' $before$values
		case '*.data.*' '*.args.*'
			set -l before (string replace -r -- '^([^.]*\.[a-z]*\.).*$' '$1' $token)
			printf '%s\n' $head$before(__tracee_fields $event)
		case '*.scope.*'
			printf '%s\n' $head$event.scope.$__tracee_event_scope
		case '*.*'
			printf '%s\n' $head$event.data. $head$event.scope. $head$event.retval
		case '-*'
			printf '%s\n' $head-$__tracee_events
		case '*'
			printf '%s\n' $head$__tracee_events $head'tag='
	end
end

function __tracee_output_items
	set -l token (commandline -ct | string replace -r -- '^(--output=|-o)' '')
	if string match -q -- '*:*' $token; and not string match -q -- 'option:*' $token
		set -l format (string replace -r -- ':.*$' '' $token)
		printf '%s\n' $format:(__fish_complete_path (string replace -r -- '^[^:]*:' '' $token))
	else
		printf '%s\n' $__tracee_outputs
	end
end

function __tracee_no_verb
	not __fish_seen_subcommand_from $__tracee_verbs
end
)sh";

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string arguments(const std::string& value) {
  if (value == "EVENTS") return " -x -a '(__tracee_event_items)'";
  if (value == "EVENT") return " -x -a '$__tracee_events'";
  if (value == "SCOPE") return " -x -a '$__tracee_scope'";
  if (value == "OUTPUT") return " -x -a '(__tracee_output_items)'";
  if (value == "FILE" || value == "PATH") return " -r -F";
  const std::string words = choices(value);
  return words.empty() ? " -x" : " -x -a " + fish_quoted(words);
}

void add_options(const std::vector<OptionDoc>& options, const std::string& condition,
                 std::string& out) {
  for (const OptionDoc& option : options) {
    out += "complete -c tracee -n " + fish_quoted(condition);
    if (!option.short_name.empty()) out += " -s " + option.short_name;
    if (!option.long_name.empty()) out += " -l " + option.long_name;
    if (!option.value.empty()) out += arguments(option.value);
    out += " -d " + fish_quoted(option.help) + "\n";
  }
}

}  // namespace

std::string fish_completion(const Subject& subject) {
  const CommandLine& line = subject.command_line;
  std::string out = "# fish completion of tracee, made by `tracee docs --format complete`.\n\n";
  std::string verbs;
  for (const VerbDoc& verb : line.verbs) verbs += " " + verb.name;
  out += fmt::format("set -g __tracee_events {}\n", event_words(subject.catalog));
  out += fmt::format("set -g __tracee_sets {}\n", set_words(subject.catalog));
  out += fmt::format("set -g __tracee_scope {}\n", joined(line.scope_keys));
  out += fmt::format("set -g __tracee_event_scope {}\n", joined(line.event_scope_keys));
  out += fmt::format("set -g __tracee_outputs {}\n", joined(line.output_formats));
  out += fmt::format("set -g __tracee_verbs{}\n", verbs);
  const auto cases = [&out](std::string_view name, const std::vector<FieldValues>& words) {
    out += fmt::format("\nfunction __tracee_{}\n\tswitch $argv[1]\n", name);
    for (const auto& [key, values] : words) {
      out += fmt::format("\t\tcase {}\n\t\t\tprintf '%s\\n' {}\n", key, values);
    }
    out += "\tend\nend\n";
  };
  std::vector<FieldValues> fields;
  for (const EventSpec* spec : subject.catalog.events()) {
    fields.push_back({std::string(spec->name), field_words(*spec)});
  }
  cases("fields", fields);
  cases("values", known_values(subject.catalog));
  out += kTail;
  out += "\ncomplete -c tracee -f\n";
  add_options(line.options, "__tracee_no_verb", out);
  for (const VerbDoc& verb : line.verbs) {
    out += fmt::format("complete -c tracee -n __tracee_no_verb -a {} -d {}\n", verb.name,
                       fish_quoted(verb.help));
    const std::string seen = "__fish_seen_subcommand_from " + verb.name;
    add_options(verb.options, seen, out);
    for (const ArgumentDoc& argument : verb.arguments) {
      out += "complete -c tracee -n " + fish_quoted(seen) + arguments(argument.name) + "\n";
    }
  }
  return out;
}

}  // namespace tracee
