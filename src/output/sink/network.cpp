// SPDX-License-Identifier: Apache-2.0
#include "output/sink/network.h"

#include <poll.h>

#include <algorithm>

#include "base/thread.h"

namespace tracee {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kIdle{100};

int64_t now_ns() noexcept { return Clock::now().time_since_epoch().count(); }

}  // namespace

NetworkSettings NetworkSettings::read(Settings& settings, const SinkWorld& world) {
  static constexpr std::string_view kPolicies[] = {"block", "drop-newest", "drop-oldest"};
  NetworkSettings out;
  out.queue_bytes = settings.bytes("queue", 16 * kBlockBytes, 2 * kBlockBytes, 16384 * kBlockBytes);
  out.when_full =
      static_cast<WhenFull>(settings.choice("when-full", kPolicies, world.live ? 1 : 0));
  out.drain = settings.time("drain", std::chrono::seconds(10), milliseconds(0));
  out.stop_requested = world.stop_requested;
  return out;
}

Backoff::Backoff(milliseconds first, milliseconds most)
    : first_(first), most_(most), now_(first), chance_(std::random_device{}()) {}

milliseconds Backoff::next() {
  const milliseconds out = now_;
  now_ = std::min(now_ * 2, most_);
  std::uniform_int_distribution<int64_t> part(out.count() * 3 / 4, out.count());
  return milliseconds(part(chance_));
}

NetworkSink::NetworkSink(std::string name, const NetworkSettings& settings)
    : name_(std::move(name)),
      settings_(settings),
      queue_(settings.queue_bytes, settings.when_full),
      progress_ns_(now_ns()) {}

// The subclass's part is gone by now: close() and join() must have been called.
NetworkSink::~NetworkSink() {
  if (thread_.joinable()) std::terminate();
}

void NetworkSink::start() {
  thread_ = start_thread([this] { run(); });
}

void NetworkSink::take(const Batch& batch) noexcept {
  const auto go_on = [this] {
    if (settings_.stop_requested == nullptr || !settings_.stop_requested()) return true;
    // The end was asked for while the queue was full: as long as there is progress.
    return now_ns() - progress_ns_.load(std::memory_order_relaxed) <
           std::chrono::nanoseconds(settings_.drain).count();
  };
  const uint64_t dropped = queue_.push(batch, go_on);
  if (dropped > 0) count_dropped(dropped);
}

void NetworkSink::close() noexcept {
  progress_ns_.store(now_ns(), std::memory_order_relaxed);
  queue_.close();
}

void NetworkSink::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

SinkCounters NetworkSink::counters() const noexcept {
  SinkCounters out = Sink::counters();
  out.queue_events = queue_.events();
  out.queue_bytes = queue_.bytes();
  out.queue_limit_bytes = queue_.limit_bytes();
  return out;
}

void NetworkSink::delivered(uint64_t events, uint64_t bytes) noexcept {
  progress_ns_.store(now_ns(), std::memory_order_relaxed);
  count_written(events, bytes);
}

milliseconds NetworkSink::patience() const noexcept {
  if (!queue_.closed()) return milliseconds::max();
  const auto idle = std::chrono::nanoseconds(now_ns() - progress_ns_.load());
  return std::max(settings_.drain - std::chrono::duration_cast<milliseconds>(idle),
                  milliseconds(0));
}

bool NetworkSink::give_up() const noexcept { return patience() == milliseconds(0); }

bool NetworkSink::pause(milliseconds time) noexcept {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) {
    if (give_up()) return false;
    std::this_thread::sleep_for(std::min(kIdle, time));
  }
  return !give_up();
}

void NetworkSink::trouble(const std::string& what, std::string_view then) {
  count_failure();
  if (in_trouble_) return;
  in_trouble_ = true;
  dropped_before_ = dropped();
  notice(name_ + ": " + what + "; " + std::string(then));
}

void NetworkSink::trouble_over() {
  if (!in_trouble_) return;
  in_trouble_ = false;
  notice(name_ + ": in order again; " + std::to_string(dropped() - dropped_before_) +
         " events were dropped meanwhile");
}

void NetworkSink::run() noexcept {
  serve();
  drop_the_rest();
}

void NetworkSink::serve() {
  for (;;) {
    Block* block = queue_.pop();
    if (block != nullptr) {
      deliver(block->batch());
      queue_.give_back(block);
    } else if (queue_.closed()) {
      break;
    } else {
      pollfd ready{queue_.ready_fd(), POLLIN, 0};
      if (poll(&ready, 1, static_cast<int>(kIdle.count())) == 0) idle();
    }
    if (give_up()) break;
  }
  finish();
}

void NetworkSink::drop_the_rest() noexcept {
  while (Block* block = queue_.pop()) {
    count_dropped(block->events());
    queue_.give_back(block);
  }
}

}  // namespace tracee
