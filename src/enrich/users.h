// SPDX-License-Identifier: Apache-2.0
// Names of the host's users, as /etc/passwd has them. Looking up is for the packet
// path; reading the file is not. Other directories (LDAP) are not asked: they may
// be slow, and their users have numbers as well.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tracee {

class Users {
 public:
  explicit Users(std::string path = "/etc/passwd");

  // "" when there is no such user (yet). The view holds until refresh().
  std::string_view name(uint32_t uid) noexcept;

  // Reads the file anew when name() missed one and it has changed.
  void refresh();

 private:
  void read();

  std::string path_;
  std::unordered_map<uint32_t, std::string> names_;
  timespec changed_{};
  time_t looked_at_ = 0;
  bool missed_ = false;
};

}  // namespace tracee
