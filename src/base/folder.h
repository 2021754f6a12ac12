// SPDX-License-Identifier: Apache-2.0
// What is in a folder. The library's iterators end the process when memory is refused:
// they allocate where they promise not to throw.
#pragma once

#include <dirent.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace tracee {

// Calls visit(std::string_view name) for each entry but `.` and `..`, in no order. The error:
// why not all of them came.
template <class Visit>
std::error_code each_entry(const std::string& folder, Visit&& visit) {
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> open(::opendir(folder.c_str()), close);
  if (!open) return {errno, std::generic_category()};
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr) return {errno, std::generic_category()};
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(name);
  }
}

}  // namespace tracee
