// SPDX-License-Identifier: Apache-2.0
// One place events go: a format, a file and what became of each event. Law:
// matched == written + dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "output/buffer.h"
#include "output/format/format.h"

namespace tracee {

struct OutputCounters {
  uint64_t matched = 0;  // events given to write()
  uint64_t written = 0;  // events whose bytes the file took
  uint64_t dropped = 0;  // events lost: too big, or the file refused them
};

// What `--output option:NAME` turns on, for all outputs.
struct OutputOptions {
  FormatOptions format;
  bool exec_path = false;  // the envelope has the executable's path
};

// Takes the `option:NAME` entries out of `specs`. Errors: an unknown option.
Result<OutputOptions> take_options(std::vector<std::string>& specs);

class Output {
 public:
  // `spec`: FORMAT or FORMAT:PATH, of format_names() and `none`. Without a path
  // bytes go to standard output. Errors: unknown format, a path that cannot be
  // opened, `none` with a path.
  static Result<std::unique_ptr<Output>> open(const std::string& spec, const Catalog& catalog,
                                              const OutputOptions& options = {});

  // Formats the event; hands the bytes on when enough of them wait.
  void write(const Event& event) noexcept;

  // Writes what waits. Called each 100 ms and at the end.
  void flush() noexcept;

  // The reader of standard output has gone (a closed pipe): nothing is wrong,
  // and there is nothing left to do.
  bool reader_gone() const noexcept { return reader_gone_; }
  // A write failed for another reason; empty: none did.
  const std::string& problem() const noexcept { return problem_; }

  bool waiting() const noexcept { return buffer_.size() > 0; }
  bool is_stdout() const noexcept { return path_.empty() && format_ != nullptr; }
  const OutputCounters& counters() const noexcept { return counters_; }
  const std::string& name() const noexcept { return spec_; }

 private:
  Output(std::string spec, std::string path, std::unique_ptr<Format> format, Fd file);
  void fail_from(int error) noexcept;

  std::string spec_, path_;
  std::unique_ptr<Format> format_;  // null: `none`
  Fd owned_;
  int fd_ = -1;
  Buffer buffer_;
  uint64_t waiting_events_ = 0;
  OutputCounters counters_;
  bool reader_gone_ = false;
  std::string problem_;
};

}  // namespace tracee
