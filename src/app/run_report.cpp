// SPDX-License-Identifier: Apache-2.0
// `tracee report FILE`: a capture goes through the pipeline and comes out as
// lines of JSON; a log has them already.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iostream>

#include "app/run.h"
#include "app/signals.h"
#include "app/summary.h"
#include "capture/replay.h"
#include "output/format/format.h"
#include "view/report.h"

namespace tracee {
namespace {

constexpr size_t kLineCapacity = size_t{32} << 20;  // of the longest event

// What the pipeline keeps, line by line.
class Lines final : public EventHandler {
 public:
  Lines(const Catalog& catalog, Report& report)
      : format_(make_json_format(catalog, true)), buffer_(kLineCapacity), report_(report) {}

  void on_event(const Event& event) noexcept override {
    buffer_.clear();
    format_->write(event, buffer_);
    (void)report_.add(buffer_.text());  // our own line is one
  }

 private:
  std::unique_ptr<Format> format_;
  Buffer buffer_;
  Report& report_;
};

bool is_log(const std::string& path) {
  if (path == "-") return true;
  std::ifstream file(path, std::ios::binary);
  return file.get() == '{';
}

// Bad lines are told, not fatal: a log may end in the middle of one.
Result<> read_log(const std::string& path, Report& report) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) {
      return fail(Exit::RunTime, "report: cannot open " + path + ": " + std::strerror(errno),
                  "name a capture file or a log of tracee --output json");
    }
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string line, complaint;
  uint64_t number = 0, bad = 0;
  while (!stop_requested() && std::getline(in, line)) {
    ++number;
    if (line.empty()) continue;
    if (const auto done = report.add(line); !done && bad++ == 0) {
      complaint = "line " + std::to_string(number) + ": " + done.error().what;
    }
  }
  if (bad > 0) say("report: " + std::to_string(bad) + " lines are left out; " + complaint);
  if (report.events() == 0 && bad > 0) {
    return fail(Exit::RunTime, "report: no line of " + path + " is an event",
                "write the log with tracee --output json");
  }
  return {};
}

Result<> read_capture(const std::string& path, const Catalog& catalog, Pipeline& pipeline,
                      Report& report) {
  auto opened = ReplaySource::open(path, stop_fd());
  if (!opened) return forward(opened);
  Lines lines(catalog, report);
  pipeline.show_to(&lines);
  Record record;
  while (!stop_requested() && (*opened)->next(record) == ReplaySource::Next::Packet) {
    pipeline.on_record(record);
  }
  if (const std::string problem = (*opened)->problem(); !problem.empty()) say("report: " + problem);
  return {};
}

Result<> write_page(const std::string& page, const std::string& path) {
  // Not through a link that somebody laid in a shared folder.
  const Fd file(path.empty() ? -1
                             : ::open(path.c_str(),
                                      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!path.empty() && !file) {
    return fail(Exit::RunTime, "report: cannot open " + path + ": " + std::strerror(errno),
                "check that its folder exists and may be written to");
  }
  const int fd = path.empty() ? STDOUT_FILENO : file.get();
  for (std::string_view rest = page; !rest.empty();) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return fail(Exit::RunTime, std::string("report: cannot write: ") + std::strerror(errno),
                  "check the free space");
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Result<> run_report(const Options& options, const Catalog& catalog, Pipeline& pipeline) {
  if (options.report_to.empty() && isatty(STDOUT_FILENO) != 0) {
    return fail(Exit::Usage, "report: the page would go to the terminal",
                "name a file: tracee report FILE --to report.html");
  }
  const bool of_log = is_log(options.input);
  if (of_log && options.redaction.any()) {
    return fail(Exit::Usage, "--redact: report shows a log as it was written",
                "name a capture, or write the log with --redact");
  }
  Report report;
  auto read = of_log ? read_log(options.input, report)
                     : read_capture(options.input, catalog, pipeline, report);
  if (!read) return read;
  return write_page(report.html(options.input == "-" ? "standard input" : options.input),
                    options.report_to);
}

}  // namespace tracee
