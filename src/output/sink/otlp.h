// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry logs over HTTP, in the protocol's JSON encoding: what a collector
// takes at /v1/logs. An event is a log record at the packet's time, whose body is
// the event's text.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "output/settings.h"
#include "output/sink/network.h"

namespace tracee {

Result<std::unique_ptr<Sink>> open_otlp_sink(const std::string& place, Settings& settings,
                                             const SinkWorld& world);

}  // namespace tracee
