// SPDX-License-Identifier: Apache-2.0
#include "output/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "output/header.h"
#include "output/sink/file.h"
#include "output/sink/kinds.h"

namespace tracee {
namespace {

// Handed on when this much waits. The capacity is address space, not memory: a
// DNS message of 64 KiB can print as megabytes of JSON, and must not allocate.
constexpr size_t kFlushBytes = 256 * 1024;
constexpr size_t kNetworkFlushBytes = 64 * 1024;
constexpr size_t kCapacity = 32 * 1024 * 1024;
constexpr size_t kMarks = 8192;
constexpr size_t kSortedMarks = 65'536;
// What a chunk of packets can become (replay_workers.h), the worst DNS messages too.
constexpr size_t kPartCapacity = 128 * 1024 * 1024;
constexpr size_t kPartMarks = 65'536;

constexpr std::string_view kOptionPrefix = "option:";
constexpr std::string_view kLabel = "--output";

struct NamedOption {
  std::string_view name;
  void (*set)(OutputOptions&);
};

constexpr NamedOption kOptions[] = {
    {"extended", [](OutputOptions& options) { options.format.extended = true; }},
    {"relative-time", [](OutputOptions& options) { options.format.relative = true; }},
    {"containers", [](OutputOptions& options) { options.format.columns = Columns::Containers; }},
    {"enriched", [](OutputOptions& options) { options.format.columns = Columns::Enriched; }},
    {"sort-events", [](OutputOptions& options) { options.sorted = true; }},
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

// NAME[:PLACE][?OPTIONS]
struct Spec {
  std::string name, place, options;
  bool has_place = false;
};

Spec split(const std::string& text) {
  Spec out;
  auto [head, options] = split_options(text);
  out.options = std::move(options);
  const size_t colon = std::min(head.find(':'), head.size());
  out.name = head.substr(0, colon);
  out.has_place = colon < head.size();
  if (out.has_place) out.place = head.substr(colon + 1);
  return out;
}

// A `?` in the name of a file, which would begin the options.
std::string file_name(std::string place) {
  constexpr std::string_view kMark = "%3F";
  for (size_t at = place.find(kMark); at != place.npos; at = place.find(kMark, at + 1)) {
    place.replace(at, kMark.size(), "?");
  }
  return place;
}

const SinkKind* find_kind(std::string_view name) {
  const auto kinds = sink_kinds();
  const auto found = std::ranges::find(kinds, name, &SinkKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

bool is_format(std::string_view name) {
  const auto names = format_names();
  return name == "none" || std::ranges::find(names, name.substr(0, name.find('='))) != names.end();
}

// Everything a spec can begin with.
std::vector<std::string_view> spec_names() {
  const auto formats = format_names();
  std::vector<std::string_view> names(formats.begin(), formats.end());
  names.insert(names.end(), {"pcapng", "none"});  // packets are the capture's
  for (const SinkKind& kind : sink_kinds()) names.push_back(kind.name);
  return names;
}

tl::unexpected<Error> unknown_format(const std::string& name) {
  const auto names = spec_names();
  std::string near = did_you_mean(name, names);
  if (name.starts_with("gotemplate")) near = "templates are Mustache: --output template=FILE";
  std::string all;
  for (const std::string_view known : names) {
    all += (all.empty() ? "" : known == names.back() ? " and " : ", ") + std::string(known);
  }
  return fail(Exit::Usage, "--output: unknown format '" + name + "'",
              near.empty() ? "formats are " + all : near);
}

std::string prologue_of(Format& format) {
  constexpr size_t kMost = 4096;
  Buffer buffer(kMost);
  format.prologue(buffer);
  return std::string(buffer.text());
}

}  // namespace

std::vector<std::string> output_formats() {
  const auto names = spec_names();
  std::vector<std::string> out(names.begin(), names.end());
  for (const NamedOption& option : kOptions) {
    out.push_back(std::string(kOptionPrefix) + std::string(option.name));
  }
  return out;
}

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

std::string output_place(const std::string& spec) {
  const Spec parts = split(spec);
  return find_kind(parts.name) != nullptr ? parts.name + ":" + parts.place : parts.place;
}

Result<std::unique_ptr<Output>> Output::open(const std::string& spec, const Catalog& catalog,
                                             const OutputOptions& options) {
  const Spec parts = split(spec);
  const SinkKind* kind = find_kind(parts.name);
  if (kind == nullptr && !is_format(parts.name)) return unknown_format(parts.name);
  if (parts.name == "none" && (parts.has_place || !parts.options.empty())) {
    return fail(Exit::Usage, "--output: none writes nothing, so it takes no path",
                "write --output none");
  }
  if (kind != nullptr && kind->open == nullptr) {
    return fail(Exit::Usage, "--output: this build has no " + parts.name,
                "build with -D" + std::string(kind->option) + "=ON");
  }
  if (kind != nullptr && parts.place.empty()) {
    return fail(Exit::Usage, "--output: " + parts.name + " without its place",
                "write --output " + std::string(kind->form));
  }
  if (parts.has_place && parts.place.empty()) {
    return fail(Exit::Usage, "--output: empty path in '" + spec + "'",
                "write --output " + parts.name + ":FILE, or --output " + parts.name +
                    " for standard output");
  }
  std::string name = parts.name;
  if (parts.has_place) name += ":" + redacted(parts.place);
  Settings settings(std::string(kLabel) + " " + name, parts.options);

  const std::string events = settings.text("events"), filter = settings.text("filter");
  OutputOptions::Filter keeps;
  if (options.make_filter && !(events.empty() && filter.empty())) {
    auto made = options.make_filter(std::string(kLabel) + " " + name, events, filter);
    if (!made) return forward(made);
    keeps = std::move(*made);
  }
  Form form;
  std::unique_ptr<Format> format;
  if (parts.name != "none") {
    form = {kind == nullptr ? parts.name : settings.text("format", "json"), &catalog,
            options.format};
    form.options.color = kind == nullptr && !parts.has_place && wants_color(STDOUT_FILENO);
    auto made = make_format(form.name, catalog, form.options);
    if (!made) return forward(made);
    format = std::move(*made);
  }

  std::unique_ptr<Output> output(
      new Output(std::move(name), std::move(format), form.name.empty() ? 0 : kCapacity));
  output->form_ = std::move(form);
  output->filter_ = std::move(keeps);
  if (output->format_ == nullptr) return output;
  auto sink = kind != nullptr
                  ? kind->open(parts.place, settings, options.world)
                  : open_file_sink(file_name(parts.place), prologue_of(*output->format_), settings);
  if (!sink) return forward(sink);
  output->sink_ = std::move(*sink);
  output->header_ = output->sink_->header();
  output->is_stdout_ = kind == nullptr && !parts.has_place;
  output->live_ = options.world.live;
  if (options.sorted) {
    output->sorter_.emplace(kSortedMarks, kCapacity);
    output->marks_.reserve(kSortedMarks);
  }
  output->flush_bytes_ = kind != nullptr ? kNetworkFlushBytes : kFlushBytes;
  return output;
}

Output::Output(std::string name, std::unique_ptr<Format> format, size_t capacity)
    : name_(std::move(name)), format_(std::move(format)), buffer_(capacity) {
  marks_.reserve(kMarks);
}

Result<std::unique_ptr<Output>> Output::part() const {
  std::unique_ptr<Format> format;
  if (format_) {
    auto made = make_format(form_.name, *form_.catalog, form_.options);
    if (!made) return forward(made);
    format = std::move(*made);
  }
  std::unique_ptr<Output> part(new Output(name_, std::move(format), format_ ? kPartCapacity : 0));
  part->filter_ = filter_;
  part->header_ = header_;
  part->is_part_ = true;
  part->marks_.reserve(kPartMarks);
  return part;
}

void Output::copy(const Output& from, size_t first, size_t last) noexcept {
  const Batch batch{from.buffer_.text(), from.marks_};
  for (size_t i = first; i < last; ++i) {
    const size_t begin = batch.begin_of(i), here = buffer_.size();
    const Mark mark = batch.marks[i];
    buffer_.put(batch.bytes.substr(begin, mark.end - begin));
    if (buffer_.overflowed()) {
      buffer_.rewind(here);
      ++too_big_;
      continue;
    }
    marks_.push_back({static_cast<uint32_t>(here + mark.body - begin),
                      static_cast<uint32_t>(here + mark.end - begin)});
  }
}

void Output::clear() noexcept {
  marks_.clear();
  buffer_.clear();
}

void Output::take(Output& part) noexcept {
  const bool wanted = !sink_ || sink_->wanted();
  if (wanted) {
    matched_ += part.matched_;
    too_big_ += part.too_big_;
    if (!part.marks_.empty()) {
      flush();
      sink_->take({part.buffer_.text(), part.marks_});
    }
  }
  part.matched_ = part.too_big_ = 0;
  part.clear();
}

Output::~Output() {
  close();
  join();
}

void Output::write(const Event& event, bool always) noexcept {
  if (filter_ && !always && !filter_(event)) return;
  if (sink_ && !sink_->wanted()) return;
  ++matched_;
  if (format_ == nullptr) return;
  const size_t before = buffer_.size();
  put_header(header_, event, buffer_);
  const size_t body = buffer_.size();
  format_->write(event, buffer_);
  if (buffer_.overflowed()) {
    buffer_.rewind(before);
    ++too_big_;
    return;
  }
  marks_.push_back({static_cast<uint32_t>(body), static_cast<uint32_t>(buffer_.size())});
  if (sorter_) {
    sorter_->add(event.context->time_ns);
    if (sorter_->full(buffer_)) flush_sorted(sorter_->settled(0));
    return;
  }
  if (is_part_) return;
  if (buffer_.size() >= flush_bytes_ || marks_.size() == kMarks) flush();
}

void Output::flush() noexcept {
  if (sorter_)
    return flush_sorted(closed_ ? UINT64_MAX
                                : sorter_->settled(live_ ? clock_ns(CLOCK_REALTIME) : 0));
  if (sink_ && !marks_.empty()) sink_->take({buffer_.text(), marks_});
  clear();
}

void Output::flush_sorted(uint64_t until_ns) noexcept {
  if (marks_.empty()) return;
  const Batch batch = sorter_->take(buffer_, marks_, until_ns);
  if (batch.size() > 0) sink_->take(batch);
}

void Output::tick() noexcept {
  flush();
  if (sink_) sink_->tick();
}

void Output::reopen() noexcept {
  flush();
  if (sink_) sink_->reopen();
}

void Output::close() noexcept {
  if (closed_) return;
  closed_ = true;
  flush();
  if (sink_) sink_->close();
}

void Output::join() noexcept {
  if (sink_) sink_->join();
}

OutputCounters Output::counters() const noexcept {
  OutputCounters out;
  out.matched = matched_;
  if (!sink_) {
    out.written = matched_;
    return out;
  }
  out.sink = sink_->counters();
  out.written = out.sink.written;
  out.dropped = out.sink.dropped + too_big_;
  return out;
}

uint64_t Output::take_new_loss() noexcept {
  const uint64_t dropped = counters().dropped;
  const uint64_t fresh = dropped - told_loss_;
  told_loss_ = dropped;
  owed_loss_ += fresh;
  return fresh;
}

uint64_t Output::take_owed_loss() noexcept {
  if (!sink_ || !sink_->accepting() || !sink_->wanted()) return 0;
  return std::exchange(owed_loss_, 0);
}

std::vector<std::string> Output::take_notices() {
  return sink_ ? sink_->take_notices() : std::vector<std::string>();
}

}  // namespace tracee
