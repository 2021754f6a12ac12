// SPDX-License-Identifier: Apache-2.0
#include "filter/member_resolver.h"

#include <algorithm>

#include "filter/names.h"

namespace tracee {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

struct Signature {
  std::string_view name;
  Function function;
  size_t arguments;
  Kind result;
};
constexpr Signature kFunctions[] = {
    {"size", Function::Size, 1, Kind::Signed},
    {"lower", Function::Lower, 1, Kind::Text},
    {"lowerAscii", Function::Lower, 1, Kind::Text},
    {"upper", Function::Upper, 1, Kind::Text},
    {"upperAscii", Function::Upper, 1, Kind::Text},
    {"trim", Function::Trim, 1, Kind::Text},
    {"replace", Function::Replace, 3, Kind::Text},
    {"split", Function::Split, 2, Kind::List},
    {"join", Function::Join, 2, Kind::Text},
    {"basename", Function::Basename, 1, Kind::Text},
    {"dirname", Function::Dirname, 1, Kind::Text},
    {"entropy", Function::Entropy, 1, Kind::Unsigned},
    {"domain", Function::Domain, 1, Kind::Text},
    {"subdomain", Function::Subdomain, 1, Kind::Text},
};

constexpr Matcher kMatchers[] = {
    {"startsWith", Tree::Op::StartsWith},
    {"endsWith", Tree::Op::EndsWith},
    {"contains", Tree::Op::Contains},
    {"matches", Tree::Op::Matches},
};

}  // namespace

std::span<const Matcher> matchers() { return kMatchers; }

std::string unknown(std::string_view what, std::string_view name,
                    const std::vector<std::string_view>& candidates) {
  std::string out = "unknown " + std::string(what) + " " + quoted(name);
  const std::string near = did_you_mean(name, candidates);
  if (!near.empty()) return out + ", " + near;
  std::vector<std::string_view> shown;
  for (const auto candidate : candidates) {
    if (std::ranges::find(shown, candidate) == shown.end()) shown.push_back(candidate);
  }
  for (size_t i = 0; i < shown.size(); ++i) {
    out += (i == 0 ? "; there are " : ", ") + std::string(shown[i]);
  }
  return out;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::Unsigned:
    case Kind::Signed:
      return "a number";
    case Kind::Flag:
    case Kind::Bool:
      return "a flag";
    case Kind::Text:
      return "text";
    case Kind::Address:
      return "an address";
    case Kind::Record:
      return "a structure";
    case Kind::List:
      return "a list";
    case Kind::Map:
      return "a map";
  }
  return "";
}

Reached MemberResolver::lacks(const Node& node, std::string_view name,
                              std::vector<std::string_view> candidates) {
  const bool is_member = node.kind == Node::Kind::Member && node.end >= name.size();
  const size_t at = is_member                        ? node.end - name.size()
                    : node.kind == Node::Kind::Index ? node.children[1].at
                                                     : node.at;
  // Of several events, those that know more of the path know what was meant.
  if (!verdict->lacking || verdict->lacking->at < at) {
    verdict->lacking = Complaint{at, {}};
    verdict->lacking_name = name;
    verdict->candidates.clear();
  }
  if (verdict->lacking->at == at) {
    verdict->candidates.insert(verdict->candidates.end(), candidates.begin(), candidates.end());
  }
  Reached out;
  out.lacking = true;
  return out;
}

Checked<Reached> MemberResolver::root(const Node& node) {
  Reached out;
  out.label = node.text;
  // NOLINTNEXTLINE(modernize-loop-convert): the innermost first
  for (auto variable = variables.rbegin(); variable != variables.rend(); ++variable) {
    if (variable->name != node.text) continue;
    out.path = variable->element.path;
    out.started = true;
    return out;
  }
  if (node.text == "data" || node.text == "args") {
    out.fields = event.fields;
    return out;
  }
  for (const NameGroup& group : name_groups()) {
    if (group.name != node.text) continue;
    out.path.root = Path::Root::Context;
    out.fields = group.fields;
    return out;
  }
  if (const Field* field = find_field(lone_names(), node.text, false)) {
    out.path.root = Path::Root::Context;
    append_step(out.path, *field);
    out.started = true;
    return out;
  }
  std::vector<std::string_view> names = {"data"};
  for (const NameGroup& group : name_groups()) names.push_back(group.name);
  for (const Field& field : lone_names()) names.push_back(field.name);
  for (const Variable& variable : variables) names.push_back(variable.name);
  return complain(node.at, unknown("name", node.text, names));
}

Checked<Reached> MemberResolver::member(Reached object, std::string_view name, const Node& node) {
  if (object.lacking) return object;
  if (object.computed) {
    Term& record = *object.computed;
    if (record.kind != Kind::Record || record.of == nullptr) {
      return complain(node.at, "this has no members");
    }
    const Field* field = find_field(record.of->fields, name, false);
    if (field == nullptr) {
      std::vector<std::string_view> names;
      for (const Field& candidate : record.of->fields) names.push_back(candidate.name);
      return complain(node.end - name.size(), unknown("member", name, names));
    }
    Term out;
    out.form = Term::Form::Call;
    out.function = Function::Member;
    out.kind = field->kind;
    out.element = field->element;
    out.member = field;
    out.of = field->of;
    out.arguments.push_back(std::move(record));
    object.computed = std::move(out);
    return object;
  }
  std::span<const Field> fields = object.fields;
  const bool first = !object.started;
  if (object.started) {
    if (object.path.kind == Kind::Map && !object.path.steps.back().has_key) {
      pick_key(object.path, name);
      return object;
    }
    if (object.path.kind != Kind::Record) {
      return complain(node.at, "this is " + std::string(kind_name(object.path.kind)) +
                                   " and has no member " + quoted(name));
    }
    fields = object.path.of->fields;
  }
  if (first && object.label == "event" && name == "name") {
    Reached out;
    out.computed = Term{};
    out.computed->text = event.name;
    return out;
  }
  const Field* field = find_field(fields, name, first);
  if (field == nullptr) {
    std::vector<std::string_view> names;
    for (const Field& candidate : fields) names.push_back(candidate.name);
    if (first && object.label == "event") names.emplace_back("name");
    return lacks(node, name, std::move(names));
  }
  append_step(object.path, *field);
  object.started = true;
  return object;
}

Checked<Reached> MemberResolver::element(Reached object, const Node& node) {
  const Node& index = node.children[1];
  if (object.lacking) return object;
  if (index.kind == Node::Kind::Text &&
      (!object.started || object.path.kind == Kind::Record || object.path.kind == Kind::Map)) {
    return member(std::move(object), index.text, node);
  }
  const bool position = index.kind == Node::Kind::Number && !index.number.negative &&
                        index.number.magnitude < Step::kWhole;
  if (!position) {
    return complain(index.at, "give a position from 0, or the name of a map's entry in quotes");
  }
  const auto at = static_cast<uint32_t>(index.number.magnitude);
  if (object.computed && object.computed->kind == Kind::List) {
    Term out;
    out.form = Term::Form::Call;
    out.function = Function::At;
    out.kind = object.computed->element;
    out.of = object.computed->of;
    Term number;
    number.kind = Kind::Unsigned;
    number.number = value_of(uint64_t{at});
    out.arguments = {std::move(*object.computed), std::move(number)};
    object.computed = std::move(out);
    return object;
  }
  if (object.started && !object.path.steps.empty()) {
    const Step& last = object.path.steps.back();
    const bool list = last.field->kind == Kind::List || last.has_key;
    if (list && last.index == Step::kAll) {
      pick_index(object.path, at);
      return object;
    }
  }
  return complain(node.at, "this is no list");
}

Checked<Reached> MemberResolver::place(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Name:
      return root(node);
    case Node::Kind::Member: {
      auto object = place(node.children[0]);
      if (!object) return object;
      return member(std::move(*object), node.text, node);
    }
    case Node::Kind::Index: {
      auto object = place(node.children[0]);
      if (!object) return object;
      return element(std::move(*object), node);
    }
    case Node::Kind::Call: {
      if (node.text == "getEventData") return event_data(node);
      auto term = function(node);
      if (!term) return pass_on(term);
      Reached out;
      out.lacking = !*term;
      out.computed = std::move(*term);
      return out;
    }
    case Node::Kind::Text: {
      Reached out;
      out.computed = Term{};
      out.computed->text = node.text;
      return out;
    }
    default:
      return complain(node.at, "a field or a function is expected here");
  }
}

// getEventData("name"); a path is welcome too.
Checked<Reached> MemberResolver::event_data(const Node& node) {
  if (node.method || node.children.size() != 1) {
    return complain(node.at, "write getEventData(\"name\")");
  }
  const Node& name = node.children[0];
  if (name.kind != Node::Kind::Text) return complain(name.at, "the name is a text in quotes");
  Reached out;
  out.fields = event.fields;
  for (std::string_view rest = name.text;;) {
    const size_t dot = rest.find('.');
    auto next = member(std::move(out), rest.substr(0, dot), name);
    if (!next || next->lacking || dot == rest.npos) return next;
    out = std::move(*next);
    rest.remove_prefix(dot + 1);
  }
}

Checked<Maybe> MemberResolver::value(const Node& node, bool whole) {
  if (node.kind == Node::Kind::Number) {
    if (node.number.negative && node.number.magnitude > uint64_t{INT64_MAX} + 1) {
      return complain(node.at, "the number is out of range");
    }
    Term out;
    out.kind = node.number.negative ? Kind::Signed : Kind::Unsigned;
    out.number = node.number.negative
                     ? value_of(static_cast<int64_t>(uint64_t{0} - node.number.magnitude))
                     : value_of(node.number.magnitude);
    return Maybe(std::move(out));
  }
  if (node.kind == Node::Kind::Network) {
    if (node.bits != (node.address.family == 4 ? 32 : 128)) {
      return complain(node.at, "a network is no value here");
    }
    Term out;
    out.kind = Kind::Address;
    out.address = node.address;
    return Maybe(std::move(out));
  }
  auto found = place(node);
  if (!found) return pass_on(found);
  if (found->lacking) return Maybe();
  if (found->computed) return Maybe(std::move(*found->computed));
  if (!found->started) {
    return complain(
        node.at,
        quoted(found->label) + " is not a value; name one of its fields, as in " +
            std::string(found->label) + "." +
            (found->fields.empty() ? std::string("name") : std::string(found->fields[0].name)));
  }
  if (whole && !found->path.steps.empty()) {
    const Step& last = found->path.steps.back();
    const bool list = last.field->kind == Kind::List || last.field->kind == Kind::Map;
    if (list && last.index == Step::kAll && !last.has_key) take_whole(found->path);
  }
  return Maybe(term_of(std::move(found->path)));
}

// The object's name and the function's are one name: `process.get(…)` is not about
// the packet's process.
Checked<Maybe> MemberResolver::outer_function(const OuterFunction& function, const Node& node) {
  const OuterFunction::Signature& signature = function.signature();
  if (node.children.size() - 1 != signature.arguments.size()) {
    return complain(node.at, std::string(signature.object) + "." + node.text + "() takes " +
                                 std::to_string(signature.arguments.size()) + " arguments");
  }
  Term out;
  out.form = Term::Form::Call;
  out.function = Function::Outer;
  out.outer = &function;
  out.kind = signature.result;
  out.element = signature.element;
  out.of = signature.of;
  out.at = signature.at;
  for (size_t i = 1; i < node.children.size(); ++i) {
    auto argument = value(node.children[i]);
    if (!argument) return argument;
    if (!*argument) return Maybe();
    const Kind kind = (*argument)->kind;
    const bool fits = signature.arguments[i - 1] == Kind::Text ? is_textual(kind) : is_number(kind);
    if (!fits) {
      return complain(node.children[i].at, "this is " + std::string(kind_name(kind)) + ", which " +
                                               node.text + "() does not take");
    }
    out.arguments.push_back(std::move(**argument));
  }
  return Maybe(std::move(out));
}

Checked<Maybe> MemberResolver::function(const Node& node) {
  if (outer != nullptr && node.method && node.children[0].kind == Node::Kind::Name) {
    const std::string& object = node.children[0].text;
    if (const OuterFunction* found = outer->function(object, node.text)) {
      return outer_function(*found, node);
    }
    if (std::string why = outer->refusal(object, node.text); !why.empty()) {
      return complain(node.at, std::move(why));
    }
  }
  const auto* signature = std::ranges::find(kFunctions, node.text, &Signature::name);
  if (signature == std::end(kFunctions)) {
    std::vector<std::string_view> names = {"exists", "all", "getEventData", "hasData", "has"};
    for (const Signature& known : kFunctions) names.push_back(known.name);
    for (const Matcher& known : kMatchers) names.push_back(known.name);
    const size_t at = node.method ? node.children[0].end + 1 : node.at;
    return complain(at, unknown("function", node.text, names));
  }
  const bool join_all = signature->function == Function::Join && node.children.size() == 1;
  if (node.children.size() != signature->arguments && !join_all) {
    return complain(node.at, std::string(signature->name) + " takes " +
                                 std::to_string(signature->arguments - (node.method ? 1 : 0)) +
                                 (node.method ? " arguments behind the dot" : " arguments"));
  }
  Term out;
  out.form = Term::Form::Call;
  out.function = signature->function;
  out.kind = signature->result;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const bool takes_list =
        i == 0 && (signature->function == Function::Size || signature->function == Function::Join);
    auto argument = value(node.children[i], takes_list);
    if (!argument) return argument;
    if (!*argument) return Maybe();
    const Kind kind = (*argument)->kind;
    const bool is_list =
        kind == Kind::List || (kind == Kind::Map && signature->function == Function::Size);
    const bool texts = signature->function != Function::Join || (*argument)->element == Kind::Text;
    const bool fits = i == 0 && signature->function == Function::Join ? is_list && texts
                      : takes_list                                    ? is_list || is_textual(kind)
                                                                      : is_textual(kind);
    if (!fits) {
      return complain(node.children[i].at, "this is " + std::string(kind_name(kind)) + ", which " +
                                               node.text + "() does not take");
    }
    out.arguments.push_back(std::move(**argument));
  }
  if (join_all) out.arguments.emplace_back();
  return Maybe(std::move(out));
}

}  // namespace tracee
