// SPDX-License-Identifier: Apache-2.0
// What the JSON of a finding has that of other events has not.
#pragma once

#include "event/finding.h"
#include "output/buffer.h"
#include "output/format/v1_data.h"

namespace tracee {

// How many of its fields a finding has.
size_t finding_size(const Event& event) noexcept;

// The default dialect's `[…]` of the arguments, `,"metadata":{…}` and, where the
// finding has them, `,"threat":{…}` and `,"detected_from":{…}`.
void put_finding(const Event& event, V1Data& data, Buffer& out) noexcept;

// The last two, which both dialects have.
void put_threat_and_source(const Event& event, V1Data& data, Buffer& out) noexcept;

}  // namespace tracee
