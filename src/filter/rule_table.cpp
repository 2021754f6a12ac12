// SPDX-License-Identifier: Apache-2.0
// Rules as the kernel side reads them: a tree over the bytes of each dimension's
// key, its leaves sets of rules. Where there is no room for a finer answer, a slot
// answers for all its keys together, and so for too many rules.
#include <unordered_map>

#include "filter/pushdown.h"

namespace tracee {
namespace {

class Table {
 public:
  explicit Table(struct wire_rules& out) : out_(out), nodes_(1) { out_.masks[0] = UINT64_MAX; }

  void add_dimension(std::span<const KernelRule> rules, wire_dimension dimension) {
    const unsigned bytes = key_bytes(dimension);
    Slot root;
    bool restricted = false;
    for (size_t i = 0; i < rules.size(); ++i) {
      const bool has_side = rules[i].box.sides.contains(dimension);
      if (!has_side) root.mask |= uint64_t{1} << i;
      restricted = restricted || has_side;
    }
    if (!restricted) return;
    for (size_t i = 0; i < rules.size(); ++i) {
      const auto side = rules[i].box.sides.find(dimension);
      if (side == rules[i].box.sides.end()) continue;
      for (const KeyRange& range : side->second.ranges()) {
        add(root, bytes, range, uint64_t{1} << i);
      }
    }
    out_.restricted |= 1u << dimension;
    out_.roots[dimension] = written(root);
    if (dimension == WIRE_SRC) out_.src_v4 = written(behind_mapped(root));
    if (dimension == WIRE_DST) out_.dst_v4 = written(behind_mapped(root));
  }

  void finish() {
    out_.node_count = static_cast<uint32_t>(nodes_.size());
    for (size_t i = 1; i < nodes_.size(); ++i) {
      for (size_t byte = 0; byte < 256; ++byte) out_.nodes[i][byte] = written(nodes_[i][byte]);
    }
    out_.mask_count = mask_count_;
  }

 private:
  struct Slot {
    uint64_t mask = 0;
    uint32_t node = 0;  // 0: a leaf
  };
  using Node = std::vector<Slot>;

  // Adds the rule to the keys of the range; `bytes` are left of them.
  void add(Slot& slot, unsigned bytes, const KeyRange& range, uint64_t rule) {
    const bool whole = range.low == 0 && range.high == key_max(bytes);
    if (slot.node == 0 && (whole || (slot.mask & rule) != 0)) {
      slot.mask |= rule;
      return;
    }
    if (slot.node == 0 && nodes_.size() == WIRE_NODES) {
      slot.mask |= rule;
      return;
    }
    if (slot.node == 0) {
      slot.node = static_cast<uint32_t>(nodes_.size());
      nodes_.emplace_back(256, Slot{slot.mask, 0});
    }
    const unsigned shift = 8 * (bytes - 1);
    const Key rest = key_max(bytes - 1);
    const auto first = static_cast<size_t>(range.low >> shift);
    const auto last = static_cast<size_t>(range.high >> shift);
    const size_t node = slot.node;  // nodes_ may move
    for (size_t byte = first; byte <= last; ++byte) {
      const KeyRange inner{byte == first ? range.low & rest : 0,
                           byte == last ? range.high & rest : rest};
      Slot next = nodes_[node][byte];
      add(next, bytes - 1, inner, rule);
      nodes_[node][byte] = next;
    }
  }

  // Where ::ffff:0:0/96 begins.
  Slot behind_mapped(Slot slot) const {
    for (unsigned i = 0; i < 12 && slot.node != 0; ++i) slot = nodes_[slot.node][i < 10 ? 0 : 255];
    return slot;
  }

  uint16_t written(const Slot& slot) {
    if (slot.node != 0) return static_cast<uint16_t>(slot.node);
    const auto known = mask_index_.find(slot.mask);
    if (known != mask_index_.end()) return known->second;
    if (mask_count_ == WIRE_MASKS) return WIRE_LEAF;  // mask 0: every rule
    const auto index = static_cast<uint16_t>(WIRE_LEAF | mask_count_);
    out_.masks[mask_count_++] = slot.mask;
    mask_index_.emplace(slot.mask, index);
    return index;
  }

  struct wire_rules& out_;
  std::vector<Node> nodes_;  // the first is not used
  std::unordered_map<uint64_t, uint16_t> mask_index_;
  uint32_t mask_count_ = 1;
};

// What nobody's packets satisfy: all numbers 0, all texts empty.
uint64_t nobody(std::span<const KernelRule> rules) {
  uint64_t out = 0;
  for (size_t i = 0; i < rules.size(); ++i) {
    bool holds = true;
    for (const auto& [dimension, keys] : rules[i].box.sides) {
      if ((WIRE_OWNER_DIMENSIONS >> dimension & 1) != 0) holds = holds && keys.contains(0);
    }
    if (holds) out |= uint64_t{1} << i;
  }
  return out;
}

}  // namespace

std::unique_ptr<struct wire_rules> wire_rules_of(std::span<const KernelRule> rules,
                                                 uint32_t generation) {
  auto out = std::make_unique<struct wire_rules>();
  out->generation = generation;
  Table table(*out);
  for (int i = 0; i < WIRE_DIMENSIONS; ++i) {
    table.add_dimension(rules, static_cast<wire_dimension>(i));
  }
  table.finish();
  out->nobody = nobody(rules);
  for (size_t i = 0; i < rules.size(); ++i) {
    out->wanted |= rules[i].wants;
    for (uint32_t set = 0; set < std::size(out->of_classes); ++set) {
      if ((rules[i].wants & set) != 0) out->of_classes[set] |= uint64_t{1} << i;
    }
  }
  return out;
}

}  // namespace tracee
