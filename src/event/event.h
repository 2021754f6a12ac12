// SPDX-License-Identifier: Apache-2.0
// One kind of event, and one event.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "event/context.h"
#include "event/field.h"

namespace tracee {

struct Property {
  std::string_view name, value;
};

// What a detector's event warns of.
struct Threat {
  std::string_view name;
  uint8_t severity;                    // 0 info, 1 low, 2 medium, 3 high, 4 critical
  std::string_view technique, tactic;  // of MITRE ATT&CK: an id, a name
  std::string_view technique_name{};
  std::string_view description{};
  std::span<const Property> properties{};
};

struct Finding;

struct EventSpec {
  uint32_t id;
  std::string_view name;
  std::string_view version;  // of the argument list
  std::span<const std::string_view> sets;
  std::span<const Field> fields;  // the arguments, in order
  std::string_view summary;
  std::string_view example;  // a command that shows it
  // Of a detector's event.
  bool is_finding = false;
  const Threat* threat = nullptr;
  std::span<const std::string_view> tags{};
};

// Without policies everything is selected by one that has no name.
inline constexpr std::string_view kCommandLine[] = {""};

// Passed by reference, never stored: everything it points to dies when the
// handler returns. `data` is the struct that the spec's fields read.
struct Event {
  const EventSpec* spec;
  const Context* context;
  const void* data;
  // Who selected it: bit n stands for policy_names[n].
  uint64_t policies = 1;
  std::span<const std::string_view> policy_names = kCommandLine;
  const Finding* finding = nullptr;  // finding.h; of detectors' events only
};

// Called for each event, on the worker's thread. Must not block or throw.
class EventHandler {
 public:
  virtual void on_event(const Event& event) noexcept = 0;

 protected:
  ~EventHandler() = default;
};

}  // namespace tracee
