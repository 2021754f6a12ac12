// SPDX-License-Identifier: Apache-2.0
// Events as plugins see them: the structs of the public header, made from the
// event tables. An event is turned once, when the first plugin asks, whoever
// else asks then; its memory is the arena's.
#pragma once

#include "base/arena.h"
#include "event/finding.h"
#include "tracee/detector.h"

namespace tracee {

class ApiEvents {
 public:
  explicit ApiEvents(Arena& arena) : arena_(arena) {}

  // Forgets what it has made: the arena is about to be reset.
  void reset() noexcept { last_spec_ = nullptr; }

  // What does not fit the arena is left out.
  const detection::Event& of(const Event& event) noexcept;

 private:
  std::span<const detection::EventValue> values(const EventSpec& spec, const void* data,
                                                const Context* context) noexcept;
  const detection::DetectedFrom* from(const DetectedFrom* source) noexcept;

  Arena& arena_;
  const void* last_data_ = nullptr;
  const EventSpec* last_spec_ = nullptr;
  const Finding* last_finding_ = nullptr;
  detection::Event made_{};
};

detection::Process api_process(const Context& context) noexcept;
detection::Container api_container(const Context& context) noexcept;

}  // namespace tracee
