// SPDX-License-Identifier: Apache-2.0
// Fluent forward: what Fluentd and Fluent Bit take on port 24224. An event is the
// record {"event": "<the event's text>"} at the packet's time. With `requireAck`
// every chunk of events is sent until the peer has confirmed it. forward.cpp is the
// only file that knows msgpack.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "output/settings.h"
#include "output/sink/network.h"

namespace tracee {

Result<std::unique_ptr<Sink>> open_forward_sink(const std::string& place, Settings& settings,
                                                const SinkWorld& world);

}  // namespace tracee
