// SPDX-License-Identifier: Apache-2.0
// The two loops: packets of the kernel, packets of a file.
#pragma once

#include "app/options.h"
#include "app/pipeline.h"

namespace tracee {

// Reads the policies again when SIGHUP asked for it; says what came of it.
// `apply` is for Pipeline::reload().
void reload_if_asked(Pipeline& pipeline, const Pipeline::Apply& apply = {});

// Traces until a signal, the limit, the time, or the last reader's end.
Result<> run_live(const Options& options, Pipeline& pipeline);

// Replays a file. A reader that is slow slows the replay; nothing is lost.
Result<> run_replay(const Options& options, Pipeline& pipeline);

}  // namespace tracee
