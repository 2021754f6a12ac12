// SPDX-License-Identifier: Apache-2.0
// zstd. compress.cpp is the only file that knows it.
#pragma once

#include <string>

namespace tracee {

// Writes `to`, which must not exist, with the permissions of `from`. Returns what
// went wrong; empty: nothing. `sync`: it is on the disk when this returns.
std::string compress_file(const std::string& from, const std::string& to, bool sync);

}  // namespace tracee
