// SPDX-License-Identifier: Apache-2.0
// The terminal scrolls all rows but the last (DECSTBM), so the line stands still
// while events go by above it, whoever writes them.
#include "app/footer.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

namespace tracee {
namespace {

constexpr int64_t kEveryMs = 1000;
constexpr int kLeastRows = 6;

bool no_color() {
  const char* value = std::getenv("NO_COLOR");
  return value != nullptr && *value != '\0';
}

winsize window() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

// In one write, so that it is not mixed with what others write.
void put(const std::string& text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string grouped(uint64_t number) {
  std::string out = std::to_string(number);
  for (size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, 1, ',');
  return out;
}

std::optional<Footer> Footer::make(const Pipeline& pipeline) {
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string_view(term) == "dumb") return std::nullopt;
  if (isatty(STDOUT_FILENO) != 1 || isatty(STDERR_FILENO) != 1) return std::nullopt;
  const bool shows = std::ranges::any_of(pipeline.outputs(),
                                         [](const auto& output) { return output->is_stdout(); });
  if (!shows || window().ws_row < kLeastRows) return std::nullopt;
  return Footer(pipeline);
}

void Footer::begin(const Pipeline::Apply&) { leave_a_line(); }

// Scrolls up if the cursor is on the last row, then takes that row out of what scrolls.
void Footer::leave_a_line() {
  size_ = window();
  if (size_.ws_row < kLeastRows) return;
  put(
      fmt::format("\n\x1b[A\x1b"
                  "7\x1b[1;{}r\x1b"
                  "8",
                  size_.ws_row - 1));
}

bool Footer::tend(int64_t now_ms, uint64_t lost) {
  if (now_ms < due_ms_) return true;
  const double seconds = static_cast<double>(now_ms - drawn_ms_) / 1000;
  const winsize size = window();
  if (size.ws_row != size_.ws_row || size.ws_col != size_.ws_col) leave_a_line();
  if (size_.ws_row >= kLeastRows) draw(drawn_ms_ == 0 ? 0 : seconds, lost);
  packets_ = pipeline_.counters().received;
  events_ = pipeline_.counters().matched;
  drawn_ms_ = now_ms;
  due_ms_ = now_ms + kEveryMs;
  return true;
}

void Footer::draw(double seconds, uint64_t lost) {
  const PipelineCounters& now = pipeline_.counters();
  const auto rate = [seconds](uint64_t count, uint64_t before) -> uint64_t {
    if (seconds <= 0) return 0;
    return static_cast<uint64_t>(std::llround(static_cast<double>(count - before) / seconds));
  };
  uint64_t dropped = 0;
  for (const auto& output : pipeline_.outputs()) dropped += output->counters().dropped;
  std::string text =
      fmt::format(" packets {}/s   events {}/s   in all {}   lost {}   dropped {}   ^C ends",
                  grouped(rate(now.received, packets_)), grouped(rate(now.matched, events_)),
                  grouped(now.matched), grouped(lost), grouped(dropped));
  text.resize(size_.ws_col, ' ');
  // Reversed; red when something is missing from what is shown.
  const char* look = lost + dropped > 0 && !no_color() ? "\x1b[1;37;41m" : "\x1b[7m";
  put(
      fmt::format("\x1b"
                  "7\x1b[{};1H{}{}\x1b[0m\x1b"
                  "8",
                  size_.ws_row, look, text));
}

void Footer::end() {
  if (size_.ws_row < kLeastRows) return;
  put(
      fmt::format("\x1b"
                  "7\x1b[r\x1b[{};1H\x1b[2K\x1b"
                  "8",
                  size_.ws_row));
}

}  // namespace tracee
