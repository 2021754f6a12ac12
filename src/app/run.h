// SPDX-License-Identifier: Apache-2.0
// The two loops: packets of the kernel, packets of a file.
#pragma once

#include "app/command.h"
#include "app/options.h"
#include "app/pipeline.h"
#include "app/replay_workers.h"

namespace tracee {

// Reads the policies again when SIGHUP asked for it, and makes files anew when
// SIGUSR1 did; says what came of it. `apply` is for Pipeline::reload().
void serve_requests(Pipeline& pipeline, const Pipeline::Apply& apply = {});

// Somebody who watches a live trace, on the worker's thread.
class Companion {
 public:
  // What wakes the loop for it.
  virtual int fd() const noexcept = 0;
  // When it wants to be called again at the latest; ms of CLOCK_MONOTONIC.
  virtual int64_t due_ms() const noexcept = 0;
  // The trace has begun. `apply` is for Pipeline::reload(), for as long as it lasts.
  virtual void begin(const Pipeline::Apply& apply) = 0;
  // Called after each drained batch. `lost`: packets so far. False: it has seen enough.
  virtual bool tend(int64_t now_ms, uint64_t lost) = 0;
  // The trace is over; what is said next goes to the terminal as it was.
  virtual void end() = 0;

 protected:
  ~Companion() = default;
};

// Traces until a signal, the limit, the time, the last reader's end, or that of
// `command` (null: none), which is started once all is attached.
Result<> run_live(const Options& options, Pipeline& pipeline, Companion* companion = nullptr,
                  Command* command = nullptr);

// `tracee top`: traffic on the terminal, live or from a file. `make` makes a
// pipeline without outputs for a selection; `processes`: see Selection::parse().
Result<> run_top(const Options& options, const Wishes& wishes, const Catalog& catalog,
                 const ProcessTree* processes,
                 const std::function<std::unique_ptr<Pipeline>(Selection)>& make);

// `tracee report`: a page of a capture, through `pipeline`, or of a log of events.
Result<> run_report(const Options& options, const Catalog& catalog, Pipeline& pipeline);

// `tracee detectors test`: the findings of options.detectors in captures, as JSON on
// standard output; whether they are as the files expect, on standard error. 1: not.
Result<int> test_detectors(const Options& options, const DecodeOptions& decode);

// Replays a file. A reader that is slow slows the replay; nothing is lost. `make` makes
// pipelines for more than one worker, which write the same.
Result<> run_replay(const Options& options, Pipeline& pipeline, const WorkerMaker& make);

}  // namespace tracee
