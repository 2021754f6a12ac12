// SPDX-License-Identifier: Apache-2.0
// A fuzz target's bytes as a file, for readers that take a path.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/fd.h"

namespace tracee::test {

class FuzzFile {
 public:
  FuzzFile(const uint8_t* data, size_t size) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    if (!fd_ || ::write(fd_.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  // Good as long as this lives.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  Fd fd_;
};

}  // namespace tracee::test
