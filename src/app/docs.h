// SPDX-License-Identifier: Apache-2.0
// The verb `docs`: manual pages and completions, on standard output or into a folder.
#pragma once

#include "app/options.h"
#include "base/result.h"
#include "event/catalog.h"

namespace tracee {

// One page goes to standard output: the one that was named, else the first. With
// --to all go below that folder, which is made. Dates are those of
// SOURCE_DATE_EPOCH, if set (https://reproducible-builds.org).
Result<> write_docs(const Options& options, const Catalog& catalog);

}  // namespace tracee
