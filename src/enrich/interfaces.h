// SPDX-License-Identifier: Apache-2.0
// Names of the network interfaces of our own network namespace. Looking up is
// for the packet path; reading the names from the kernel is not.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace tracee {

class Interfaces {
 public:
  Interfaces();

  // "" for index 0, for another namespace and for an index that is not known
  // (yet). The view holds until refresh().
  std::string_view name(uint32_t net_ns, uint32_t ifindex) noexcept;

  // Reads the names anew when name() missed one, at most once a second.
  void refresh();

 private:
  void read();

  uint32_t own_net_ns_ = 0;
  std::vector<std::string> names_;  // by index
  bool missed_ = false;
  time_t read_at_ = 0;
};

}  // namespace tracee
