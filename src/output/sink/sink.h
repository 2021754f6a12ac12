// SPDX-License-Identifier: Apache-2.0
// Where bytes go. The worker hands over batches of whole events; a sink writes
// each event or drops it, now or later, and counts which. Law, at the end:
// events taken == written + dropped.
//
// A sink never speaks: what people should hear are its notices, which the app
// collects and says.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "output/batch.h"

namespace tracee {

struct SinkCounters {
  uint64_t written = 0, dropped = 0;  // events
  uint64_t written_bytes = 0;
  uint64_t queue_events = 0, queue_bytes = 0, queue_limit_bytes = 0;
  uint64_t failures = 0;        // attempts that did not succeed: a write, a request, a connection
  uint64_t connections = 0;     // made, first and later ones
  uint64_t reader_dropped = 0;  // unix: events that single slow readers did not get
};

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  // The worker's thread calls what follows.

  // The batch dies when this returns. Does not allocate.
  virtual void take(const Batch& batch) noexcept = 0;
  // Each 100 ms.
  virtual void tick() noexcept {}
  // SIGUSR1: a file that was moved away is made anew.
  virtual void reopen() noexcept {}
  // No take() follows. What waits may still be delivered, until join() returns.
  virtual void close() noexcept {}
  virtual void join() noexcept {}

  // False: nobody is there to take events, so none need be made.
  virtual bool wanted() const noexcept { return true; }
  // What is given now will probably not be dropped.
  virtual bool accepting() const noexcept { return true; }
  // The reader of a pipe has gone: nothing is wrong, and nothing left to do.
  virtual bool reader_gone() const noexcept { return false; }
  // Not empty: at the end, what is wrong still.
  virtual std::string problem() const { return {}; }

  virtual Header header() const noexcept { return Header::None; }
  virtual SinkCounters counters() const noexcept;

  // What to tell people, oldest first; each is told once. Any thread.
  std::vector<std::string> take_notices();

 protected:
  // Any thread. Forgets what is more than people can read.
  void notice(std::string text) noexcept;

  void count_written(uint64_t events, uint64_t bytes) noexcept {
    written_.fetch_add(events, std::memory_order_relaxed);
    written_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void count_dropped(uint64_t events) noexcept {
    dropped_.fetch_add(events, std::memory_order_relaxed);
  }
  void count_failure() noexcept { failures_.fetch_add(1, std::memory_order_relaxed); }
  void count_connection() noexcept { connections_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> written_ = 0, dropped_ = 0, written_bytes_ = 0, failures_ = 0,
                        connections_ = 0;
  std::mutex notices_lock_;
  std::vector<std::string> notices_;
  std::atomic<bool> has_notices_ = false;
};

}  // namespace tracee
