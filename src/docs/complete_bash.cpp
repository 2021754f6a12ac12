// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "docs/fields.h"
#include "docs/shell.h"

namespace tracee {
namespace {

constexpr std::string_view kTail = R"sh(
# Completions of an item of --events, in COMPREPLY; $1 is what is there of it.
_tracee_event() {
	local item=$1 minus='' event rest field words=''
	case $item in
	tag=*)
		words=$(compgen -P tag= -W "$_tracee_sets" -- "${item#tag=}")
		;;
	*.data.*=* | *.args.*=*)
		event=${item%%.*} rest=${item#*.*.}
		field=${rest%%=*}
		field=${field%!}
		words=$(compgen -P "${item%%=*}=" -W "$(_tracee_values "$field")" -- "${rest#*=}")
		;;
	*.data.* | *.args.*)
		event=${item%%.*} rest=${item#*.*.}
		words=$(compgen -P "${item%"$rest"}" -W "$(_tracee_fields "$event")" -- "$rest")
		;;
	*.scope.*)
		rest=${item#*.scope.}
		words=$(compgen -P "${item%"$rest"}" -W "$_tracee_event_scope" -- "$rest")
		;;
	*.*)
		event=${item%%.*}
		words=$(compgen -W "$event.data. $event.scope. $event.retval" -- "$item")
		;;
	*)
		[[ $item == -* ]] && minus=- item=${item#-}
		words=$(compgen -P "$minus" -W "$_tracee_events tag=" -- "$item")
		;;
	esac
	mapfile -t COMPREPLY <<<"$words"
}

_tracee_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Completions of a value in COMPREPLY: $1 is its kind, $2 what is there of it.
_tracee_value() {
	local head='' item=$2
	case $1 in
	EVENTS)
		compopt -o nospace 2>/dev/null
		# A comma parts items, but for those that are values of a filter.
		if [[ $item == *,* && $item != *[=\<\>]* ]]; then
			head=${item%,*}, item=${item##*,}
		fi
		_tracee_event "$item"
		[[ -n $head ]] && COMPREPLY=("${COMPREPLY[@]/#/$head}")
		;;
	EVENT) mapfile -t COMPREPLY < <(compgen -W "$_tracee_events" -- "$item") ;;
	SCOPE)
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W "$_tracee_scope" -- "$item")
		;;
	OUTPUT)
		case $item in
		option:*) mapfile -t COMPREPLY < <(compgen -W "$_tracee_outputs" -- "$item") ;;
		*:*)
			_tracee_files "${item#*:}"
			COMPREPLY=("${COMPREPLY[@]/#/${item%%:*}:}")
			;;
		*) mapfile -t COMPREPLY < <(compgen -W "$_tracee_outputs" -- "$item") ;;
		esac
		;;
	FILE | PATH) _tracee_files "$item" ;;
	[a-z]*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$item") ;;
	esac
}

_tracee() {
	local line=${COMP_LINE:0:COMP_POINT} word verb='' kind='' current quote='' nth=0
	local -a words=()
	COMPREPLY=()
	# Words as they are meant: neither = nor : parts them.
	read -ra words <<<"$line"
	[[ $line == *[[:blank:]] ]] && words+=('')
	current=${words[-1]}
	for word in "${words[@]:1:${#words[@]}-2}"; do
		if [[ -n $kind ]]; then
			kind=''
		elif [[ $word == -* ]]; then
			[[ $word == *=* ]] || kind=$(_tracee_kind "$verb" "$word")
		elif [[ -z $verb && " $_tracee_verbs " == *" $word "* ]]; then
			verb=$word
		else
			nth=$((nth + 1))
		fi
	done
	if [[ -z $kind && $current == --*=* ]]; then
		kind=$(_tracee_kind "$verb" "${current%%=*}")
		current=${current#*=}
	fi
	if [[ $current == [\'\"]* ]]; then
		quote=${current:0:1} current=${current:1}
	fi
	if [[ -n $kind ]]; then
		_tracee_value "$kind" "$current"
	elif [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_tracee_options "$verb")" -- "$current")
	elif [[ -n $verb ]]; then
		_tracee_value "$(_tracee_argument "$verb" "$nth")" "$current"
	else
		mapfile -t COMPREPLY < <(compgen -W "$_tracee_verbs" -- "$current")
	fi
	# Outside quotes readline replaces only what stands behind the last of these.
	if [[ -z $quote && $current == *[=:]* ]]; then
		local kept=${current%"${current##*[=:]}"}
		COMPREPLY=("${COMPREPLY[@]#"$kept"}")
	fi
	[[ ${#COMPREPLY[@]} -eq 1 && -z ${COMPREPLY[0]} ]] && COMPREPLY=()
	return 0
}
complete -F _tracee tracee
)sh";

std::string names_of(const std::vector<OptionDoc>& options) {
  std::string out;
  for (const OptionDoc& option : options) {
    if (!out.empty()) out += ' ';
    out += option.long_name.empty() ? "-" + option.short_name : "--" + option.long_name;
  }
  return out;
}

void add_kinds(const std::vector<OptionDoc>& options, std::string_view verb, std::string& out) {
  for (const OptionDoc& option : options) {
    if (option.value.empty()) continue;
    std::string pattern;
    if (!option.long_name.empty()) pattern = fmt::format("\"{}--{}\"", verb, option.long_name);
    if (!option.short_name.empty()) {
      pattern += fmt::format("{}\"{}-{}\"", pattern.empty() ? "" : " | ", verb, option.short_name);
    }
    out += fmt::format("\t{}) echo {} ;;\n", pattern, quoted(option.value));
  }
}

}  // namespace

std::string bash_completion(const Subject& subject) {
  const CommandLine& line = subject.command_line;
  std::string out =
      "# bash completion of tracee, made by `tracee docs --format complete`.\n"
      "# shellcheck shell=bash\n\n";
  const auto words = [&out](std::string_view name, std::string_view value) {
    out += fmt::format("_tracee_{}={}\n", name, quoted(value));
  };
  words("events", event_words(subject.catalog));
  words("sets", set_words(subject.catalog));
  words("scope", joined(line.scope_keys));
  words("event_scope", joined(line.event_scope_keys));
  words("outputs", joined(line.output_formats));
  std::string verbs;
  for (const VerbDoc& verb : line.verbs) verbs += (verbs.empty() ? "" : " ") + verb.name;
  words("verbs", verbs);

  out += "\n_tracee_fields() {\n\tcase $1 in\n";
  for (const EventSpec* spec : subject.catalog.events()) {
    out += fmt::format("\t{}) echo {} ;;\n", spec->name, quoted(field_words(*spec)));
  }
  out += "\tesac\n}\n\n_tracee_values() {\n\tcase $1 in\n";
  for (const auto& [path, values] : known_values(subject.catalog)) {
    out += fmt::format("\t{}) echo {} ;;\n", path, quoted(values));
  }
  out += "\tesac\n}\n\n_tracee_options() {\n\tcase $1 in\n";
  for (const VerbDoc& verb : line.verbs) {
    out += fmt::format("\t{}) echo {} ;;\n", verb.name, quoted(names_of(verb.options)));
  }
  out += fmt::format("\t*) echo {} ;;\n\tesac\n}}\n", quoted(names_of(line.options)));

  out += "\n# What the value of option $2 of verb $1 is called.\n";
  out += "_tracee_kind() {\n\tcase \"$1$2\" in\n";
  add_kinds(line.options, "", out);
  for (const VerbDoc& verb : line.verbs) add_kinds(verb.options, verb.name, out);
  out += "\tesac\n}\n\n# What argument $2 of verb $1 is called; the first is 0.\n";
  out += "_tracee_argument() {\n\tcase $1-$2 in\n";
  for (const VerbDoc& verb : line.verbs) {
    for (size_t i = 0; i < verb.arguments.size(); ++i) {
      const ArgumentDoc& argument = verb.arguments[i];
      out += fmt::format("\t{}-{}) echo {} ;;\n", verb.name,
                         argument.repeated ? "*" : std::to_string(i), quoted(argument.name));
    }
  }
  out += "\tesac\n}\n";
  return out + std::string(kTail);
}

}  // namespace tracee
