// SPDX-License-Identifier: Apache-2.0
// `tracee top` without its terminal: keys in, lines out. What is on a screen
// depends on the traffic, the keys so far and the size, nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "view/traffic.h"

namespace tracee {

// How a stretch of a line looks; the screen maps it to colours.
enum class Look : uint8_t { Plain, Bar, Heading, Selected, Faint, Warning, Key };

struct Stretch {
  std::string text;  // printable, one column a code point
  Look look = Look::Plain;
};
using ScreenLine = std::vector<Stretch>;

// A key a person pressed; letters are themselves.
enum KeyCode : int {
  kKeyUp = 0x110000,
  kKeyDown,
  kKeyLeft,
  kKeyRight,
  kKeyPageUp,
  kKeyPageDown,
  kKeyHome,
  kKeyEnd,
  kKeyEnter,
  kKeyBack,
  kKeyEscape,
  kKeyResize,
};

class Top {
 public:
  // What is outside the traffic; filled in before each drawing.
  struct State {
    std::string source;   // "live", or a file's name
    uint64_t lost = 0;    // packets that are missing from the sums
    uint64_t now_ns = 0;  // what the rates are of
    // A replay's whole span; 0: live.
    uint64_t begin_ns = 0, end_ns = 0;
  };

  // `set_filter` puts an expression in force, "" for none; its error is shown.
  using SetFilter = std::function<Result<>(const std::string& expression)>;

  Top(const Traffic& traffic, SetFilter set_filter);

  void press(int key);
  std::vector<ScreenLine> draw(const State& state, size_t width, size_t height);

  bool quit() const noexcept { return quit_; }
  bool paused() const noexcept { return paused_; }
  // Hundredths of a file's span to go on (back: negative) since the last call.
  int64_t take_move() noexcept;

 private:
  enum class Page : uint8_t { Processes, Connections, Peers, Domains, Protocols, Events };
  enum class Order : uint8_t { Rate, Bytes, Packets, Name };

  // One row of a page, ready to be sorted and laid out.
  struct Row {
    std::vector<std::string> cells;
    Amount rate, total;
    std::string name;
    ProcessKey process;
    ConnectionKey connection;
  };
  struct Column {
    std::string heading;
    size_t width = 0;  // 0: shares what is left
    bool right = false;
  };

  void press_in_filter(int key);
  void open();
  void back();
  void go_to(Page page);
  std::vector<Row> rows(const State& state) const;
  std::vector<Column> columns(size_t width) const;
  std::string process_text(const ProcessKey& key) const;
  bool is_shown(const ProcessKey& key) const;
  void sort(std::vector<Row>& rows) const;
  ScreenLine title(const State& state, size_t width) const;
  ScreenLine tabs(size_t width) const;
  ScreenLine hint(const State& state, size_t width) const;
  ScreenLine slider(const State& state, size_t width) const;
  static std::string laid_out(const std::vector<Column>& columns,
                              const std::vector<std::string>& cells, size_t width);

  const Traffic& traffic_;
  SetFilter set_filter_;
  Page page_ = Page::Processes;
  Order order_ = Order::Rate;
  std::optional<ProcessKey> process_;        // Connections: of this one only
  std::optional<ConnectionKey> connection_;  // Events: of this one
  size_t selected_ = 0, first_ = 0, shown_ = 0;
  std::vector<Row> latest_;  // of the last drawing: what a key means
  std::string filter_, typed_, complaint_;
  bool typing_ = false, paused_ = false, quit_ = false, help_ = false;
  int64_t move_ = 0;
};

}  // namespace tracee
