// SPDX-License-Identifier: Apache-2.0
// What the process may still do once it has what it needs: packets that anybody may
// have sent are decoded without privileges and with few system calls. Of the kernel's
// programs only descriptors are left, which nobody can take away. `docs/confinement.md`
// says what is kept and why.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace tracee {

struct Confinement {
  std::string user;                   // to become; empty: stay who we are
  std::vector<std::string> written;   // files that are made anew later, and folders of such
  bool files_are_read_again = false;  // policies on SIGHUP, perhaps of another owner
  bool signals_others = false;        // a command whose signals are passed on
};

// Before any thread starts. Fails when there is no such user.
Result<> prepare_confinement(Confinement wanted);

// What was prepared, for the whole process from now on, without return; nothing when nothing
// was. New privileges by exec are ruled out, programs cannot be started, files are written only
// where outputs go (Landlock, from 5.13 on), and system calls outside the list fail with EPERM.
// Fails when a part that every kernel has does not work.
Result<> confine();

}  // namespace tracee
