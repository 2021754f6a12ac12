// SPDX-License-Identifier: Apache-2.0
// NATS JetStream: each event is a message, written when the stream has stored and
// acknowledged it. A message carries an id of its own, so that one that had to be
// sent twice is stored once. nats.cpp is the only file that knows the library.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "output/settings.h"
#include "output/sink/network.h"

namespace tracee {

Result<std::unique_ptr<Sink>> open_nats_sink(const std::string& place, Settings& settings,
                                             const SinkWorld& world);

}  // namespace tracee
