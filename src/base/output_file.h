// SPDX-License-Identifier: Apache-2.0
// Files that are written: events, packets.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tracee {

// Makes `path`, or empties it, or (`append`) goes on behind what it holds. Written at its
// end, wherever that is by then. In a folder that others may write to, a symbolic link is
// not followed. Errors begin with `label`.
Result<Fd> open_for_writing(const std::string& label, const std::string& path, bool append);

}  // namespace tracee
