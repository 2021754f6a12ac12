// SPDX-License-Identifier: Apache-2.0
// The tables of the enrich room, as filters ask for them.
#pragma once

#include "enrich/enricher.h"
#include "filter/process_tree.h"

namespace tracee {

class ProcessView final : public ProcessTree {
 public:
  // `enricher` must outlive it.
  explicit ProcessView(const Enricher& enricher);

  bool parent_of(const Context& process, Context& parent) const noexcept override {
    return enricher_.parent_of(process, parent);
  }
  bool is_new_process(const Context& process) const noexcept override {
    return enricher_.is_new_process(process);
  }
  bool is_new_container(std::string_view id) const noexcept override {
    return enricher_.is_new_container(id);
  }
  bool find_process(uint32_t entity, Context& out) const noexcept override {
    return enricher_.find_process(entity, out);
  }
  size_t find_children(uint32_t entity, std::span<Context> out) const noexcept override {
    return enricher_.find_children(entity, out);
  }
  bool find_container(std::string_view text, bool by_name, Context& out) const noexcept override {
    return enricher_.find_container(text, by_name, out);
  }
  uint32_t host_mount_namespace() const noexcept override { return host_mount_namespace_; }

 private:
  const Enricher& enricher_;
  uint32_t host_mount_namespace_ = 0;
};

}  // namespace tracee
