// SPDX-License-Identifier: Apache-2.0
// What filters ask about processes and containers beyond a packet's own context.
// Whoever keeps the tables implements it; without one the filters that need it
// are refused at start.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "event/context.h"

namespace tracee {

class ProcessTree {
 public:
  virtual ~ProcessTree() = default;

  // The parent of a packet's owner, or of what this gave for it, as the parent would
  // own a packet; false: not known.
  virtual bool parent_of(const Context& process, Context& parent) const noexcept = 0;
  // Whether the process, or the container, began after tracing did.
  virtual bool is_new_process(const Context& process) const noexcept = 0;
  virtual bool is_new_container(std::string_view id) const noexcept = 0;
  // The process of that id, which events show as processEntityId; its children; the
  // container whose id begins so, or that has this name. As they would own a packet.
  virtual bool find_process(uint32_t /*entity*/, Context& /*out*/) const noexcept { return false; }
  virtual size_t find_children(uint32_t /*entity*/, std::span<Context> /*out*/) const noexcept {
    return 0;
  }
  virtual bool find_container(std::string_view /*text*/, bool /*by_name*/,
                              Context& /*out*/) const noexcept {
    return false;
  }
  // Inode of the host's mount namespace.
  virtual uint32_t host_mount_namespace() const noexcept = 0;
};

}  // namespace tracee
