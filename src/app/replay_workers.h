// SPDX-License-Identifier: Apache-2.0
// Several workers for the replay of one file. Each reads a chunk of packets in its turn
// and, on the way, decodes what needs the packets before (TCP streams, fragments): there
// is one table of those. The other events of the chunk, which are most, it makes beside
// the others. Chunks are written in the file's order.
//
// Promises: the bytes of each output and all counters are those of one worker. Nothing
// is allocated or locked per packet: locks are taken a few times per chunk. Packets and
// text stay with the worker that read them, because memory that two cores use in turn
// is slow; the streams alone go from one to the other.
//
// What looks at events in their order has no place here: limits, detectors, captures
// of packets. run_replay.cpp knows which those are.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "app/pipeline.h"
#include "base/arena.h"
#include "base/result.h"
#include "capture/replay.h"

namespace tracee {

// Makes a pipeline that selects and decodes like the one with the outputs, and has its
// streams.
using WorkerMaker = std::function<Result<std::unique_ptr<Pipeline>>()>;

// A chunk of packets on its way, and what is needed to make its events.
class ReplayLane final : private EventHandler {
 public:
  using Parts = std::vector<std::unique_ptr<Output>>;  // one of each output

  ReplayLane(std::unique_ptr<Pipeline> pipeline, Parts early, Parts whole);

  // The next chunk, and those of its events that need order. False: it is the last.
  bool read(ReplaySource& source) noexcept;
  // All of its events, in the order of its packets.
  void format() noexcept;
  // The outputs of `pipeline` and its counters get what the lane has.
  void hand_over(Pipeline& pipeline) noexcept;

  // What the source had counted when the chunk was read.
  const ReplayCounts& counts() const noexcept { return counts_; }
  uint64_t time_ns() const noexcept { return records_.empty() ? 0 : records_.back().time_ns; }

  size_t number = 0;   // of the chunk
  bool waits = false;  // to be handed over

 private:
  void on_event(const Event& event) noexcept override;
  bool has_room(const ReplaySource& source) const noexcept;
  void keep(Record& record, bool in_block) noexcept;

  std::unique_ptr<Pipeline> pipeline_;
  const bool has_order_;
  Parts early_, whole_;
  Parts* now_ = nullptr;     // where events go
  FileReader::Block block_;  // what was read of the file
  Arena bytes_;              // what would not stay there
  std::vector<Record> records_;
  size_t packet_bytes_ = 0;
  std::vector<size_t> ends_;  // of the early events of each record, in each output
  ReplayCounts counts_;
};

class ReplayWorkers {
 public:
  // `pipeline` has the outputs and gets the counters; it must outlive this. Errors: those
  // of `make`, and of files that formats read.
  static Result<std::unique_ptr<ReplayWorkers>> make(size_t count, Pipeline& pipeline,
                                                     const WorkerMaker& make);

  // Called after each chunk, by one worker at a time, with the lane that was written.
  // False: stop.
  using Written = std::function<bool(const ReplayLane& lane)>;
  // Reads the file, a regular one, to its end, until a stop is requested or `written`
  // says so. The caller's thread is one of the workers.
  void run(ReplaySource& source, const Written& written);

 private:
  ReplayWorkers(size_t count, Pipeline& pipeline) : count_(count), pipeline_(pipeline) {}

  void work(size_t worker, ReplaySource& source, const Written& written) noexcept;
  ReplayLane& free_lane(size_t worker) noexcept;
  // False: stop.
  bool deliver(ReplayLane& lane, const Written& written) noexcept;

  const size_t count_;
  Pipeline& pipeline_;
  // A worker's own beside each other.
  std::vector<std::unique_ptr<ReplayLane>> lanes_;

  std::mutex reading_;  // guards the source, the streams, and what follows
  size_t read_ = 0;     // chunks

  std::atomic<bool> at_end_ = false;  // nothing more is to be read

  std::mutex lock_;  // guards what follows, and ReplayLane::waits
  std::condition_variable freed_;
  std::vector<ReplayLane*> ready_;  // by number, modulo the lanes; null: not yet
  size_t written_ = 0;              // chunks
  bool writing_ = false;            // one of the workers does
};

}  // namespace tracee
