// SPDX-License-Identifier: Apache-2.0
// Kafka, by librdkafka: each event is a message, written when the brokers have
// acknowledged it. Idempotent: a message that had to be sent twice is stored once,
// and messages of one key keep their order. kafka.cpp is the only file that knows
// the library.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "output/settings.h"
#include "output/sink/network.h"

namespace tracee {

Result<std::unique_ptr<Sink>> open_kafka_sink(const std::string& place, Settings& settings,
                                              const SinkWorld& world);

}  // namespace tracee
