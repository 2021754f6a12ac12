// SPDX-License-Identifier: Apache-2.0
#include "output/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace tracee {
namespace {

// Flushed when this much waits. The capacity is address space, not memory: a
// DNS message of 64 KiB can print as megabytes of JSON, and must not allocate.
constexpr size_t kFlushBytes = 256 * 1024;
constexpr size_t kCapacity = 32 * 1024 * 1024;

constexpr std::string_view kOptionPrefix = "option:";

Result<Fd> open_file(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return fail(Exit::Usage, "--output: " + path + " is a directory", "name a file in it");
  }
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!fd) {
    return fail(Exit::RunTime, "--output: cannot open " + path + ": " + strerror(errno),
                "check that its folder exists and may be written to");
  }
  return fd;
}

}  // namespace

namespace {

struct NamedOption {
  std::string_view name;
  void (*set)(OutputOptions&);
};

constexpr NamedOption kOptions[] = {
    {"extended", [](OutputOptions& options) { options.format.extended = true; }},
    {"relative-time", [](OutputOptions& options) { options.format.relative = true; }},
    {"containers", [](OutputOptions& options) { options.format.columns = Columns::Containers; }},
    {"enriched", [](OutputOptions& options) { options.format.columns = Columns::Enriched; }},
    {"exec-path", [](OutputOptions& options) { options.exec_path = true; }},
};

// Options of the reference that ask for what a packet does not have.
constexpr std::string_view kNotForPackets[] = {"stack-addresses", "exec-env", "exec-hash",
                                               "parse-arguments", "parse-arguments-fds"};

tl::unexpected<Error> unknown_option(const std::string& name) {
  std::vector<std::string_view> names;
  std::string all;
  for (const NamedOption& known : kOptions) {
    names.push_back(known.name);
    all += (all.empty() ? "" : ", ") + std::string(known.name);
  }
  if (std::ranges::find(kNotForPackets, name) != std::end(kNotForPackets)) {
    return fail(Exit::Usage, "--output: option '" + name + "' has nothing to show",
                "it is about system calls; leave it out. The options are: " + all);
  }
  const std::string near = did_you_mean(name, names);
  return fail(Exit::Usage, "--output: unknown option '" + name + "'",
              near.empty() ? "the options are: " + all : near);
}

// As no-color.org has it: NO_COLOR counts when it is there and not empty.
bool wants_color(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return isatty(fd) == 1 && (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

}  // namespace

Result<OutputOptions> take_options(std::vector<std::string>& specs) {
  OutputOptions options;
  for (const std::string& spec : specs) {
    if (!spec.starts_with(kOptionPrefix)) continue;
    const std::string name = spec.substr(kOptionPrefix.size());
    const auto* known = std::ranges::find(kOptions, name, &NamedOption::name);
    if (known == std::end(kOptions)) return unknown_option(name);
    known->set(options);
  }
  std::erase_if(specs, [](const std::string& spec) { return spec.starts_with(kOptionPrefix); });
  return options;
}

Result<std::unique_ptr<Output>> Output::open(const std::string& spec, const Catalog& catalog,
                                             const OutputOptions& options) {
  const size_t colon = std::min(spec.find(':'), spec.size());
  const std::string name = spec.substr(0, colon);
  const bool has_path = colon < spec.size();
  const std::string path = has_path ? spec.substr(colon + 1) : "";
  if (name == "none" && has_path) {
    return fail(Exit::Usage, "--output: none writes nothing, so it takes no path",
                "write --output none");
  }
  if (has_path && path.empty()) {
    return fail(Exit::Usage, "--output: empty path in '" + spec + "'",
                "write --output " + name + ":FILE, or --output " + name + " for standard output");
  }
  std::unique_ptr<Format> format;
  if (name != "none") {
    FormatOptions wished = options.format;
    wished.color = !has_path && wants_color(STDOUT_FILENO);
    auto made = make_format(name, catalog, wished);
    if (!made) return forward(made);
    format = std::move(*made);
  }
  Fd file;
  if (has_path) {
    auto opened = open_file(path);
    if (!opened) return forward(opened);
    file = std::move(*opened);
  }
  return std::unique_ptr<Output>(new Output(spec, path, std::move(format), std::move(file)));
}

Output::Output(std::string spec, std::string path, std::unique_ptr<Format> format, Fd file)
    : spec_(std::move(spec)),
      path_(std::move(path)),
      format_(std::move(format)),
      owned_(std::move(file)),
      fd_(owned_ ? owned_.get() : STDOUT_FILENO),
      buffer_(kCapacity) {
  if (format_) format_->prologue(buffer_);
}

void Output::write(const Event& event) noexcept {
  ++counters_.matched;
  if (format_ == nullptr) {
    ++counters_.written;
    return;
  }
  if (reader_gone_ || !problem_.empty()) {
    ++counters_.dropped;
    return;
  }
  const size_t before = buffer_.size();
  format_->write(event, buffer_);
  if (buffer_.overflowed()) {
    buffer_.rewind(before);
    ++counters_.dropped;
    return;
  }
  ++waiting_events_;
  if (buffer_.size() >= kFlushBytes) flush();
}

void Output::flush() noexcept {
  std::string_view rest = buffer_.text();
  while (!rest.empty()) {
    const ssize_t taken = ::write(fd_, rest.data(), rest.size());
    if (taken >= 0) {
      rest.remove_prefix(static_cast<size_t>(taken));
    } else if (errno == EAGAIN) {
      // Somebody made the pipe non-blocking; we are not in a hurry.
      pollfd ready{fd_, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      fail_from(errno);
      break;
    }
  }
  // Every event ends its only newline, so what is whole can be counted.
  const auto lost = static_cast<uint64_t>(std::ranges::count(rest, '\n'));
  const uint64_t lost_events = std::min(lost, waiting_events_);
  counters_.written += waiting_events_ - lost_events;
  counters_.dropped += lost_events;
  waiting_events_ = 0;
  buffer_.clear();
}

void Output::fail_from(int error) noexcept {
  if (error == EPIPE) {
    reader_gone_ = true;
  } else {
    problem_ =
        "cannot write to " + (path_.empty() ? "standard output" : path_) + ": " + strerror(error);
  }
}

}  // namespace tracee
