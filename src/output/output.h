// SPDX-License-Identifier: Apache-2.0
// One place events go: a filter, a format, a sink and what became of each event.
// Law, at the end: matched == written + dropped.
//
// `--output` is FORMAT[:FILE][?OPTIONS] for standard output and files, and
// KIND:PLACE[?OPTIONS] for what is reached over a network (kinds.h). The options
// are read by settings.h; docs/outputs.md lists them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "output/buffer.h"
#include "output/format/format.h"
#include "output/sink/network.h"
#include "output/sorter.h"

namespace tracee {

struct OutputCounters {
  uint64_t matched = 0;  // events given to write() that its filter keeps
  uint64_t written = 0;  // events whose bytes the sink delivered
  uint64_t dropped = 0;  // events lost: too big, refused, or no room in the queue
  SinkCounters sink;     // more of the same
};

// What `--output option:NAME` turns on, for all outputs.
struct OutputOptions {
  FormatOptions format;
  bool exec_path = false;  // the envelope has the executable's path
  bool sorted = false;     // by time, over a short while
  SinkWorld world;
  // Says which events an output's own `events=` and `filter=` keep.
  using Filter = std::function<bool(const Event&)>;
  std::function<Result<Filter>(const std::string& label, const std::string& events,
                               const std::string& filter)>
      make_filter;
};

// What a spec can begin with, for people and their completions.
std::vector<std::string> output_formats();

// Takes the `option:NAME` entries out of `specs`. Errors: an unknown option.
Result<OutputOptions> take_options(std::vector<std::string>& specs);

// Where the bytes of a spec go, without options; "": standard output. Two outputs
// must not have the same. "none" has no place.
std::string output_place(const std::string& spec);

class Output {
 public:
  // Errors: unknown format or option, a place that cannot be used, `none` with one.
  // `catalog` must outlive it.
  static Result<std::unique_ptr<Output>> open(const std::string& spec, const Catalog& catalog,
                                              const OutputOptions& options = {});
  ~Output();

  // Formats the event, if the filter keeps it; hands the bytes on when enough of
  // them wait. `always`: whatever the filter says.
  void write(const Event& event, bool always = false) noexcept;

  // A part of this output for one of several workers: the same events in the same form,
  // which wait until the output takes them. Belongs to one thread at a time. Errors: as
  // when the format was made.
  Result<std::unique_ptr<Output>> part() const;
  // Nothing of the output depends on the order in which events are formatted.
  bool has_parts() const noexcept { return !sorter_ && !form_.options.relative; }
  // Of a part: how much waits.
  size_t waiting_events() const noexcept { return marks_.size(); }
  size_t waiting_bytes() const noexcept { return buffer_.size(); }
  // Between parts: `from`'s waiting events [first, last) once more, behind what waits here.
  void copy(const Output& from, size_t first, size_t last) noexcept;
  // Of a part: what waits is forgotten, not what it was counted as.
  void clear() noexcept;
  // Hands on what waits in `part` and counts as its own what that has counted; it is
  // empty then. Does not copy.
  void take(Output& part) noexcept;

  // Writes what waits, but for what is sorted and still too young. Called each 100 ms.
  void flush() noexcept;
  // flush(), and what the sink does with time.
  void tick() noexcept;
  // SIGUSR1: files that were moved away are made anew.
  void reopen() noexcept;
  // The end: close() all outputs, then join() each.
  void close() noexcept;
  void join() noexcept;

  // Loss of this output that was not told yet: to the others, and to its own readers,
  // who are told when they can be reached again.
  uint64_t take_new_loss() noexcept;
  uint64_t take_owed_loss() noexcept;

  // The reader of a pipe has gone: nothing is wrong, and there is nothing left to do.
  bool reader_gone() const noexcept { return sink_ && sink_->reader_gone(); }
  // What is wrong and stays so; empty: nothing.
  std::string problem() const { return sink_ ? sink_->problem() : std::string(); }
  // What people should hear, each once.
  std::vector<std::string> take_notices();

  bool waiting() const noexcept { return buffer_.size() > 0; }
  bool is_stdout() const noexcept { return is_stdout_; }
  OutputCounters counters() const noexcept;
  // As given, without options and secrets.
  const std::string& name() const noexcept { return name_; }

 private:
  // How the format was made.
  struct Form {
    std::string name;  // "": none
    const Catalog* catalog = nullptr;
    FormatOptions options;
  };

  Output(std::string name, std::unique_ptr<Format> format, size_t capacity);
  void flush_sorted(uint64_t until_ns) noexcept;

  std::string name_;
  Form form_;
  std::unique_ptr<Format> format_;  // null: `none`
  std::unique_ptr<Sink> sink_;      // null: `none`, or a part
  OutputOptions::Filter filter_;    // empty: everything
  Header header_ = Header::None;
  size_t flush_bytes_ = 0;
  bool is_stdout_ = false, closed_ = false, is_part_ = false;
  Buffer buffer_;
  std::vector<Mark> marks_;  // of what is in the buffer; never grows
  std::optional<Sorter> sorter_;
  bool live_ = true;
  uint64_t matched_ = 0, too_big_ = 0;
  uint64_t told_loss_ = 0, owed_loss_ = 0;
};

}  // namespace tracee
