// SPDX-License-Identifier: Apache-2.0
#include "filter/pushdown.h"

#include <algorithm>
#include <optional>

namespace tracee {
namespace {

// Of one rule, before all rules together have to fit.
constexpr size_t kMaxBoxes = 64;

constexpr wire_dimension kEnds[] = {WIRE_SRC, WIRE_DST, WIRE_SRC_PORT, WIRE_DST_PORT};

bool is_stream(uint32_t wants) { return (wants & WIRE_WANT_STREAMS) != 0; }

std::optional<wire_dimension> dimension_of(Origin origin) {
  switch (origin) {
    case Origin::None:
      return std::nullopt;
    case Origin::Source:
      return WIRE_SRC;
    case Origin::Destination:
      return WIRE_DST;
    case Origin::SourcePort:
      return WIRE_SRC_PORT;
    case Origin::DestinationPort:
      return WIRE_DST_PORT;
    case Origin::TcpFlag:
      return WIRE_TCP_FLAGS;
    case Origin::HopLimit:
      return WIRE_HOP_LIMIT;
    case Origin::Protocol:
      return WIRE_PROTOCOL;
    case Origin::Direction:
      return WIRE_DIRECTION;
    case Origin::Ifindex:
      return WIRE_IFINDEX;
    case Origin::HostPid:
      return WIRE_HOST_PID;
    case Origin::HostTid:
      return WIRE_HOST_TID;
    case Origin::HostParentPid:
      return WIRE_HOST_PPID;
    case Origin::Pid:
      return WIRE_PID;
    case Origin::Tid:
      return WIRE_TID;
    case Origin::ParentPid:
      return WIRE_PPID;
    case Origin::Uid:
      return WIRE_UID;
    case Origin::MountNamespace:
      return WIRE_MOUNT_NS;
    case Origin::PidNamespace:
      return WIRE_PID_NS;
    case Origin::Cgroup:
      return WIRE_CGROUP;
    case Origin::Comm:
      return WIRE_COMM;
    case Origin::NodeName:
      return WIRE_NODE_NAME;
  }
  return std::nullopt;
}

// ---- boxes

// Nothing: no key is in both.
std::optional<Box> intersection(const Box& a, const Box& b) {
  Box out = a;
  for (const auto& [dimension, keys] : b.sides) {
    const auto [at, is_new] = out.sides.try_emplace(dimension, keys);
    if (is_new) continue;
    at->second = at->second.intersected(keys);
    if (at->second.empty()) return std::nullopt;
  }
  return out;
}

// The smallest box around both.
Box hull(const Box& a, const Box& b) {
  Box out;
  for (const auto& [dimension, keys] : a.sides) {
    const auto other = b.sides.find(dimension);
    if (other == b.sides.end()) continue;
    KeyRanges both = keys.united(other->second);
    if (!both.is_all(key_max(key_bytes(dimension)))) out.sides.emplace(dimension, std::move(both));
  }
  return out;
}

// Their hull has nothing that is in neither: they differ on one side, or one is
// the other and more sides.
bool hull_is_exact(const Box& a, const Box& b) {
  size_t differ = 0, only_a = 0, only_b = 0;
  for (const auto& [dimension, keys] : a.sides) {
    const auto other = b.sides.find(dimension);
    if (other == b.sides.end()) {
      ++only_a;
    } else if (!(keys == other->second)) {
      ++differ;
    }
  }
  for (const auto& [dimension, keys] : b.sides) only_b += a.sides.count(dimension) == 0;
  if (differ == 0) return only_a == 0 || only_b == 0;
  return differ == 1 && only_a + only_b == 0;
}

// The other direction of the same connections.
Box mirrored(const Box& box) {
  Box out;
  for (const auto& [dimension, keys] : box.sides) {
    const wire_dimension other = dimension == WIRE_SRC        ? WIRE_DST
                                 : dimension == WIRE_DST      ? WIRE_SRC
                                 : dimension == WIRE_SRC_PORT ? WIRE_DST_PORT
                                                              : WIRE_SRC_PORT;
    out.sides.emplace(other, keys);
  }
  return out;
}

// ---- from trees to boxes

// All that a condition keeps is in one of `boxes`; exact: and nothing else.
struct Reach {
  std::vector<Box> boxes;
  bool exact = true;

  static Reach nothing() { return {}; }
  static Reach all(bool exact) { return {{Box{}}, exact}; }

  void add(Box box) {
    for (Box& known : boxes) {
      if (hull_is_exact(known, box)) {
        known = hull(known, box);
        return;
      }
    }
    boxes.push_back(std::move(box));
    if (boxes.size() <= kMaxBoxes) return;
    exact = false;
    Box around = boxes.front();
    for (const Box& one : boxes) around = hull(around, one);
    boxes = {std::move(around)};
  }
};

Reach either(Reach a, Reach b) {
  for (Box& box : b.boxes) a.add(std::move(box));
  a.exact = a.exact && b.exact;
  return a;
}

Reach both(const Reach& a, const Reach& b) {
  Reach out;
  out.exact = a.exact && b.exact;
  if (a.boxes.size() * b.boxes.size() > 4 * kMaxBoxes) {
    // One of them alone keeps more, and is still necessary.
    out = a.boxes.size() < b.boxes.size() ? a : b;
    out.exact = false;
    return out;
  }
  for (const Box& x : a.boxes) {
    for (const Box& y : b.boxes) {
      if (auto box = intersection(x, y)) out.add(std::move(*box));
    }
  }
  return out;
}

class Reader {
 public:
  explicit Reader(uint32_t wants) : stream_(is_stream(wants)) {}

  Reach read(const Tree& tree, bool negate = false) const {
    switch (tree.op) {
      case Tree::Op::Always:
      case Tree::Op::Never:
        return (tree.op == Tree::Op::Always) != negate ? Reach::all(true) : Reach::nothing();
      case Tree::Op::Not:
        return read(tree.children[0], !negate);
      case Tree::Op::And:
      case Tree::Op::Or: {
        const bool is_and = (tree.op == Tree::Op::And) != negate;
        Reach out = is_and ? Reach::all(true) : Reach::nothing();
        for (const Tree& child : tree.children) {
          Reach one = read(child, negate);
          out = is_and ? both(out, one) : either(std::move(out), std::move(one));
        }
        return out;
      }
      case Tree::Op::Test:
        return test(tree, negate);
      default:
        return Reach::all(false);
    }
  }

 private:
  // The field at the end of a plain path, if the kernel side knows it too.
  const Field* origin_field(const Term& term) const {
    if (term.form != Term::Form::Path || term.path.many || term.path.steps.empty()) return nullptr;
    if (term.path.root == Path::Root::Variable) return nullptr;
    for (const Step& step : term.path.steps) {
      if (step.field->present != nullptr || step.has_key || step.index != Step::kAll) {
        return nullptr;
      }
    }
    return term.path.steps.back().field;
  }

  // Keys of one byte are tried one by one.
  template <class Holds>
  static KeyRanges bytes_that(Holds&& holds) {
    std::vector<KeyRange> out;
    for (unsigned key = 0; key < 256; ++key) {
      if (holds(static_cast<uint8_t>(key))) out.push_back({key, key});
    }
    return KeyRanges(std::move(out));
  }

  Reach test(const Tree& tree, bool negate) const {
    const Field* field = origin_field(tree.terms[0]);
    const auto dimension = field == nullptr ? std::nullopt : dimension_of(field->origin);
    if (!dimension || (stream_ && std::ranges::find(kEnds, *dimension) == std::end(kEnds))) {
      return Reach::all(false);
    }
    const ValueSet& set = *tree.set;
    std::optional<KeyRanges> keys;
    if (field->origin == Origin::TcpFlag) {
      keys = bytes_that([&](uint8_t flags) {
        return set.contains(value_of(Flag{((flags >> field->origin_bit) & 1) != 0}));
      });
    } else if (field->origin_text != nullptr) {
      keys = bytes_that(
          [&](uint8_t number) { return set.contains(value_of(field->origin_text(number))); });
    } else {
      keys = set.keys(key_bytes(*dimension));
    }
    if (!keys) return Reach::all(false);
    const Key most = key_max(key_bytes(*dimension));
    if (negate) keys = keys->complement(most);
    if (keys->empty()) return Reach::nothing();
    if (keys->is_all(most)) return Reach::all(true);
    Reach out;
    out.boxes.push_back(Box{{{*dimension, std::move(*keys)}}});
    return out;
  }

  bool stream_;
};

Place place_of(const Reach& reach) {
  const bool any = reach.boxes.size() == 1 && reach.boxes[0].sides.empty();
  if (reach.exact) return Place::Kernel;
  return any ? Place::User : Place::Both;
}

std::vector<uint32_t> classes_of(uint32_t wants) {
  std::vector<uint32_t> out;
  for (uint32_t i = 0; i < WIRE_CLASSES; ++i) {
    if ((wants >> i & 1) != 0) out.push_back(1u << i);
  }
  return out;
}

}  // namespace

unsigned key_bytes(wire_dimension dimension) {
  switch (dimension) {
    case WIRE_SRC:
    case WIRE_DST:
    case WIRE_COMM:
    case WIRE_NODE_NAME:
      return 16;
    case WIRE_SRC_PORT:
    case WIRE_DST_PORT:
      return 2;
    case WIRE_TCP_FLAGS:
    case WIRE_HOP_LIMIT:
    case WIRE_PROTOCOL:
    case WIRE_DIRECTION:
      return 1;
    case WIRE_CGROUP:
      return 8;
    default:
      return 4;
  }
}

std::string_view place_name(Place place) {
  switch (place) {
    case Place::User:
      return "user";
    case Place::Both:
      return "both";
    case Place::Kernel:
      return "kernel";
  }
  return "";
}

PushDown::PushDown(std::span<const AskedRule> asked, WantsOf wants_of) {
  std::vector<Item> items;
  for (size_t i = 0; i < asked.size(); ++i) {
    std::vector<Place> places(asked[i].terms.size(), Place::Kernel);
    const uint32_t wants = wants_of(*asked[i].spec);
    if (wants == 0) std::ranges::fill(places, Place::User);
    bool first = true;
    for (const uint32_t one : classes_of(wants)) {
      const Reader reader(one);
      Reach reach = Reach::all(true);
      for (size_t t = 0; t < asked[i].terms.size(); ++t) {
        const Reach term = reader.read(asked[i].terms[t]->tree);
        Place place = place_of(term);
        const bool restricts = term.boxes.size() != 1 || !term.boxes[0].sides.empty();
        // The answers' packets come up too.
        if (place == Place::Kernel && is_stream(one) && restricts && !term.boxes.empty()) {
          place = Place::Both;
        }
        if (first) {
          places[t] = place;
        } else if (places[t] != place) {
          places[t] = Place::Both;
        }
        reach = both(reach, term);
      }
      first = false;
      if (is_stream(one)) {
        Reach mirror;
        for (const Box& box : reach.boxes) mirror.add(mirrored(box));
        reach = either(std::move(reach), std::move(mirror));
      }
      for (Box& box : reach.boxes) items.push_back({i, {one, std::move(box)}});
    }
    places_.push_back(std::move(places));
  }
  fit(items);
  masks_.assign(asked.size(), 0);
  for (const Item& item : items) {
    const auto at = std::ranges::find(rules_, item.rule.box, &KernelRule::box);
    masks_[item.asked] |= uint64_t{1} << (at - rules_.begin());
  }
  for (size_t i = 0; i < asked.size(); ++i) {
    if (wants_of(*asked[i].spec) == 0) masks_[i] = UINT64_MAX;
  }
}

// Equal boxes are one rule, whatever their classes. While there are too many, two
// boxes of the class with the most of them become their hull.
void PushDown::fit(std::vector<Item>& items) {
  for (;;) {
    rules_.clear();
    for (const Item& item : items) {
      const auto at = std::ranges::find(rules_, item.rule.box, &KernelRule::box);
      if (at == rules_.end()) {
        rules_.push_back(item.rule);
      } else {
        at->wants |= item.rule.wants;
      }
    }
    if (rules_.size() <= WIRE_RULES) return;
    widened_ = true;
    std::map<uint32_t, std::vector<Box>> by_class;
    for (const Item& item : items) {
      auto& boxes = by_class[item.rule.wants];
      if (std::ranges::find(boxes, item.rule.box) == boxes.end()) boxes.push_back(item.rule.box);
    }
    const auto most = std::ranges::max_element(
        by_class, {}, [](const auto& entry) { return entry.second.size(); });
    // The last two: early rules stay sharp longest.
    const Box a = most->second[most->second.size() - 2], b = most->second.back();
    const Box around = hull(a, b);
    for (Item& item : items) {
      const bool is_one = item.rule.box == a || item.rule.box == b;
      if (item.rule.wants != most->first || !is_one) continue;
      item.rule.box = around;
      for (Place& place : places_[item.asked]) {
        if (place == Place::Kernel) place = Place::Both;
      }
    }
  }
}

}  // namespace tracee
