// SPDX-License-Identifier: Apache-2.0
// Names of system calls; cmake/syscalls.cmake makes the table from the kernel's headers.
#include <algorithm>
#include <iterator>

#include "detect/stores.h"

namespace tracee {
namespace {

struct Syscall {
  std::string_view name;
  uint32_t number;
};
constexpr Syscall kSyscalls[] = {
#include "syscalls.inc"
};

}  // namespace

std::string_view syscall_name(uint32_t number) {
  const auto* found = std::ranges::find(kSyscalls, number, &Syscall::number);
  return found == std::end(kSyscalls) ? std::string_view() : found->name;
}

int64_t syscall_number(std::string_view name) {
  const auto* found = std::ranges::find(kSyscalls, name, &Syscall::name);
  return found == std::end(kSyscalls) ? -1 : int64_t{found->number};
}

}  // namespace tracee
