// SPDX-License-Identifier: Apache-2.0
// Events posted to a URL, several at a time.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "output/settings.h"
#include "output/sink/network.h"

namespace tracee {

Result<std::unique_ptr<Sink>> open_webhook_sink(const std::string& place, Settings& settings,
                                                const SinkWorld& world);

}  // namespace tracee
