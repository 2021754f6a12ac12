// SPDX-License-Identifier: Apache-2.0
// `tracee top`: live beside the loop that traces; of a file, each moment is a
// replay up to it, so that it shows what a live screen would have shown then.
#include <poll.h>

#include <algorithm>
#include <filesystem>

#include "app/run.h"
#include "app/signals.h"
#include "app/summary.h"
#include "base/clock.h"
#include "capture/replay.h"
#include "output/format/format.h"
#include "view/screen.h"
#include "view/top.h"

namespace tracee {
namespace {

constexpr int64_t kRedrawMs = 1000;

bool is_empty(const Field& field, const Value& value) noexcept {
  switch (field.kind) {
    case Kind::Record:
      return false;
    case Kind::Address:
      return value.kind == Kind::Address && value.address().family == 0;
    case Kind::Text:
    case Kind::List:
    case Kind::Map:
      return value.count == 0;
    default:
      return value.u == 0;
  }
}

// What a record says, without its ends, which the heading has; flags first.
void put_members(const void* object, const RecordSpec& spec, Buffer& out) noexcept {
  for (const bool flags : {true, false}) {
    for (const Field& member : spec.fields) {
      if ((member.kind == Kind::Flag) != flags) continue;
      if (member.name.starts_with("src") || member.name.starts_with("dst")) continue;
      const Value value = member.get(object);
      if (is_empty(member, value)) continue;
      out.put(' ');
      out.put(member.name);
      if (flags) continue;
      out.put('=');
      put_plain_value(value, member, out);
    }
  }
}

// One line: which way, how long, what.
size_t describe(const Event& event, char* out, size_t size) noexcept {
  static Buffer buffer(4096);
  buffer.clear();
  const std::string_view direction = event.context->direction;
  buffer.put(direction == "egress" ? "> " : direction == "ingress" ? "< " : "");
  std::string_view name = event.spec->name;
  constexpr std::string_view kPrefix = "net_packet_";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  buffer.put(name);
  buffer.put(' ');
  buffer.put_number(event.context->packet_length);
  buffer.put(" B");
  for (const Field& field : event.spec->fields) {
    if (field.kind == Kind::Record) put_members(field.get(event.data).p, *field.of, buffer);
  }
  const std::string_view text = buffer.text().substr(0, size);
  std::copy(text.begin(), text.end(), out);
  return text.size();
}

// Wishes with one more filter, which the person typed.
struct Selecting {
  const Wishes& wishes;
  const Catalog& catalog;
  const ProcessTree* processes;
  std::string typed;

  Result<Selection> operator()() const {
    Wishes all = wishes;
    if (!typed.empty()) all.filters.push_back(typed);
    return Selection::parse(all, catalog, processes);
  }
};

class LiveTop final : public Companion {
 public:
  LiveTop(const Traffic& traffic, Top::SetFilter set_filter)
      : top_(traffic, std::move(set_filter)) {}

  int fd() const noexcept override { return Screen::key_fd(); }
  int64_t due_ms() const noexcept override { return due_; }

  void begin(const Pipeline::Apply& apply) override {
    apply_ = &apply;
    auto opened = Screen::open();
    if (!opened) {
      result_ = forward(opened);
      return;
    }
    screen_ = std::move(*opened);
  }

  bool tend(int64_t now, uint64_t lost) override {
    if (screen_ == nullptr) return false;
    bool pressed = false;
    while (const int key = Screen::next_key()) {
      top_.press(key);
      pressed = true;
    }
    if (top_.quit()) return false;
    if (!pressed && now < due_) return true;
    due_ = now + kRedrawMs;
    state_.source = "live";
    state_.lost = lost;
    state_.now_ns = clock_ns(CLOCK_REALTIME);
    Screen::show(top_.draw(state_, Screen::width(), Screen::height()));
    return true;
  }

  void end() override { screen_.reset(); }
  const Result<>& result() const { return result_; }

  // Null before begin().
  const Pipeline::Apply* apply() const { return apply_; }

 private:
  Top top_;
  Top::State state_;
  std::unique_ptr<Screen> screen_;
  const Pipeline::Apply* apply_ = nullptr;
  int64_t due_ = 0;
  Result<> result_;
};

Result<> top_live(const Options& options, Selecting& select, const Catalog& catalog,
                  const std::function<std::unique_ptr<Pipeline>(Selection)>& make) {
  auto selection = select();
  if (!selection) return forward(selection);
  const auto pipeline = make(std::move(*selection));
  pipeline->reload_from([&] { return select(); });
  Traffic traffic(catalog, &describe);
  pipeline->show_to(&traffic);
  LiveTop top(traffic, [&](const std::string& expression) -> Result<> {
    const std::string before = std::exchange(select.typed, expression);
    auto done = pipeline->reload(*top.apply());
    if (!done) select.typed = before;
    if (done) traffic.clear();
    return done;
  });
  auto done = run_live(options, *pipeline, &top);
  return done ? top.result() : done;
}

// A file up to a moment.
class FileTop {
 public:
  FileTop(const Options& options, Selecting& select, const Catalog& catalog,
          const std::function<std::unique_ptr<Pipeline>(Selection)>& make)
      : options_(options), select_(select), make_(make), traffic_(catalog, &describe) {}

  // Reads up to `until_ns`, or to the end. A file that ends badly is shown as far as it goes.
  Result<> read(uint64_t until_ns) {
    auto selection = select_();
    if (!selection) return forward(selection);
    const auto pipeline = make_(std::move(*selection));
    auto opened = ReplaySource::open(options_.input, stop_fd());
    if (!opened) return forward(opened);
    traffic_.clear();
    pipeline->show_to(&traffic_);
    Record record;
    while ((*opened)->next(record) == ReplaySource::Next::Packet && !pipeline->finished()) {
      if (begin_ == 0) begin_ = record.time_ns;
      end_ = std::max(end_, record.time_ns);
      if (record.time_ns > until_ns) break;
      pipeline->on_record(record);
    }
    at_ = std::clamp(until_ns, begin_, end_);
    problem_ = (*opened)->problem();
    return {};
  }

  Result<> show() {
    if (auto done = read(UINT64_MAX); !done) return done;
    auto screen = Screen::open();
    if (!screen) return forward(screen);
    Top top(traffic_, [&](const std::string& expression) -> Result<> {
      const std::string before = std::exchange(select_.typed, expression);
      auto done = read(at_);
      if (!done) select_.typed = before;
      return done;
    });
    Top::State state;
    state.source = std::filesystem::path(options_.input).filename().string();
    while (!top.quit() && !stop_requested()) {
      if (const int64_t hundredths = top.take_move(); hundredths != 0) {
        if (auto done = read(moved(hundredths)); !done) return done;
      }
      state.begin_ns = begin_;
      state.end_ns = std::max(end_, begin_ + 1);
      state.now_ns = at_;
      Screen::show(top.draw(state, Screen::width(), Screen::height()));
      pollfd ready[] = {{Screen::key_fd(), POLLIN, 0}, {stop_fd(), POLLIN, 0}};
      poll(ready, std::size(ready), -1);
      while (const int key = Screen::next_key()) top.press(key);
    }
    screen->reset();
    if (!problem_.empty()) {
      return fail(Exit::RunTime, problem_, "everything before that was shown");
    }
    return {};
  }

 private:
  uint64_t moved(int64_t hundredths) const {
    const uint64_t step = (end_ - begin_) / 100 * static_cast<uint64_t>(std::abs(hundredths));
    if (hundredths > 0) return std::min(at_ + std::max<uint64_t>(step, 1), end_);
    return at_ - begin_ > step ? at_ - step : begin_;
  }

  const Options& options_;
  Selecting& select_;
  const std::function<std::unique_ptr<Pipeline>(Selection)>& make_;
  Traffic traffic_;
  uint64_t begin_ = 0, end_ = 0, at_ = 0;
  std::string problem_;
};

}  // namespace

Result<> run_top(const Options& options, const Wishes& wishes, const Catalog& catalog,
                 const ProcessTree* processes,
                 const std::function<std::unique_ptr<Pipeline>(Selection)>& make) {
  Selecting select{wishes, catalog, processes, {}};
  if (options.input.empty()) return top_live(options, select, catalog, make);
  if (options.input == "-") {
    return fail(Exit::Usage, "top: it cannot go back and forth in standard input",
                "write the packets to a file first");
  }
  return FileTop(options, select, catalog, make).show();
}

}  // namespace tracee
