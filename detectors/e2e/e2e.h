// SPDX-License-Identifier: Apache-2.0
// What the end-to-end detectors have in common: each watches one event for what
// its script does, and says nothing but that it has seen it. The addresses are
// those of the test network, a cable between the host and a namespace.
#pragma once

#include <tracee/detector.h>

namespace e2e {

using namespace tracee::detection;

inline constexpr std::string_view kHost = "172.16.17.1";
inline constexpr std::string_view kSpace = "172.16.17.2";
inline constexpr std::string_view kHost6 = "fd6e:a63d:71f:2f4::1";
inline constexpr std::string_view kSpace6 = "fd6e:a63d:71f:2f4::2";

inline DetectorDefinition definition_of(const std::string& id, const std::string& event) {
  return {.id = id,
          .requirements = {.events = {{.name = event}}},
          .produced_event = {.name = id,
                             .description = "End-to-end test: " + event,
                             .version = {0, 1, 0},
                             .tags = {"e2e", "net"}},
          .auto_populate = {.threat = true, .detected_from = true}};
}

inline std::string_view text(const Event& event, std::string_view field) {
  return *event.get<std::string_view>(field);
}
inline bool between(const Event& event, std::string_view src, std::string_view dst) {
  return text(event, "src") == src && text(event, "dst") == dst;
}

}  // namespace e2e
