// SPDX-License-Identifier: Apache-2.0
// What of the user's rules the kernel side can decide. From each rule a necessary
// condition is derived: one or more boxes, each a set of keys in some dimensions
// (wire/wire.h). A packet that is in no box of a rule makes no event that the rule
// keeps; user space asks the rule itself of every other. What cannot be said in a
// box is left out of it, so push-down can only drop what user space would drop.
//
// A stream's message takes packets of both directions, and its owner may change
// on the way: there a box speaks of addresses and ports only, and stands beside
// its mirror image.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "filter/expression.h"
#include "filter/key_ranges.h"
#include "wire/wire.h"

namespace tracee {

// Bytes of a dimension's key.
unsigned key_bytes(wire_dimension dimension);

// A key for each dimension is in it when it is in all of `sides`.
struct Box {
  std::map<wire_dimension, KeyRanges> sides;
  bool operator==(const Box&) const = default;
};

struct KernelRule {
  uint32_t wants = 0;  // WIRE_WANT_* classes it is about
  Box box;
};

// Which of the two decides on a term.
enum class Place : uint8_t {
  User,
  Both,    // the kernel drops some packets, user space looks at the rest
  Kernel,  // the kernel drops all that the term drops
};
std::string_view place_name(Place place);

// One rule about one kind of event: all of its terms must hold.
struct AskedRule {
  const EventSpec* spec;
  std::vector<const RuleTerm*> terms;
};

class PushDown {
 public:
  using WantsOf = uint32_t (*)(const EventSpec&);

  // `wants_of` gives the classes of packets that an event is made of; 0: it is
  // not made of packets.
  PushDown(std::span<const AskedRule> asked, WantsOf wants_of);

  // At most WIRE_RULES. More are made one until they fit, which keeps more.
  const std::vector<KernelRule>& rules() const { return rules_; }
  // The rules, as bits, that stand for asked[i]; all: none does.
  uint64_t mask(size_t i) const { return masks_[i]; }
  // Where the terms of asked[i] are decided.
  const std::vector<Place>& places(size_t i) const { return places_[i]; }
  // Rules were made one.
  bool widened() const { return widened_; }

 private:
  struct Item {
    size_t asked;
    KernelRule rule;
  };
  void fit(std::vector<Item>& items);

  std::vector<KernelRule> rules_;
  std::vector<uint64_t> masks_;
  std::vector<std::vector<Place>> places_;
  bool widened_ = false;
};

// The rules as the kernel side wants them. `generation` is never 0.
std::unique_ptr<struct wire_rules> wire_rules_of(std::span<const KernelRule> rules,
                                                 uint32_t generation);

}  // namespace tracee
