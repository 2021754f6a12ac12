// SPDX-License-Identifier: Apache-2.0
#include "filter/policy.h"

#include <algorithm>
#include <filesystem>

#include "base/folder.h"
#include "filter/yaml.h"

namespace tracee {
namespace {

// RFC 1123 subdomain, as names of Kubernetes objects are.
bool is_subdomain(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (const std::string_view label : split(name, '.')) {
    if (label.empty() || !inner(label.front()) || !inner(label.back())) return false;
    if (!std::ranges::all_of(label, [&](char c) { return inner(c) || c == '-'; })) return false;
  }
  return true;
}

class PolicyReader {
 public:
  PolicyReader(const std::string& path, const Catalog& catalog, const ProcessTree* processes)
      : path_(path), catalog_(catalog), processes_(processes) {}

  Result<Policy> read(const YamlNode& document);

 private:
  // The parts of a policy, whatever the shape they were found in.
  struct Parts {
    const YamlNode* name = nullptr;
    const YamlNode* scope = nullptr;
    const YamlNode* rules = nullptr;
    const YamlNode* actions = nullptr;
  };

  tl::unexpected<Error> wrong(const YamlNode& node, std::string what, std::string hint) const {
    return wrong_at(path_, node, std::move(what), std::move(hint));
  }
  Result<> only_keys(const YamlNode& map, std::span<const std::string_view> keys) const {
    return tracee::only_keys(path_, map, keys);
  }
  Result<std::vector<const YamlNode*>> texts(const YamlNode* list, std::string_view what) const {
    return texts_of(path_, list, what);
  }
  Result<Parts> resource(const YamlNode& document) const;
  Result<Parts> plain(const YamlNode& document) const;
  Result<> actions(const YamlNode* list) const;
  Result<std::vector<RuleTerm>> scope(const YamlNode& document, const YamlNode* list) const;
  Result<> rule(const YamlNode& node, EventFlags& flags, std::vector<std::string>& seen) const;

  const std::string& path_;
  const Catalog& catalog_;
  const ProcessTree* processes_;
};

Result<PolicyReader::Parts> PolicyReader::resource(const YamlNode& document) const {
  static constexpr std::string_view kTop[] = {"apiVersion", "kind", "metadata", "spec"};
  static constexpr std::string_view kSpec[] = {"scope", "rules", "defaultActions"};
  if (auto checked = only_keys(document, kTop); !checked) return forward(checked);
  const YamlNode* version = document.find("apiVersion");
  if (version == nullptr || version->text != "tracee.aquasec.com/v1beta1") {
    return wrong(version != nullptr ? *version : document, "unknown apiVersion",
                 "write apiVersion: tracee.aquasec.com/v1beta1");
  }
  const YamlNode* kind = document.find("kind");
  if (kind == nullptr || kind->text != "Policy") {
    return wrong(kind != nullptr ? *kind : document, "the kind is not Policy",
                 "write kind: Policy");
  }
  const YamlNode* metadata = document.find("metadata");
  const YamlNode* spec = document.find("spec");
  if (spec == nullptr) return wrong(document, "no spec", "it holds scope and rules");
  if (auto checked = only_keys(*spec, kSpec); !checked) return forward(checked);
  return Parts{metadata != nullptr ? metadata->find("name") : nullptr, spec->find("scope"),
               spec->find("rules"), spec->find("defaultActions")};
}

Result<PolicyReader::Parts> PolicyReader::plain(const YamlNode& document) const {
  static constexpr std::string_view kTop[] = {"type",  "name",  "description",
                                              "scope", "rules", "defaultActions"};
  if (auto checked = only_keys(document, kTop); !checked) return forward(checked);
  const YamlNode* type = document.find("type");
  if (type == nullptr || type->text != "policy") {
    return wrong(type != nullptr ? *type : document, "this is no policy",
                 "write type: policy, or kind: Policy with metadata and spec");
  }
  return Parts{document.find("name"), document.find("scope"), document.find("rules"),
               document.find("defaultActions")};
}

Result<> PolicyReader::actions(const YamlNode* list) const {
  static constexpr std::string_view kActions[] = {"log", "print"};
  auto items = texts(list, "the actions");
  if (!items) return forward(items);
  for (const YamlNode* item : *items) {
    if (std::ranges::find(kActions, item->text) == std::end(kActions)) {
      return wrong(*item, "unknown action '" + item->text + "'", "actions are log and print");
    }
  }
  return {};
}

Result<std::vector<RuleTerm>> PolicyReader::scope(const YamlNode& document,
                                                  const YamlNode* list) const {
  auto items = texts(list, "the scope");
  if (!items) return forward(items);
  if (items->empty())
    return wrong(list != nullptr ? *list : document, "no scope", "write - global");
  std::vector<ScopeText> out;
  for (const YamlNode* item : *items) {
    if (item->text != "global") {
      out.push_back({place_of(path_, *item), item->text});
    } else if (items->size() > 1) {
      return wrong(*item, "global is the only scope or none", "leave it or the others out");
    }
  }
  return read_scope(out, processes_);
}

Result<> PolicyReader::rule(const YamlNode& node, EventFlags& flags,
                            std::vector<std::string>& seen) const {
  static constexpr std::string_view kKeys[] = {"event", "filters", "actions"};
  if (auto checked = only_keys(node, kKeys); !checked) return checked;
  const YamlNode* event = node.find("event");
  if (event == nullptr || event->text.empty()) {
    return wrong(node, "a rule without an event", "write event: NAME");
  }
  if (std::ranges::find(seen, event->text) != seen.end()) {
    return wrong(*event, "the event '" + event->text + "' stands twice in this policy",
                 "put all its filters into one rule");
  }
  seen.push_back(event->text);
  if (auto checked = actions(node.find("actions")); !checked) return checked;
  const std::string place = place_of(path_, *event);
  if (auto chosen = flags.add_rule_filter(place, event->text, ""); !chosen) return chosen;
  auto filters = texts(node.find("filters"), "the filters");
  if (!filters) return forward(filters);
  for (const YamlNode* filter : *filters) {
    const std::string at = place_of(path_, *filter);
    if (filter->text.empty()) return wrong(*filter, "an empty filter", "leave it out");
    if (auto added = flags.add_rule_filter(at, event->text, filter->text); !added) return added;
  }
  return {};
}

Result<Policy> PolicyReader::read(const YamlNode& document) {
  if (document.kind != YamlNode::Kind::Map) {
    return wrong(document, "this is no policy", "write type: policy, name, scope and rules");
  }
  const bool is_resource =
      document.find("kind") != nullptr || document.find("apiVersion") != nullptr;
  auto parts = is_resource ? resource(document) : plain(document);
  if (!parts) return forward(parts);
  if (parts->name == nullptr || !is_subdomain(parts->name->text)) {
    return wrong(parts->name != nullptr ? *parts->name : document,
                 parts->name != nullptr ? "'" + parts->name->text + "' is no policy name"
                                        : std::string("the policy has no name"),
                 "lower-case letters, digits, '-' and '.', as in dns-watch");
  }
  if (auto checked = actions(parts->actions); !checked) return forward(checked);
  auto terms = scope(document, parts->scope);
  if (!terms) return forward(terms);
  if (parts->rules == nullptr || parts->rules->kind != YamlNode::Kind::List ||
      parts->rules->items.empty()) {
    return wrong(parts->rules != nullptr ? *parts->rules : document, "no rules",
                 "write at least - event: NAME");
  }
  EventFlags flags(catalog_);
  std::vector<std::string> seen;
  for (const YamlNode& node : parts->rules->items) {
    if (auto done = rule(node, flags, seen); !done) return forward(done);
  }
  return Policy{parts->name->text, std::move(*terms), flags.build()};
}

// The files a path stands for, in the order of their names.
Result<std::vector<std::string>> files_of(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> out;
  error = each_entry(path, [&](std::string_view name) {
    const fs::path file = fs::path(path) / name;
    const std::string extension = file.extension().string();
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") {
      out.push_back(file.string());
    }
  });
  if (error) return fail(Exit::Usage, path + ": " + error.message(), "check its permissions");
  if (out.empty()) {
    return fail(Exit::Usage, path + ": no policies in this folder",
                "they end in .yaml, .yml or .json");
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<std::vector<Policy>> read_policies(const std::vector<std::string>& paths,
                                          const Catalog& catalog, const ProcessTree* processes) {
  std::vector<Policy> out;
  for (const std::string& path : paths) {
    auto files = files_of(path);
    if (!files) return forward(files);
    for (const std::string& file : *files) {
      auto documents = read_yaml(file);
      if (!documents) return forward(documents);
      if (documents->empty())
        return fail(Exit::Usage, file + ":1:1: the file is empty",
                    "write type: policy, name, scope and rules");
      for (const YamlNode& document : *documents) {
        auto policy = PolicyReader(file, catalog, processes).read(document);
        if (!policy) return forward(policy);
        if (std::ranges::find(out, policy->name, &Policy::name) != out.end()) {
          return fail(Exit::Usage,
                      place_of(file, document) + ": a second policy '" + policy->name + "'",
                      "give each its own name");
        }
        if (out.size() == kMaxPolicies) {
          return fail(Exit::Usage, place_of(file, document) + ": more than 64 policies",
                      "leave some out");
        }
        out.push_back(std::move(*policy));
      }
    }
  }
  return out;
}

}  // namespace tracee
