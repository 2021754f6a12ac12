// SPDX-License-Identifier: Apache-2.0
#include "base/late_library.h"

#include <dlfcn.h>

namespace tracee {
namespace {

std::string last_problem() {
  const char* const text = dlerror();
  return text != nullptr ? text : "no reason is given";
}

}  // namespace

LateLibrary::LateLibrary(const char* soname, const char* package)
    : soname_(soname), package_(package), handle_(dlopen(soname, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) problem_ = last_problem();
}

LateLibrary::Symbol LateLibrary::find(const char* name) {
  void* const address = handle_ == nullptr ? nullptr : dlsym(handle_, name);
  if (address == nullptr && problem_.empty()) problem_ = last_problem();
  return Symbol(address);
}

Result<> LateLibrary::loaded() const {
  if (problem_.empty()) return {};
  return fail(Exit::RunTime, std::string("cannot load ") + soname_ + ": " + problem_,
              std::string("install it; in Debian it is in ") + package_);
}

}  // namespace tracee
