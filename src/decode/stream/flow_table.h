// SPDX-License-Identifier: Apache-2.0
// The table of connections: which flow a segment belongs to. Owns the flows and
// their order of use. Promises: a fixed number of flows, the longest unused gives
// way; a look-up costs one keyed hash (SipHash-1-3), so that nobody who chooses
// ports can make chains long; entries are touched when first used, not before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "base/sip_hash.h"
#include "decode/packet.h"
#include "decode/stream/blocks.h"

namespace tracee {

struct Protocol;

// One socket's connection. `near` is the end that was watched: on loopback both
// ends of a connection see every segment, and each end counts for itself. Where
// the direction is not known (capture files) the lower address is near.
struct FlowKey {
  Address near{}, far{};
  uint32_t net_ns = 0;
  uint16_t near_port = 0, far_port = 0;
  bool operator==(const FlowKey&) const = default;
};

enum class Seen : uint8_t { Unknown, Ingress, Egress };

// The key of the packet's connection; `side` is 0 when near sends, else 1.
FlowKey flow_key(const Packet& packet, uint32_t net_ns, Seen seen, int& side) noexcept;

// What a protocol remembers of one direction between packets. All zeros first.
struct ProtocolState {
  alignas(8) std::array<std::byte, 24> room{};
  template <class T>
  T& as() noexcept {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(room));
    return *reinterpret_cast<T*>(room.data());
  }
};

// One direction of a connection.
struct Half {
  uint64_t skip = 0;        // bytes from `next` on that nobody needs
  uint64_t held_since = 0;  // event time at which the oldest held piece came
  ProtocolState state;
  Chain kept;             // the start of a message whose end has not come
  uint32_t next = 0;      // sequence number that is due
  uint32_t held = kNone;  // pieces ahead of `next`, in order
  uint32_t held_bytes = 0;
  uint16_t held_pieces = 0;
  bool known = false;    // `next` is one
  bool lost = false;     // where messages start is not known
  bool overdue = false;  // the other end has acknowledged what is missing here
  bool closed = false;   // FIN or RST
  bool talked = false;   // a whole message was read
};

struct Flow {
  FlowKey key;
  uint64_t time_ns;  // of the last segment
  Half half[2];
  const Protocol* protocol;  // null: not recognised
  uint32_t chain_next;
  uint32_t older, newer;                // order of use
  uint32_t holder_older, holder_newer;  // the same among those that hold blocks
  bool proven;                          // has carried data, not only a SYN
  bool holds;
};

class FlowTable {
 public:
  FlowTable(uint32_t limit, uint64_t seed);

  Flow* find(const FlowKey& key) noexcept;
  // The new flow's members are set to their start. `release` is called with a
  // flow that must go first, for its blocks.
  template <class Release>
  Flow& insert(const FlowKey& key, bool proven, Release&& release) noexcept {
    const uint32_t victim = next_victim(proven);
    if (victim != kNone) {
      release(flows_[victim]);
      remove(flows_[victim]);
    }
    return add(key, proven);
  }
  void remove(Flow& flow) noexcept;

  // Marks as just used; a flow that only was a SYN can become proven.
  void touch(Flow& flow, bool proven) noexcept;
  // Holders are the flows that own blocks.
  void set_holds(Flow& flow, bool holds) noexcept;
  // The longest unused flow, resp. holder; null: none.
  Flow* oldest() noexcept { return at(use_[1].oldest); }
  Flow* oldest_unproven() noexcept { return at(use_[0].oldest); }
  Flow* oldest_holder() noexcept { return at(holders_.oldest); }

  uint32_t size() const noexcept { return size_; }
  uint32_t limit() const noexcept { return limit_; }

 private:
  struct Free {
    void operator()(void* block) const noexcept { std::free(block); }
  };
  struct Order {
    uint32_t oldest = kNone, newest = kNone;
    uint32_t count = 0;
  };

  uint32_t bucket_of(const FlowKey& key) const noexcept;
  uint32_t index(const Flow& flow) const noexcept {
    return static_cast<uint32_t>(&flow - flows_.get());
  }
  Flow* at(uint32_t i) noexcept { return i == kNone ? nullptr : &flows_[i]; }
  uint32_t next_victim(bool proven) const noexcept;
  Flow& add(const FlowKey& key, bool proven) noexcept;
  void link(Order& order, uint32_t Flow::*older, uint32_t Flow::*newer, uint32_t i) noexcept;
  void unlink(Order& order, uint32_t Flow::*older, uint32_t Flow::*newer, uint32_t i) noexcept;

  std::unique_ptr<Flow[], Free> flows_;
  // Index of a chain's first flow, plus one: zero pages come from the kernel.
  std::unique_ptr<uint32_t[], Free> buckets_;
  uint32_t mask_;
  uint32_t limit_;
  uint32_t size_ = 0;
  uint32_t touched_ = 0;
  uint32_t free_ = kNone;
  SipKey seed_;
  Order use_[2];  // by `proven`
  Order holders_;
};

}  // namespace tracee
