// SPDX-License-Identifier: Apache-2.0
#include "output/sink/sink.h"

#include <utility>

namespace tracee {

SinkCounters Sink::counters() const noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  SinkCounters out;
  out.written = written_.load(kRelaxed);
  out.dropped = dropped_.load(kRelaxed);
  out.written_bytes = written_bytes_.load(kRelaxed);
  out.failures = failures_.load(kRelaxed);
  out.connections = connections_.load(kRelaxed);
  return out;
}

void Sink::notice(std::string text) noexcept {
  constexpr size_t kMost = 16;
  const std::lock_guard lock(notices_lock_);
  if (notices_.size() >= kMost) notices_.erase(notices_.begin());
  notices_.push_back(std::move(text));
  has_notices_.store(true, std::memory_order_release);
}

std::vector<std::string> Sink::take_notices() {
  if (!has_notices_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(notices_lock_);
  has_notices_.store(false, std::memory_order_relaxed);
  return std::exchange(notices_, {});
}

}  // namespace tracee
