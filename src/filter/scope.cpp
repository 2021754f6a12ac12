// SPDX-License-Identifier: Apache-2.0
#include "filter/scope.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "event/catalog.h"
#include "filter/names.h"

namespace tracee {
namespace {

// The kernel's names of tasks and hosts hold 15 bytes.
constexpr size_t kNameBytes = 15;

constexpr std::string_view kKeys[] = {"uid",    "pid",       "mntns", "pidns",      "uts",
                                      "comm",   "tree",      "exec",  "executable", "bin",
                                      "binary", "container", "follow"};

bool is_executable_key(std::string_view key) {
  return key == "exec" || key == "executable" || key == "bin" || key == "binary";
}

std::optional<Condition> condition_of(std::string_view key) {
  const auto on = [](std::string_view name) { return Condition(context_path("process", name)); };
  if (key == "uid") return on("uid");
  if (key == "mntns" || key == "pidns") return on(key);
  if (key == "pid") {
    return Condition(std::vector<Term>{term_of(context_path("process", "hostPid")),
                                       term_of(context_path("process", "hostTid"))});
  }
  if (key != "comm" && key != "uts") return std::nullopt;
  Condition out = on(key == "comm" ? "name" : "hostName");
  out.cut_at(kNameBytes);
  return out;
}

// What one key is asked, from all its flags.
struct Asked {
  std::string_view key;
  std::string text;
  std::optional<Condition> condition;
  Tree wanted{Tree::Op::Never}, unwanted{Tree::Op::Never};  // beside the condition
  bool any_wanted = false, any_unwanted = false, any_condition = false;
  std::vector<uint32_t> roots, cut;  // of tree
};

class ScopeReader {
 public:
  explicit ScopeReader(const ProcessTree* processes) : processes_(processes) {}

  Result<> add(const ScopeText& scope);
  Result<std::vector<RuleTerm>> build();

 private:
  Asked& asked(std::string_view key);
  Result<> add_condition(Asked& on, Operator op, const FlagText& flag, const ScopeText& scope);
  Result<> add_tree(Asked& on, Operator op, const FlagText& flag, const ScopeText& scope);
  Result<> add_executable(Asked& on, Operator op, const FlagText& flag, const ScopeText& scope);
  Result<> add_container(const FlagText& flag, bool negative, const ScopeText& scope);
  Result<> need_processes(const ScopeText& scope) const;
  static void want(Asked& on, Operator op, Tree tree);

  const ProcessTree* processes_;
  std::vector<Asked> asked_;
  std::optional<ScopeText> follow_;
};

Asked& ScopeReader::asked(std::string_view key) {
  for (Asked& one : asked_) {
    if (one.key == key) return one;
  }
  Asked& out = asked_.emplace_back();
  out.key = key;
  out.condition = condition_of(key);
  return out;
}

Result<> ScopeReader::need_processes(const ScopeText& scope) const {
  if (processes_ != nullptr) return {};
  return invalid(scope.label, "needs the process tree, which a capture file does not have",
                 scope.text, "filter by comm, uid, pid or the namespaces");
}

void ScopeReader::want(Asked& on, Operator op, Tree tree) {
  const bool equal = op == Operator::Equal;
  Tree& side = equal ? on.wanted : on.unwanted;
  side = either(std::move(side), std::move(tree));
  (equal ? on.any_wanted : on.any_unwanted) = true;
}

Result<> ScopeReader::add(const ScopeText& scope) {
  const std::string_view text = scope.text;
  const std::string_view label = scope.label;
  if (text.empty() || has_edge_blank(text) || text == "not-") {
    return invalid(label, "invalid format", text, "write KEY=VALUE, container or follow");
  }
  if (text == "follow") {
    follow_ = scope;
    return need_processes(scope);
  }
  const FlagText flag = split_flag(text);
  if (flag.name == "container" || text == "not-container") {
    return add_container(flag, text == "not-container", scope);
  }
  const auto* known = std::ranges::find(kKeys, flag.name);
  if (known == std::end(kKeys) || *known == "follow") {
    const std::string near = did_you_mean(flag.name, kKeys);
    return invalid(label, "invalid scope option", text,
                   near.empty() ? "keys are uid, pid, mntns, pidns, uts, comm, tree, exec, "
                                  "container and follow"
                                : near);
  }
  Operator op;
  if (flag.symbol.empty() || flag.values.empty()) {
    return invalid(label, "invalid expression", text,
                   "give a value: " + std::string(flag.name) + "=VALUE");
  }
  if (!parse_operator(flag.symbol, op)) {
    return invalid(label, "invalid operator", text, "operators are = != < <= > >=");
  }
  const bool equality = op == Operator::Equal || op == Operator::NotEqual;
  if (!equality && *known != "uid" && *known != "pid") {
    return invalid(label, "invalid expression", text, "this key takes = and != only");
  }
  Asked& on = asked(is_executable_key(*known) ? "exec" : *known);
  on.text += (on.text.empty() ? "" : "  ") + scope.text;
  if (on.condition) return add_condition(on, op, flag, scope);
  if (on.key == "tree") return add_tree(on, op, flag, scope);
  return add_executable(on, op, flag, scope);
}

Result<> ScopeReader::add_condition(Asked& on, Operator op, const FlagText& flag,
                                    const ScopeText& scope) {
  std::string numbers;
  bool on_numbers = false;
  for (const std::string_view value : split(flag.values, ',')) {
    if (on.key == "pid" && value == "new") {
      if (op != Operator::Equal && op != Operator::NotEqual) {
        return invalid(scope.label, "invalid expression", scope.text, "write pid=new or pid!=new");
      }
      if (auto there = need_processes(scope); !there) return there;
      want(on, op, owner_tree(new_process_test(*processes_)));
      continue;
    }
    numbers += (on_numbers ? "," : "") + std::string(value);
    on_numbers = true;
  }
  if (!on_numbers) return {};
  on.any_condition = true;
  return add_values(*on.condition, op, numbers, scope.label, scope.text);
}

Result<> ScopeReader::add_tree(Asked& on, Operator op, const FlagText& flag,
                               const ScopeText& scope) {
  for (const std::string_view value : split(flag.values, ',')) {
    uint32_t pid = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, pid);
    if (parsed.ec != std::errc() || parsed.ptr != end || pid == 0) {
      return invalid(scope.label, "invalid value", scope.text, "give process ids: tree=1234,5678");
    }
    (op == Operator::Equal ? on.roots : on.cut).push_back(pid);
  }
  return need_processes(scope);
}

// /path, host:/path or MNTNS:/path.
Result<> ScopeReader::add_executable(Asked& on, Operator op, const FlagText& flag,
                                     const ScopeText& scope) {
  for (const std::string_view value : split(flag.values, ',')) {
    const size_t colon = value.find(':');
    const std::string_view prefix = colon == value.npos ? "" : value.substr(0, colon);
    const std::string_view path = colon == value.npos ? value : value.substr(colon + 1);
    if (!path.starts_with('/') || has_edge_blank(value)) {
      return invalid(scope.label, "invalid value", scope.text,
                     "give an absolute path: exec=/usr/bin/curl");
    }
    Condition is_path(context_path("process", "executable"));
    if (auto added = is_path.add(Operator::Equal, path); !added) {
      return invalid(scope.label, "invalid value", scope.text, added.error().hint);
    }
    // Links (/bin, /usr/bin/python3) as this host has them: the kernel knows files by
    // their own names.
    std::error_code no_such_file;
    const std::string target = std::filesystem::canonical(path, no_such_file).string();
    if (prefix.empty() || prefix == "host") {
      if (!target.empty() && target != path) (void)is_path.add(Operator::Equal, target);
    }
    Tree tree = is_path.tree();
    if (colon != value.npos) {
      std::string space(prefix);
      if (prefix == "host") {
        if (auto there = need_processes(scope); !there) return there;
        space = std::to_string(processes_->host_mount_namespace());
      }
      Condition in_space(context_path("process", "mntns"));
      if (auto added = in_space.add(Operator::Equal, space); !added) {
        return invalid(scope.label, "invalid value", scope.text,
                       "in front of the colon stands host or a mount namespace's number");
      }
      tree = both(in_space.tree(), std::move(tree));
    }
    want(on, op, std::move(tree));
  }
  return {};
}

Result<> ScopeReader::add_container(const FlagText& flag, bool negative, const ScopeText& scope) {
  Asked& on = asked("container");
  on.text += (on.text.empty() ? "" : "  ") + scope.text;
  if (negative) {
    want(on, Operator::NotEqual, in_container());
    return {};
  }
  if (flag.symbol.empty() && flag.values.empty()) {
    want(on, Operator::Equal, in_container());
    return {};
  }
  Operator op;
  if (!parse_operator(flag.symbol, op) || (op != Operator::Equal && op != Operator::NotEqual) ||
      flag.values.empty()) {
    return invalid(scope.label, "invalid expression", scope.text,
                   "write container, container=ID, container=new, container=started or "
                   "not-container");
  }
  for (const std::string_view value : split(flag.values, ',')) {
    if (value == "started") {
      const FlagText started{"container", "=", "started"};
      if (op == Operator::NotEqual) {
        return invalid(scope.label, "invalid expression", scope.text,
                       "container!=started is not supported; write container=new");
      }
      want(on, op, **event_scope_question("container", started, scope.label, scope.text));
    } else if (value == "new") {
      if (auto there = need_processes(scope); !there) return there;
      want(on, op, owner_tree(new_container_test(*processes_)));
    } else {
      if (value.empty() || has_edge_blank(value) || value.find('*') != value.npos) {
        return invalid(scope.label, "invalid value", scope.text,
                       "give a container id or its beginning");
      }
      Condition begins(context_path("container", "id"));
      if (auto added = begins.add(Operator::Equal, std::string(value) + "*"); !added) {
        return invalid(scope.label, "invalid value", scope.text, added.error().hint);
      }
      want(on, op, begins.tree());
    }
  }
  return {};
}

Result<std::vector<RuleTerm>> ScopeReader::build() {
  std::vector<RuleTerm> out;
  Tree all;
  for (Asked& on : asked_) {
    Tree tree;
    if (on.key == "tree") {
      tree = owner_tree(descends_test(*processes_, std::move(on.roots), std::move(on.cut)));
    } else if (on.any_wanted || on.any_unwanted) {
      // What is listed is kept; else, if anything is excluded, what is not.
      tree = std::move(on.wanted);
      Tree rest = negated(std::move(on.unwanted));
      if (!on.any_unwanted) rest = Tree{Tree::Op::Never};
      if (on.any_condition) {
        Tree numbers = on.condition->tree();
        const bool narrows = on.any_unwanted && !on.condition->only_lists();
        rest = narrows ? both(std::move(numbers), std::move(rest))
                       : either(std::move(numbers), std::move(rest));
      }
      tree = either(std::move(tree), std::move(rest));
    } else {
      tree = on.condition->tree();
    }
    all = both(std::move(all), tree);
    out.push_back({on.text, std::move(tree)});
  }
  if (follow_) {
    auto program = Program::make(all);
    if (!program) return invalid(follow_->label, "too complex", follow_->text, "give fewer scopes");
    // Each term for itself would follow processes that no one scope names.
    std::string text = follow_->text;
    for (const RuleTerm& term : out) text += " " + term.text;
    out.clear();
    out.push_back({std::move(text), owner_tree(follow_test(*processes_, std::move(*program)))});
  }
  return out;
}

}  // namespace

std::span<const std::string_view> scope_keys() { return kKeys; }

Result<std::vector<RuleTerm>> read_scope(const std::vector<ScopeText>& texts,
                                         const ProcessTree* processes) {
  ScopeReader reader(processes);
  for (const ScopeText& text : texts) {
    if (auto done = reader.add(text); !done) return forward(done);
  }
  return reader.build();
}

}  // namespace tracee
