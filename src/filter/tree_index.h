// SPDX-License-Identifier: Apache-2.0
// Of many conditions on one kind of event, those that an event may satisfy, for about
// the price of one: each condition is filed under the value of a field that it needs
// (`data.dst_port == 22 && …` under 22), fields are read once, and only what is filed
// under the event's values is left to be asked in full.
//
// A condition that needs no single value is always left.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "filter/tree.h"

namespace tracee {

class TreeIndex {
 public:
  TreeIndex() = default;
  explicit TreeIndex(std::span<const Tree* const> trees);

  // 64 trees a word.
  size_t words() const noexcept { return words_; }
  // Sets the bits of the trees that `event` may satisfy. `out`: words() of them.
  void candidates(const Event& event, std::span<uint64_t> out) const noexcept;
  // How many are filed, for tests.
  size_t filed() const noexcept { return filed_; }

 private:
  // What a condition needs: a value of `path` that is in the set, or a text like that.
  struct Need {
    Path path;
    std::shared_ptr<const ValueSet> set;
    ValueSet::Shape shape = ValueSet::Shape::Exact;
    std::string text;
    double chance = 1;  // that a packet has it, roughly
  };
  using Needs = std::vector<Need>;  // any of them; none: it needs no single value

  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's
    size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  // Rows of bits by value. A row's number is its place in rows_, in words.
  struct Ranges {  // of numbers in their order, or of addresses as keys
    std::vector<Key> starts;
    std::vector<size_t> rows;
  };
  struct Texts {
    ValueSet::Shape shape;
    size_t size;
    std::unordered_map<std::string, size_t, Hash, std::equal_to<>> rows;
  };
  struct Group {
    Path path;
    uint64_t bias = 0;
    Ranges ranges{};
    std::vector<Texts> texts{};
    std::vector<std::pair<KeyRange, size_t>> pending{};  // while it is made: range, tree
  };

  static Needs needs_of(const Tree& tree);
  static Needs needs_of_test(const Tree& tree);
  static Needs needs_of_text(const Tree& tree);
  static double chance_of(const Needs& needs);
  static bool fits(const Need& need);

  void file(const Need& need, size_t tree);
  void file_text(Group& group, ValueSet::Shape shape, const std::string& text, size_t tree);
  void lay_out(Group& group);
  size_t new_row();
  void set(size_t row, size_t tree) { rows_[row + tree / 64] |= uint64_t{1} << tree % 64; }
  void add(const Group& group, const Value& value, std::span<uint64_t> out) const noexcept;

  size_t words_ = 0, filed_ = 0;
  std::vector<uint64_t> always_;
  std::vector<Group> groups_;
  std::vector<uint64_t> rows_;
};

}  // namespace tracee
