// SPDX-License-Identifier: Apache-2.0
// What is said on standard error: the line scripts wait for, warnings, and the
// account at the end.
#pragma once

#include <string_view>

#include "app/pipeline.h"
#include "base/result.h"
#include "capture/replay.h"
#include "wire/wire.h"

namespace tracee {

void say(std::string_view text);
void say_error(const Error& error);

// What outputs have to say since the last call.
void say_notices(const Pipeline& pipeline);

// The account of a live run, and of a replay.
void say_summary(const wire_counters& kernel, const wire_news_counters& news,
                 const Pipeline& pipeline);
void say_summary(const ReplayCounts& file, const Pipeline& pipeline);

}  // namespace tracee
