// SPDX-License-Identifier: Apache-2.0
// Memory of a BPF map that the kernel side uses at the same time. Unmapped by its end.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace tracee {

inline size_t page_size() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }

class Mapping {
 public:
  // `from`: a multiple of page_size().
  Mapping(int map, size_t from, size_t size, int protection) noexcept
      : size_(size),
        start_(::mmap(nullptr, size, protection, MAP_SHARED, map, static_cast<off_t>(from))) {}
  ~Mapping() {
    if (valid()) ::munmap(start_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  // False: errno has the reason.
  bool valid() const noexcept { return start_ != MAP_FAILED; }

  template <class T>
  T* at(size_t offset) const noexcept {
    return reinterpret_cast<T*>(static_cast<char*>(start_) + offset);
  }

 private:
  size_t size_;
  void* start_;
};

}  // namespace tracee
