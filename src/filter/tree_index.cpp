// SPDX-License-Identifier: Apache-2.0
#include "filter/tree_index.h"

#include <algorithm>
#include <cmath>

namespace tracee {
namespace {

constexpr Key kMapped = Key{0xffff} << 32;

bool is_number(Kind kind) {
  return kind == Kind::Unsigned || kind == Kind::Signed || kind == Kind::Flag || kind == Kind::Bool;
}

// As ValueSet::keys() has addresses: IPv4 in the mapped form. False: it is none.
bool key_of(const Address& address, Key& out) noexcept {
  if (address.family == 0) return false;
  out = address.family == 4 ? kMapped >> 32 : 0;
  for (size_t i = 0; i < (address.family == 4 ? 4u : 16u); ++i) out = out << 8 | address.bytes[i];
  return true;
}

// The last row whose start is not behind the key.
template <class Ranges>
size_t row_of(const Ranges& ranges, Key key) noexcept {
  const auto after = std::ranges::upper_bound(ranges.starts, key);
  return ranges.rows[static_cast<size_t>(after - ranges.starts.begin()) - 1];
}

}  // namespace

double TreeIndex::chance_of(const Needs& needs) {
  double sum = 0;
  for (const Need& need : needs) sum += need.chance;
  return needs.empty() ? 2 : sum;
}

// Whether its values can be filed.
bool TreeIndex::fits(const Need& need) {
  if (need.set == nullptr) return need.path.kind == Kind::Text && !need.text.empty();
  if (is_number(need.path.kind)) return true;
  if (need.path.kind == Kind::Address) {
    return !need.set->has_none_address() && need.set->keys(16).has_value();
  }
  const auto* patterns = need.set->patterns();
  return need.path.kind == Kind::Text && patterns != nullptr &&
         std::ranges::all_of(*patterns, [](const ValueSet::Text& each) {
           return each.shape == ValueSet::Shape::Exact ||
                  (each.shape != ValueSet::Shape::Contains && !each.text.empty());
         });
}

TreeIndex::Needs TreeIndex::needs_of_test(const Tree& tree) {
  const Term& term = tree.terms[0];
  if (term.form != Term::Form::Path || term.path.kind != tree.set->kind()) return {};
  Need need{term.path, tree.set, {}, {}, 1};
  if (!fits(need)) return {};
  if (is_number(need.path.kind)) {
    double values = 0;
    for (const ValueSet::Range& range : tree.set->numbers()) {
      values += static_cast<double>(range.high - range.low) + 1;
    }
    const bool flag = need.path.kind == Kind::Flag || need.path.kind == Kind::Bool;
    need.chance = values / std::exp2(flag ? 1 : need.path.width_bits);
  } else if (need.path.kind == Kind::Address) {
    constexpr Key kSmall = 1 << 16;
    const bool small = std::ranges::all_of(tree.set->keys(16)->ranges(), [](const KeyRange& range) {
      return range.high - range.low < kSmall;
    });
    need.chance = small ? 0.01 : 0.4;
  } else {
    need.chance = 0.01 * static_cast<double>(tree.set->patterns()->size());
  }
  return {std::move(need)};
}

TreeIndex::Needs TreeIndex::needs_of_text(const Tree& tree) {
  const Term& object = tree.terms[0];
  const Term& part = tree.terms[1];
  if (object.form != Term::Form::Path || part.form != Term::Form::Constant ||
      part.kind != Kind::Text) {
    return {};
  }
  const auto shape =
      tree.op == Tree::Op::EndsWith ? ValueSet::Shape::Suffix : ValueSet::Shape::Prefix;
  Need need{object.path, nullptr, shape, part.text, 0.02};
  if (!fits(need)) return {};
  return {std::move(need)};
}

TreeIndex::Needs TreeIndex::needs_of(const Tree& tree) {
  switch (tree.op) {
    case Tree::Op::And: {
      Needs best;
      for (const Tree& child : tree.children) {
        Needs needs = needs_of(child);
        if (chance_of(needs) < chance_of(best)) best = std::move(needs);
      }
      return best;
    }
    case Tree::Op::Or: {
      Needs all;
      for (const Tree& child : tree.children) {
        Needs needs = needs_of(child);
        if (needs.empty()) return {};
        all.insert(all.end(), needs.begin(), needs.end());
      }
      return all;
    }
    case Tree::Op::Test:
      return needs_of_test(tree);
    case Tree::Op::StartsWith:
    case Tree::Op::EndsWith:
      return needs_of_text(tree);
    case Tree::Op::Exists: {
      const Term& domain = tree.terms[0];
      if (domain.form != Term::Form::Path) return {};
      Needs needs = needs_of(tree.children[0]);
      // What is needed of an element is needed of the list.
      for (Need& need : needs) {
        if (need.path.root != Path::Root::Variable || need.path.variable != tree.variable) continue;
        Path path = domain.path;
        path.steps.insert(path.steps.end(), need.path.steps.begin(), need.path.steps.end());
        path.kind = need.path.kind;
        path.width_bits = need.path.width_bits;
        path.of = need.path.of;
        path.many = true;
        need.path = std::move(path);
      }
      return needs;
    }
    default:
      return {};
  }
}

TreeIndex::TreeIndex(std::span<const Tree* const> trees)
    : words_((trees.size() + 63) / 64), always_(words_) {
  (void)new_row();  // row 0 is empty
  for (size_t i = 0; i < trees.size(); ++i) {
    if (trees[i]->op == Tree::Op::Never) continue;
    const Needs needs = needs_of(*trees[i]);
    // A variable of an outer list is nothing without it.
    const bool loose = std::ranges::any_of(
        needs, [](const Need& need) { return need.path.root == Path::Root::Variable; });
    if (needs.empty() || loose) {
      always_[i / 64] |= uint64_t{1} << i % 64;
      continue;
    }
    ++filed_;
    for (const Need& need : needs) file(need, i);
  }
  for (Group& group : groups_) lay_out(group);
}

size_t TreeIndex::new_row() {
  rows_.resize(rows_.size() + std::max<size_t>(words_, 1));
  return rows_.size() - std::max<size_t>(words_, 1);
}

void TreeIndex::file(const Need& need, size_t tree) {
  auto group = std::ranges::find_if(
      groups_, [&](const Group& each) { return each.path.same_place(need.path); });
  if (group == groups_.end()) {
    groups_.push_back({need.path});
    group = std::prev(groups_.end());
  }
  if (need.set == nullptr) return file_text(*group, need.shape, need.text, tree);
  if (is_number(need.path.kind)) {
    group->bias = need.set->number_bias();
    for (const ValueSet::Range& range : need.set->numbers()) {
      group->pending.emplace_back(KeyRange{range.low, range.high}, tree);
    }
  } else if (need.path.kind == Kind::Address) {
    const auto keys = need.set->keys(16);
    for (const KeyRange& range : keys->ranges()) group->pending.emplace_back(range, tree);
  } else {
    for (const ValueSet::Text& each : *need.set->patterns()) {
      file_text(*group, each.shape, each.text, tree);
    }
  }
}

void TreeIndex::file_text(Group& group, ValueSet::Shape shape, const std::string& text,
                          size_t tree) {
  auto texts = std::ranges::find_if(group.texts, [&](const Texts& each) {
    return each.shape == shape && each.size == text.size();
  });
  if (texts == group.texts.end()) {
    group.texts.push_back({shape, text.size(), {}});
    texts = std::prev(group.texts.end());
  }
  auto row = texts->rows.find(text);
  if (row == texts->rows.end()) row = texts->rows.emplace(text, new_row()).first;
  set(row->second, tree);
}

// Cuts the ranges where any of them begins or ends; each piece has one row.
void TreeIndex::lay_out(Group& group) {
  auto& starts = group.ranges.starts;
  starts.push_back(0);
  for (const auto& [range, tree] : group.pending) {
    starts.push_back(range.low);
    if (range.high != ~Key{0}) starts.push_back(range.high + 1);
  }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  group.ranges.rows.resize(starts.size());
  for (const auto& [range, tree] : group.pending) {
    auto at = static_cast<size_t>(std::ranges::lower_bound(starts, range.low) - starts.begin());
    for (; at < starts.size() && starts[at] <= range.high; ++at) {
      size_t& row = group.ranges.rows[at];
      if (row == 0) row = new_row();
      set(row, tree);
    }
  }
  group.pending.clear();
}

void TreeIndex::add(const Group& group, const Value& value,
                    std::span<uint64_t> out) const noexcept {
  const auto take = [&](size_t row) noexcept {
    for (size_t i = 0; i < words_; ++i) out[i] |= rows_[row + i];
  };
  if (is_number(value.kind)) return take(row_of(group.ranges, value.u ^ group.bias));
  if (value.kind == Kind::Address) {
    Key key;
    if (key_of(value.address(), key)) take(row_of(group.ranges, key));
    return;
  }
  if (value.kind != Kind::Text) return;
  const std::string_view text = value.text();
  for (const Texts& each : group.texts) {
    if (each.size > text.size()) continue;
    std::string_view part = text;
    if (each.shape == ValueSet::Shape::Exact) {
      if (text.size() != each.size) continue;
    } else if (each.shape == ValueSet::Shape::Prefix) {
      part = text.substr(0, each.size);
    } else {
      part = text.substr(text.size() - each.size);
    }
    if (const auto row = each.rows.find(part); row != each.rows.end()) take(row->second);
  }
}

void TreeIndex::candidates(const Event& event, std::span<uint64_t> out) const noexcept {
  std::ranges::copy(always_, out.begin());
  for (const Group& group : groups_) {
    const void* object = group.path.root == Path::Root::Data ? event.data : event.context;
    any_value(group.path.steps, object, [&](const Value& value) noexcept {
      add(group, value, out);
      return false;
    });
  }
}

}  // namespace tracee
