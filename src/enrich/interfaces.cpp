// SPDX-License-Identifier: Apache-2.0
#include "enrich/interfaces.h"

#include <net/if.h>
#include <sys/stat.h>

namespace tracee {
namespace {

// Indexes grow with each interface that was ever made; names of very late ones
// are not worth the memory.
constexpr uint32_t kMaxIndex = 65536;

}  // namespace

Interfaces::Interfaces() {
  struct stat own;
  if (stat("/proc/self/ns/net", &own) == 0) own_net_ns_ = static_cast<uint32_t>(own.st_ino);
  read();
}

std::string_view Interfaces::name(uint32_t net_ns, uint32_t ifindex) noexcept {
  if (net_ns != own_net_ns_ || net_ns == 0 || ifindex == 0 || ifindex >= kMaxIndex) return {};
  if (ifindex >= names_.size() || names_[ifindex].empty()) {
    missed_ = true;
    return {};
  }
  return names_[ifindex];
}

void Interfaces::refresh() {
  if (missed_ && time(nullptr) != read_at_) read();
}

void Interfaces::read() {
  missed_ = false;
  read_at_ = time(nullptr);
  names_.clear();
  struct if_nameindex* const all = if_nameindex();
  if (all == nullptr) return;
  for (const struct if_nameindex* entry = all; entry->if_index != 0; ++entry) {
    if (entry->if_index >= kMaxIndex) continue;
    if (entry->if_index >= names_.size()) names_.resize(entry->if_index + 1);
    names_[entry->if_index] = entry->if_name;
  }
  if_freenameindex(all);
}

}  // namespace tracee
