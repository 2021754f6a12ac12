// SPDX-License-Identifier: Apache-2.0
// A sink with a peer that may be slow, or gone: it has a thread, and a queue before
// it. Promises: the worker never waits for the peer (unless `when-full=block`);
// memory stays within the queue's bound; every event is written or counted as
// dropped; at the end what waits is delivered as long as that makes progress.
//
// A kind of peer is a subclass: it delivers one block at a time, in its own time.
#pragma once

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "output/settings.h"
#include "output/sink/queue.h"
#include "output/sink/sink.h"

namespace tracee {

// What the app tells every sink.
struct SinkWorld {
  bool live = true;  // false: a replay, which can wait for its readers
  // Asked while the worker waits for room.
  bool (*stop_requested)() noexcept = nullptr;
};

// The options of every network sink: queue, when-full, drain.
struct NetworkSettings {
  size_t queue_bytes;
  WhenFull when_full;
  std::chrono::milliseconds drain;
  bool (*stop_requested)() noexcept;

  static NetworkSettings read(Settings& settings, const SinkWorld& world);
};

// How long to wait before trying again: twice as long each time, within bounds,
// and a little by chance, so that a fleet does not come back in step.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most);
  std::chrono::milliseconds next();
  void reset() { now_ = first_; }

 private:
  const std::chrono::milliseconds first_, most_;
  std::chrono::milliseconds now_;
  std::minstd_rand chance_;
};

class NetworkSink : public Sink {
 public:
  ~NetworkSink() override;

  // Starts the thread; once, when the object is complete.
  void start();

  void take(const Batch& batch) noexcept final;
  void close() noexcept final;
  void join() noexcept final;
  bool accepting() const noexcept override { return !queue_.full(); }
  SinkCounters counters() const noexcept override;

 protected:
  // `name`: how notices call the peer, with nothing secret.
  NetworkSink(std::string name, const NetworkSettings& settings);

  // The sink's thread calls what follows.

  // Delivers what is in the block, or as much of it as can be; counts each event by
  // delivered() or undeliverable(), now or, for who keeps a copy, until finish()
  // returns.
  virtual void deliver(const Batch& batch) = 0;
  // Each 100 ms when nothing waits.
  virtual void idle() {}
  // After the last block: what was sent and not yet confirmed.
  virtual void finish() {}

  void delivered(uint64_t events, uint64_t bytes) noexcept;
  void undeliverable(uint64_t events) noexcept { count_dropped(events); }

  // Sleeps; false: there is no time left, give up.
  bool pause(std::chrono::milliseconds time) noexcept;
  // The end was asked for, and nothing was delivered since for as long as `drain`.
  bool give_up() const noexcept;
  // How much longer give_up() will be false if nothing happens, for limits of waits.
  std::chrono::milliseconds patience() const noexcept;

  // Says that the peer does not take what it should, or does again: once each.
  void trouble(const std::string& what, std::string_view then = "trying again");
  void trouble_over();

  const std::string& name() const noexcept { return name_; }
  BlockQueue& queue() noexcept { return queue_; }

 private:
  void run() noexcept;
  // What the thread does; a server does otherwise.
  virtual void serve();

  const std::string name_;
  const NetworkSettings settings_;
  BlockQueue queue_;
  std::thread thread_;
  std::atomic<int64_t> progress_ns_ = 0;  // of the steady clock
  bool in_trouble_ = false;
  uint64_t dropped_before_ = 0;

 protected:
  void drop_the_rest() noexcept;
};

}  // namespace tracee
