// SPDX-License-Identifier: Apache-2.0
// What detectors may look up beside the event at hand. Each store answers from
// memory; none waits for anything.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/arena.h"
#include "detect/dns_names.h"
#include "event/event.h"
#include "filter/process_tree.h"
#include "tracee/detector.h"

namespace tracee {

// The number of a system call on this machine, and back; "" and -1: there is none.
std::string_view syscall_name(uint32_t number);
int64_t syscall_number(std::string_view name);

class Stores final : public detection::DataStores {
 public:
  explicit Stores(const std::string& tracee_version = {});
  ~Stores();

  // Processes and containers of the events seen are remembered, while somebody asks.
  void remember_owners() { remembers_owners_ = true; }
  // Names and addresses come from this event, net_packet_dns.
  void learn_from(const EventSpec& dns);
  bool learns_from(const EventSpec& spec) const noexcept {
    return remembers_owners_ || &spec == dns_event_;
  }
  void learn(const Event& event) noexcept {
    now_ns_ = event.context->time_ns;
    if (remembers_owners_ || event.spec == dns_event_) look_at(event);
  }

  // The tables of processes and containers, where somebody keeps them (a live trace);
  // else what is known of both is what events have shown.
  void ask(const ProcessTree* tables) { tables_ = tables; }

  // A process by the id that events show; its children; itself and its ancestors; the
  // container whose id begins so, or that has this name. As they would own a packet;
  // texts are views that live as long as the event at hand.
  bool find_process(uint32_t entity, Context& out) const noexcept;
  size_t find_children(uint32_t entity, std::span<Context> out) const noexcept;
  size_t find_line(uint32_t entity, std::span<Context> out) const noexcept;
  bool find_container(std::string_view text, bool by_name, Context& out) const noexcept;
  bool find_name(std::string_view name, detection::DnsKnowledge& out) const {
    return names_.find(name, now_ns_, out);
  }
  const detection::SystemInfo& system_info() const noexcept;

  // Up to `depth` ancestors of the owner, the parent first, in the arena.
  std::span<const Context> ancestors(const Context& of, uint32_t depth,
                                     Arena& arena) const noexcept;

  const detection::ProcessStore& process() const override;
  const detection::ContainerStore& container() const override;
  const detection::DnsStore& dns() const override;
  const detection::SystemStore& system() const override;
  const detection::SyscallStore& syscall() const override;

  const DnsNames& dns_names() const { return names_; }

 private:
  struct Views;
  struct Owner;
  void look_at(const Event& event) noexcept;
  void remember(const Context& context);

  std::unique_ptr<Views> views_;
  DnsNames names_;
  const EventSpec* dns_event_ = nullptr;
  const Field* dns_message_ = nullptr;
  bool remembers_owners_ = false;
  const ProcessTree* tables_ = nullptr;
  uint64_t now_ns_ = 0;
  // The most recently seen first.
  std::list<Owner> owners_;
  std::unordered_map<uint32_t, std::list<Owner>::iterator> by_entity_;
};

}  // namespace tracee
