// SPDX-License-Identifier: Apache-2.0
// Joins the owner of a packet to what the tables know of it. Lives on the worker's
// thread. Without news (a replay) an owner has what its record has, and no more.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "enrich/container.h"
#include "enrich/process.h"
#include "enrich/resolver.h"
#include "enrich/users.h"
#include "event/context.h"
#include "wire/wire.h"

namespace tracee {

class Enricher {
 public:
  Enricher();

  // Looks which control groups there are, and asks these runtimes from now on. To be
  // called once the kernel side tells of new ones.
  void start(std::vector<RuntimeSocket> runtimes);

  // News of the kernel side, in order with the packets.
  void take(Bytes news) noexcept;

  // Fills the owner's members of `context`. `boot_epoch_ns` is the epoch time of
  // the boot clock's zero. Texts are views into `owner` and the tables: they hold
  // until the next take() or refresh().
  void fill(const owner& owner, uint64_t boot_epoch_ns, bool egress, Context& context) noexcept;

  // The parent of the process that owns `context`, as it would own a packet; false:
  // not known.
  bool parent_of(const Context& context, Context& parent) const noexcept;

  // The process of that id (entity.h), and its children, as they would own a packet.
  bool find_process(uint32_t entity, Context& out) const noexcept;
  size_t find_children(uint32_t entity, std::span<Context> out) const noexcept;
  // The container whose id begins so, or that has this name.
  bool find_container(std::string_view text, bool by_name, Context& out) const noexcept;

  // Whether it has begun since this object was made.
  bool is_new_process(const Context& context) const noexcept {
    return context.process_start >= since_;
  }

  // What need not be done on the packet path; to be called now and then.
  void refresh();

  bool is_new_container(std::string_view id) const noexcept;

  // Readable when refresh() has something to take in; -1: never.
  int answers_fd() const noexcept { return resolver_ ? resolver_->answers_fd() : -1; }

  const ContainerTable& containers() const noexcept { return containers_; }
  ProcessTable& processes() noexcept { return processes_; }
  const ProcessTable& processes() const noexcept { return processes_; }

 private:
  void join(const owner& owner, const Process* process, Context& context) const noexcept;
  void look_for_missed(int64_t now_ms);

  ProcessTable processes_;
  ContainerTable containers_;
  std::optional<Resolver> resolver_;
  mutable bool missed_group_ = false;
  bool has_groups_ = false;  // start() was called
  int64_t asked_ms_ = 0, scanned_ms_ = 0;
  Users users_;
  uint64_t since_;  // ns of the boot clock
};

}  // namespace tracee
