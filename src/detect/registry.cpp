// SPDX-License-Identifier: Apache-2.0
#include "detect/registry.h"

#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <compare>

#include "filter/event_flags.h"

namespace tracee {
namespace {

using detection::Dependency;

struct Release {
  uint32_t major = 0, minor = 0, patch = 0;
  auto operator<=>(const Release&) const = default;  // NOLINT(modernize-use-nullptr): its 0
};

Release release_of(const detection::Version& v) { return {v.major, v.minor, v.patch}; }

// "1.2" or "1.2.3", a leading v allowed; nothing: something else.
std::optional<Release> parse_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  uint32_t parts[3] = {};
  size_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < 3) {
    const auto parsed = std::from_chars(at, end, parts[count]);
    if (parsed.ec != std::errc()) return std::nullopt;
    ++count;
    at = parsed.ptr;
    if (at == end) break;
    if (*at++ != '.') return std::nullopt;
  }
  if (at != end || count < 2) return std::nullopt;
  return Release{parts[0], parts[1], parts[2]};
}

bool is_event_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && std::ranges::all_of(name, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-';
  });
}

tl::unexpected<Error> wrong(const Detector& detector, std::string what, std::string hint) {
  return fail(
      Exit::Usage,
      detector.place() + ": detector '" + detector.definition().id + "': " + std::move(what),
      std::move(hint));
}

std::string one_of(std::span<const std::string_view> names) {
  std::string out = "there are";
  for (const auto name : names) out += (out.ends_with("are") ? " " : ", ") + std::string(name);
  return out;
}

constexpr std::string_view kStores[] = {"process", "container", "symbol",
                                        "dns",     "system",    "syscall"};
// Kernel symbols are of no use for packets; nobody keeps them.
constexpr std::string_view kMissingStores[] = {"symbol"};
constexpr std::string_view kEnrichments[] = {"environment", "executable-hash", "container"};
constexpr std::string_view kMissingEnrichments[] = {"environment", "executable-hash"};

bool has(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string host_architecture() {
  utsname names;
  if (uname(&names) != 0) return "";
  const std::string_view machine = names.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

// Syntax: what can be said of the requirements without knowing any event.
Result<> Registry::check_syntax(const Detector& detector) const {
  const DetectorDefinition& definition = detector.definition();
  if (definition.id.empty()) return wrong(detector, "no id", "give it one of its own");
  const detection::EventDefinition& event = definition.produced_event;
  if (!is_event_name(event.name)) {
    return wrong(detector, "'" + event.name + "' is no name for an event",
                 "letters, digits, _ and -, beginning with a letter");
  }
  if (definition.requirements.events.empty()) {
    return wrong(detector, "no required events", "name at least one");
  }
  std::vector<std::string_view> names;
  for (const detection::EventRequirement& input : definition.requirements.events) {
    if (input.name.empty()) {
      return wrong(detector, "a required event without a name", "`tracee list` shows all");
    }
    if (input.name == event.name) {
      return wrong(detector, "it requires what it produces", "leave that requirement out");
    }
    if (std::ranges::find(names, input.name) != names.end()) {
      return wrong(detector, "it requires '" + input.name + "' twice", "put the filters together");
    }
    names.push_back(input.name);
    if (input.min_version && input.max_version &&
        release_of(*input.min_version) >= release_of(*input.max_version)) {
      return wrong(detector, "no version of '" + input.name + "' fits",
                   "the minimum is below the maximum, which is excluded");
    }
    for (const std::string& filter : input.data_filters) {
      if (filter.find_first_of("<>") != filter.npos || filter.find('=') == filter.npos ||
          filter.starts_with('=') || filter.starts_with("!=") || filter.ends_with('=')) {
        return wrong(detector, "'" + filter + "' is no data filter",
                     "write FIELD=VALUE,… or FIELD!=VALUE,…; a condition can say more");
      }
    }
  }
  if (event.fields.size() > kMaxFindingFields) {
    return wrong(detector, "more than 32 fields", "leave some out");
  }
  for (const detection::EventField& field : event.fields) {
    Kind kind;
    uint8_t width;
    if (field.name.empty() || !type_of(field.type, kind, width)) {
      return wrong(detector, "field '" + field.name + "' has the type '" + field.type + "'",
                   "types are string, int32, int64, uint32, uint64, bool and bytes");
    }
    if (std::ranges::count(event.fields, field.name, &detection::EventField::name) > 1) {
      return wrong(detector, "two fields '" + field.name + "'", "give each its own name");
    }
  }
  const auto least = parse_version(definition.requirements.min_tracee_version);
  const auto most = parse_version(definition.requirements.max_tracee_version);
  if ((!least && !definition.requirements.min_tracee_version.empty()) ||
      (!most && !definition.requirements.max_tracee_version.empty())) {
    return wrong(detector, "a tracee version that is none", "write 0.1 or 0.1.0");
  }
  if (least && most && *least >= *most) {
    return wrong(detector, "no version of tracee fits",
                 "the minimum is below the maximum, which is excluded");
  }
  return {};
}

Result<> Registry::check_stores(const Detector& detector) const {
  for (const auto& store : detector.definition().requirements.data_stores) {
    if (has(kStores, store.name) && !has(kMissingStores, store.name)) continue;
    if (store.dependency == Dependency::Optional) continue;
    return wrong(detector, "there is no data store '" + store.name + "'", one_of(kStores));
  }
  return {};
}

Result<> Registry::check_enrichments(const Detector& detector) {
  for (const auto& each : detector.definition().requirements.enrichments) {
    if (!has(kEnrichments, each.name)) {
      return wrong(detector, "unknown enrichment '" + each.name + "'", one_of(kEnrichments));
    }
    if (!has(kMissingEnrichments, each.name)) continue;
    auto missing = wrong(detector, "the enrichment '" + each.name + "' is not there",
                         "make it optional, or do without");
    if (each.dependency == Dependency::Required) return missing;
    warn(missing.value());
  }
  return {};
}

bool Registry::fits_host(const DetectorDefinition& definition) const {
  const detection::DetectorRequirements& wants = definition.requirements;
  if (!wants.architectures.empty() &&
      std::ranges::find(wants.architectures, host_.architecture) == wants.architectures.end()) {
    return false;
  }
  const auto own = parse_version(host_.tracee_version);
  if (!own) return true;
  const auto least = parse_version(wants.min_tracee_version);
  const auto most = parse_version(wants.max_tracee_version);
  return (!least || *own >= *least) && (!most || *own < *most);
}

// True: goes on to be bound. The order of the checks is the documented one.
bool Registry::admits(const Detector& detector) {
  const DetectorDefinition& definition = detector.definition();
  for (const Registered& known : detectors_) {
    if (known.detector->definition().id != definition.id) continue;
    warn(wrong(detector, "a second detector of that id; the first is " + known.detector->place(),
               "give each an id of its own")
             .value());
    return false;
  }
  for (const auto& checked :
       {check_syntax(detector), check_stores(detector), check_enrichments(detector)}) {
    if (checked) continue;
    warn(checked.error());
    return false;
  }
  return fits_host(definition);
}

Result<> Registry::bind_inputs(Registered& made) const {
  const Detector& detector = *made.detector;
  for (const detection::EventRequirement& wanted : detector.definition().requirements.events) {
    const bool optional = wanted.dependency == Dependency::Optional;
    const EventSpec* spec = catalog_->find(wanted.name);
    if (spec == nullptr) {
      if (optional) continue;
      const std::string near = catalog_->suggest_event(wanted.name);
      return wrong(detector, "requires the unknown event '" + wanted.name + "'",
                   near.empty() ? "`tracee list` shows all" : near);
    }
    const auto version = parse_version(spec->version).value_or(Release{});
    if ((wanted.min_version && version < release_of(*wanted.min_version)) ||
        (wanted.max_version && version >= release_of(*wanted.max_version))) {
      if (optional) continue;
      return wrong(
          detector,
          "requires another version of '" + wanted.name + "' than " + std::string(spec->version),
          "see its min_version and max_version");
    }
    EventFlags flags(*catalog_);
    const std::string label = detector.place() + ": detector '" + detector.definition().id + "'";
    if (auto done = flags.add_rule_filter(label, wanted.name, ""); !done) return done;
    for (const std::string& filter : wanted.data_filters) {
      auto done = flags.add_rule_filter(label, wanted.name, "data." + filter);
      if (!done) return done;
    }
    for (const std::string& filter : wanted.scope_filters) {
      if (auto done = flags.add_rule_filter(label, wanted.name, filter); !done) return done;
    }
    Tree all;
    for (EventRule& rule : flags.build()) {
      for (RuleTerm& term : rule.terms) all = both(std::move(all), std::move(term.tree));
    }
    made.inputs.push_back({spec, std::move(all)});
  }
  return {};
}

// What it asks of events at least is known once it is bound.
Result<> Registry::finish_inputs(Registered& made) {
  for (Registered::Input& input : made.inputs) {
    input.tree = both(input.filters, made.detector->gate(*input.spec));
    auto program = Program::make(input.tree);
    if (!program) {
      return wrong(*made.detector, "its filters are too complex", "ask for less at once");
    }
    input.filter = std::move(*program);
  }
  return {};
}

std::vector<std::unique_ptr<Detector>> Registry::release() {
  std::vector<std::unique_ptr<Detector>> out = std::move(rejected_);
  rejected_.clear();
  for (Registered& each : detectors_) {
    if (each.detector != nullptr) out.push_back(std::move(each.detector));
  }
  return out;
}

// What it asks of the stores; known once it is bound.
void Registry::note_stores(Registered& made) {
  const DetectorDefinition& definition = made.detector->definition();
  made.wants_dns_store = false;
  made.wants_owners = definition.auto_populate.process_ancestry;
  for (const auto& store : definition.requirements.data_stores) {
    made.wants_dns_store = made.wants_dns_store || store.name == "dns";
    made.wants_owners = made.wants_owners || store.name == "process" || store.name == "container";
  }
}

Result<> Registry::add(std::vector<std::unique_ptr<Detector>> detectors) {
  std::vector<const EventSpec*> all = built_in_;
  for (std::unique_ptr<Detector>& detector : detectors) {
    if (!admits(*detector)) {
      rejected_.push_back(std::move(detector));
      continue;
    }
    const DetectorDefinition& definition = detector->definition();
    const std::string& name = definition.produced_event.name;
    if (const auto same = std::ranges::find(all, name, &EventSpec::name); same != all.end()) {
      auto twice = wrong(*detector, "a second event '" + name + "'",
                         (*same)->is_finding ? "another detector produces it; rename one of them, "
                                               "or load only one of the two"
                                             : "tracee has one of that name");
      for (auto& rest : detectors) {
        if (rest != nullptr) rejected_.push_back(std::move(rest));
      }
      return twice;
    }
    Registered made;
    made.produced = &events_.of(definition);
    all.push_back(&made.produced->spec());
    made.detector = std::move(detector);
    detectors_.push_back(std::move(made));
  }
  catalog_ = std::make_unique<Catalog>(all);
  // Whoever fails to find what it needs leaves the catalogue again; others may
  // have needed that.
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < detectors_.size(); ++i) {
      Registered& made = detectors_[i];
      made.inputs.clear();
      auto bound = bind_inputs(made);
      if (bound) bound = made.detector->bind(*catalog_, *made.produced);
      if (bound) bound = finish_inputs(made);
      if (bound) {
        note_stores(made);
        continue;
      }
      warn(bound.error());
      std::erase(all, &made.produced->spec());
      rejected_.push_back(std::move(made.detector));
      detectors_.erase(detectors_.begin() + static_cast<ptrdiff_t>(i));
      catalog_ = std::make_unique<Catalog>(all);
      again = true;
      break;
    }
  }
  return {};
}

}  // namespace tracee
