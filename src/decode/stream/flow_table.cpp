// SPDX-License-Identifier: Apache-2.0
#include "decode/stream/flow_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <tuple>

namespace tracee {
namespace {

// SYNs that nothing followed may take this share of the table: a scan then
// replaces scans, not conversations.
constexpr uint32_t kUnprovenShare = 8;

uint64_t load64(const uint8_t* p) noexcept {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
T* zero_pages(size_t count) {
  void* block = std::calloc(count, sizeof(T));
  if (block == nullptr) throw std::bad_alloc();
  return static_cast<T*>(block);
}

}  // namespace

FlowKey flow_key(const Packet& packet, uint32_t net_ns, Seen seen, int& side) noexcept {
  const auto order = [](const Address& address, uint16_t port) {
    return std::tuple(load_be32(address.bytes), load_be32(address.bytes + 4),
                      load_be32(address.bytes + 8), load_be32(address.bytes + 12), port);
  };
  const bool near_sends = seen == Seen::Unknown ? order(packet.src, packet.src_port) <=
                                                      order(packet.dst, packet.dst_port)
                                                : seen == Seen::Egress;
  side = near_sends ? 0 : 1;
  if (near_sends) return {packet.src, packet.dst, net_ns, packet.src_port, packet.dst_port};
  return {packet.dst, packet.src, net_ns, packet.dst_port, packet.src_port};
}

FlowTable::FlowTable(uint32_t limit, uint64_t seed)
    : flows_(zero_pages<Flow>(std::max(limit, 1u))),
      buckets_(zero_pages<uint32_t>(std::bit_ceil(std::max(limit, 1u)))),
      mask_(std::bit_ceil(std::max(limit, 1u)) - 1),
      limit_(std::max(limit, 1u)),
      seed_{seed, seed ^ 0x9e3779b97f4a7c15} {}

uint32_t FlowTable::bucket_of(const FlowKey& key) const noexcept {
  SipHash hash(seed_);
  hash.add(load64(key.near.bytes));
  hash.add(load64(key.far.bytes));
  hash.add(uint64_t{key.near_port} << 48 | uint64_t{key.far_port} << 32 | key.net_ns);
  if (key.near.family == 6) {
    hash.add(load64(key.near.bytes + 8));
    hash.add(load64(key.far.bytes + 8));
  }
  return static_cast<uint32_t>(hash.finish()) & mask_;
}

Flow* FlowTable::find(const FlowKey& key) noexcept {
  for (uint32_t i = buckets_[bucket_of(key)] - 1; i != kNone; i = flows_[i].chain_next) {
    if (flows_[i].key == key) return &flows_[i];
  }
  return nullptr;
}

uint32_t FlowTable::next_victim(bool proven) const noexcept {
  const bool too_many = !proven && use_[0].count >= std::max(limit_ / kUnprovenShare, 1u);
  if (size_ < limit_ && !too_many) return kNone;
  return use_[0].oldest != kNone ? use_[0].oldest : use_[1].oldest;
}

Flow& FlowTable::add(const FlowKey& key, bool proven) noexcept {
  uint32_t i = free_;
  if (i == kNone) {
    i = touched_++;
  } else {
    free_ = flows_[i].chain_next;
  }
  Flow& flow = *new (&flows_[i]) Flow{};
  flow.key = key;
  flow.proven = proven;
  uint32_t& bucket = buckets_[bucket_of(key)];
  flow.chain_next = bucket - 1;
  bucket = i + 1;
  link(use_[proven], &Flow::older, &Flow::newer, i);
  ++size_;
  return flow;
}

void FlowTable::remove(Flow& flow) noexcept {
  const uint32_t i = index(flow);
  set_holds(flow, false);
  unlink(use_[flow.proven], &Flow::older, &Flow::newer, i);
  uint32_t& bucket = buckets_[bucket_of(flow.key)];
  if (bucket - 1 == i) {
    bucket = flow.chain_next + 1;
  } else {
    uint32_t before = bucket - 1;
    while (flows_[before].chain_next != i) before = flows_[before].chain_next;
    flows_[before].chain_next = flow.chain_next;
  }
  flow.chain_next = free_;
  free_ = i;
  --size_;
}

void FlowTable::touch(Flow& flow, bool proven) noexcept {
  const uint32_t i = index(flow);
  proven |= flow.proven;
  if (proven == flow.proven && use_[proven].newest == i) return;
  unlink(use_[flow.proven], &Flow::older, &Flow::newer, i);
  flow.proven = proven;
  link(use_[proven], &Flow::older, &Flow::newer, i);
  if (flow.holds) {
    unlink(holders_, &Flow::holder_older, &Flow::holder_newer, i);
    link(holders_, &Flow::holder_older, &Flow::holder_newer, i);
  }
}

void FlowTable::set_holds(Flow& flow, bool holds) noexcept {
  if (flow.holds == holds) return;
  flow.holds = holds;
  if (holds) {
    link(holders_, &Flow::holder_older, &Flow::holder_newer, index(flow));
  } else {
    unlink(holders_, &Flow::holder_older, &Flow::holder_newer, index(flow));
  }
}

void FlowTable::link(Order& order, uint32_t Flow::*older, uint32_t Flow::*newer,
                     uint32_t i) noexcept {
  flows_[i].*older = order.newest;
  flows_[i].*newer = kNone;
  (order.newest == kNone ? order.oldest : flows_[order.newest].*newer) = i;
  order.newest = i;
  ++order.count;
}

void FlowTable::unlink(Order& order, uint32_t Flow::*older, uint32_t Flow::*newer,
                       uint32_t i) noexcept {
  const uint32_t before = flows_[i].*older, after = flows_[i].*newer;
  (before == kNone ? order.oldest : flows_[before].*newer) = after;
  (after == kNone ? order.newest : flows_[after].*older) = before;
  --order.count;
}

}  // namespace tracee
