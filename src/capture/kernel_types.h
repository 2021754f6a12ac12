// SPDX-License-Identifier: Apache-2.0
// What the kernel says of its types (BTF, /sys/kernel/btf/vmlinux; kernel: btf.rst).
//
// Owns a description of a hundred and fifty thousand types, some ten MiB; it is needed while
// programs are loaded and not later. One thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/fd.h"
#include "base/result.h"

struct btf;

namespace tracee {

class KernelTypes {
 public:
  // Errors: Exit::Missing, the kernel describes nothing.
  static Result<KernelTypes> read();

  // A function, struct or typedef (BTF_KIND_*); 0: there is none.
  uint32_t find(const char* name, uint32_t kind) const noexcept;
  bool has(const char* name, uint32_t kind) const noexcept { return find(name, kind) != 0; }

  // The kernel's description of those structs, unions and enumerations that `ours` has too, by
  // their names, and of what they are made of; behind a pointer there is nothing. It is all
  // that the offsets in our programs depend on, and libbpf, which looks through a description
  // from its beginning to its end for each struct, has a hundredth to look through. A file
  // without a name that is to be read as one; false when there is no memory.
  bool write_reduced(const btf* ours, const Fd& file) const;

 private:
  struct Free {
    void operator()(btf* types) const noexcept;
  };
  explicit KernelTypes(btf* types) noexcept : types_(types) {}

  std::unique_ptr<btf, Free> types_;
};

}  // namespace tracee
