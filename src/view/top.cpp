// SPDX-License-Identifier: Apache-2.0
#include "view/top.h"

#include <algorithm>
#include <utility>

#include "event/address.h"
#include "view/text.h"

namespace tracee {
namespace {

// Lines around the rows: title, tabs, headings, hint.
constexpr size_t kFrame = 4;
constexpr size_t kRecentLines = 500;

std::string address_text(const Address& address) {
  char text[kAddressTextMax];
  return {text, format_address(text, address)};
}

std::string end_text(const Address& address, uint16_t port) {
  std::string text = address_text(address);
  if (port == 0) return text;
  return (address.family == 6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

// Fills up with blanks to exactly `width` columns, cutting what is more.
std::string padded(std::string_view text, size_t width, bool right = false) {
  std::string out = cut_text(text, width);
  const size_t blanks = width - std::min(width, columns_of_text(out));
  return right ? std::string(blanks, ' ') + out : out + std::string(blanks, ' ');
}

size_t width_of(const ScreenLine& line) {
  size_t width = 0;
  for (const Stretch& stretch : line) width += columns_of_text(stretch.text);
  return width;
}

// Cuts or fills the line to exactly `width` columns.
ScreenLine fitted(ScreenLine line, size_t width) {
  size_t left = width;
  for (Stretch& stretch : line) {
    stretch.text = cut_text(stretch.text, left);
    left -= std::min(left, columns_of_text(stretch.text));
  }
  const Look look = line.empty() ? Look::Plain : line.back().look;
  if (left > 0) line.push_back({std::string(left, ' '), look == Look::Bar ? look : Look::Plain});
  return line;
}

}  // namespace

Top::Top(const Traffic& traffic, SetFilter set_filter)
    : traffic_(traffic), set_filter_(std::move(set_filter)) {}

int64_t Top::take_move() noexcept { return std::exchange(move_, 0); }

void Top::go_to(Page page) {
  page_ = page;
  selected_ = 0;
  first_ = 0;
}

void Top::press(int key) {
  complaint_.clear();
  if (typing_) {
    press_in_filter(key);
    return;
  }
  if (help_) {
    help_ = false;
    return;
  }
  const size_t last = latest_.empty() ? 0 : latest_.size() - 1;
  const size_t step = std::max<size_t>(shown_, 1);
  switch (key) {
    case 'q':
      quit_ = true;
      break;
    case '?':
    case 'h':
      help_ = true;
      break;
    case ' ':
      paused_ = !paused_;
      break;
    case '/':
      typing_ = true;
      typed_ = filter_;
      break;
    case 's':
      order_ =
          order_ == Order::Name ? Order::Rate : static_cast<Order>(static_cast<int>(order_) + 1);
      break;
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
      process_.reset();
      connection_.reset();
      go_to(static_cast<Page>(key - '1'));
      break;
    case kKeyUp:
    case 'k':
      selected_ -= selected_ > 0 ? 1 : 0;
      break;
    case kKeyDown:
    case 'j':
      selected_ = std::min(selected_ + 1, last);
      break;
    case kKeyPageUp:
      selected_ -= std::min(selected_, step);
      break;
    case kKeyPageDown:
      selected_ = std::min(selected_ + step, last);
      break;
    case kKeyHome:
    case 'g':
      selected_ = 0;
      break;
    case kKeyEnd:
    case 'G':
      selected_ = last;
      break;
    case kKeyLeft:
      move_ -= 1;
      break;
    case kKeyRight:
      move_ += 1;
      break;
    case '<':
      move_ -= 10;
      break;
    case '>':
      move_ += 10;
      break;
    case kKeyEnter:
      open();
      break;
    case kKeyBack:
    case kKeyEscape:
      back();
      break;
    default:
      break;
  }
}

void Top::press_in_filter(int key) {
  if (key == kKeyEscape) {
    typing_ = false;
  } else if (key == kKeyBack) {
    if (!typed_.empty()) typed_.pop_back();
  } else if (key == kKeyEnter) {
    if (const auto done = set_filter_(typed_); !done) {
      complaint_ = done.error().what.substr(0, done.error().what.find('\n'));
      return;  // still typing: it can be mended
    }
    filter_ = typed_;
    typing_ = false;
  } else if (key >= ' ' && key <= '~') {
    typed_ += static_cast<char>(key);
  }
}

void Top::open() {
  if (selected_ >= latest_.size()) return;
  const Row& row = latest_[selected_];
  if (page_ == Page::Processes) {
    process_ = row.process;
    go_to(Page::Connections);
  } else if (page_ == Page::Connections) {
    connection_ = row.connection;
    go_to(Page::Events);
  }
}

void Top::back() {
  if (page_ == Page::Events) {
    connection_.reset();
    go_to(Page::Connections);
  } else if (process_) {
    process_.reset();
    go_to(Page::Processes);
  }
}

std::string Top::process_text(const ProcessKey& key) const {
  if (key.pid == 0) return "-";
  const auto found = traffic_.processes().items().find(key);
  if (found == traffic_.processes().items().end()) return std::to_string(key.pid);
  return printable(found->second.name.data()) + "/" + std::to_string(key.pid);
}

bool Top::is_shown(const ProcessKey& key) const { return !process_ || *process_ == key; }

std::vector<Top::Row> Top::rows(const State& state) const {
  std::vector<Row> out;
  const uint64_t now = state.now_ns / 1'000'000'000;
  const auto add = [&](std::string name, const Meter& meter) -> Row& {
    Row& row = out.emplace_back();
    row.name = std::move(name);
    row.rate = meter.rate(now);
    row.total = meter.total();
    return row;
  };
  switch (page_) {
    case Page::Processes:
      for (const auto& [key, seen] : traffic_.processes().items()) {
        const std::string name = key.pid == 0 ? "(nobody)" : printable(seen.name.data());
        Row& row = add(name, seen.meter);
        row.process = key;
        row.cells = {key.pid == 0 ? "-" : std::to_string(key.pid),
                     name,
                     key.pid == 0 ? "-" : std::to_string(seen.uid),
                     short_number(row.rate.packets),
                     short_rate(row.rate.bytes_in),
                     short_rate(row.rate.bytes_out),
                     short_bytes(row.total.bytes())};
      }
      break;
    case Page::Connections:
      for (const auto& [key, seen] : traffic_.connections().items()) {
        if (!is_shown(key.process)) continue;
        const std::string remote = end_text(key.remote, key.remote_port);
        Row& row = add(remote, seen.meter);
        row.process = key.process;
        row.connection = key;
        if (!process_) row.cells.push_back(process_text(key.process));
        row.cells.insert(
            row.cells.end(),
            {traffic_.protocol_names()[key.protocol], end_text(key.local, key.local_port), remote,
             short_rate(row.rate.bytes()), short_bytes(row.total.bytes())});
      }
      break;
    case Page::Peers:
      for (const auto& [address, seen] : traffic_.peers().items()) {
        Row& row = add(address_text(address), seen.meter);
        row.cells = {row.name,
                     process_text(seen.last),
                     short_number(row.rate.packets),
                     short_rate(row.rate.bytes_in),
                     short_rate(row.rate.bytes_out),
                     short_bytes(row.total.bytes())};
      }
      break;
    case Page::Domains:
      for (const auto& [domain, seen] : traffic_.domains().items()) {
        Row& row = add(printable(domain), seen.meter);
        row.cells = {row.name, seen.how(), process_text(seen.last), short_number(row.rate.packets),
                     short_number(row.total.packets)};
      }
      break;
    case Page::Protocols:
      for (size_t i = 0; i < traffic_.protocols().size(); ++i) {
        const Meter& meter = traffic_.protocols()[i].meter;
        if (meter.total().packets == 0) continue;
        Row& row = add(traffic_.protocol_names()[i], meter);
        row.cells = {row.name,
                     short_number(row.rate.packets),
                     short_rate(row.rate.bytes_in),
                     short_rate(row.rate.bytes_out),
                     short_number(row.total.packets),
                     short_bytes(row.total.bytes())};
      }
      break;
    case Page::Events:
      if (!connection_) break;
      for (const Traffic::Line* line : traffic_.recent(*connection_, kRecentLines)) {
        out.emplace_back().cells = {clock_text(line->time_ns), printable(line->view())};
      }
      return out;  // in time's order already
  }
  sort(out);
  return out;
}

void Top::sort(std::vector<Row>& rows) const {
  // Names decide where figures are equal, so that lines do not dance.
  std::ranges::sort(rows, [&](const Row& a, const Row& b) {
    const auto figures = [&](const Row& row) -> std::pair<uint64_t, uint64_t> {
      switch (order_) {
        case Order::Rate:
          return {row.rate.bytes() != 0 ? row.rate.bytes() : row.rate.packets, row.total.bytes()};
        case Order::Bytes:
          return {row.total.bytes(), row.total.packets};
        case Order::Packets:
          return {row.total.packets, row.total.bytes()};
        case Order::Name:
          break;
      }
      return {0, 0};
    };
    const auto left = figures(a), right = figures(b);
    if (left != right) return left > right;
    return std::pair(a.name, a.cells) < std::pair(b.name, b.cells);
  });
}

std::vector<Top::Column> Top::columns(size_t width) const {
  switch (page_) {
    case Page::Processes:
      return {{"PID", 8, true}, {"PROCESS", 0},    {"UID", 6, true},  {"PACKETS/S", 9, true},
              {"IN", 12, true}, {"OUT", 12, true}, {"TOTAL", 9, true}};
    case Page::Connections: {
      std::vector<Column> out = {{"PROTO", 6}, {"LOCAL", 0}, {"REMOTE", 0}, {"RATE", 11, true}};
      if (!process_) out.insert(out.begin(), {"PROCESS", 16});
      // Two IPv4 ends and the rate need all of 80 columns.
      if (width >= 90 || process_) out.push_back({"TOTAL", 8, true});
      return out;
    }
    case Page::Peers:
      return {{"PEER", 0},      {"LAST BY", 18},   {"PACKETS/S", 9, true},
              {"IN", 12, true}, {"OUT", 12, true}, {"TOTAL", 9, true}};
    case Page::Domains:
      return {{"NAME", 0}, {"HOW", 8}, {"LAST BY", 22}, {"PER S", 7, true}, {"TOTAL", 7, true}};
    case Page::Protocols:
      return {{"PROTOCOL", 0},   {"PACKETS/S", 9, true}, {"IN", 12, true},
              {"OUT", 12, true}, {"PACKETS", 9, true},   {"BYTES", 9, true}};
    case Page::Events:
      return {{"TIME", 8}, {"EVENT", 0}};
  }
  return {};
}

std::string Top::laid_out(const std::vector<Column>& columns, const std::vector<std::string>& cells,
                          size_t width) {
  size_t used = columns.size() - 1;
  for (const Column& column : columns) used += column.width;
  const auto sharing = static_cast<size_t>(std::ranges::count(columns, size_t{0}, &Column::width));
  const size_t rest = width > used ? width - used : 1;
  std::string out;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ' ';
    const size_t columns_wide = columns[i].width == 0 ? rest / sharing : columns[i].width;
    out += padded(i < cells.size() ? cells[i] : "", columns_wide, columns[i].right);
  }
  return cut_text(out, width);
}

ScreenLine Top::title(const State& state, size_t width) const {
  const Amount rate = traffic_.all().rate(state.now_ns / 1'000'000'000);
  std::string text = " tracee top  " + printable(state.source);
  if (state.now_ns != 0) text += "  " + clock_text(state.now_ns);
  text += "  " + short_number(rate.packets) + " packets/s  " + short_rate(rate.bytes());
  ScreenLine line = {{text, Look::Bar}};
  if (paused_) line.push_back({"  PAUSED", Look::Bar});
  if (state.lost > 0) line.push_back({"  lost " + short_number(state.lost), Look::Warning});
  if (traffic_.forgotten() > 0) {
    line.push_back({"  forgotten " + short_number(traffic_.forgotten()), Look::Bar});
  }
  const size_t used = width_of(line);
  if (used < width) line.push_back({std::string(width - used, ' '), Look::Bar});
  return line;
}

ScreenLine Top::tabs(size_t) const {
  static constexpr const char* kNames[] = {"Processes", "Connections", "Peers", "Domains",
                                           "Protocols"};
  static constexpr const char* kOrders[] = {"rate", "bytes", "packets", "name"};
  ScreenLine line;
  if (process_ || connection_) {
    line.push_back({" ‹ ", Look::Key});
    line.push_back({process_text(process_ ? *process_ : connection_->process), Look::Heading});
    if (connection_) {
      line.push_back({"  " + traffic_.protocol_names()[connection_->protocol] + " " +
                          end_text(connection_->local, connection_->local_port) + " – " +
                          end_text(connection_->remote, connection_->remote_port),
                      Look::Plain});
    }
    return line;
  }
  for (size_t i = 0; i < std::size(kNames); ++i) {
    line.push_back({" " + std::to_string(i + 1) + " ", Look::Key});
    line.push_back({kNames[i], static_cast<Page>(i) == page_ ? Look::Heading : Look::Plain});
    line.push_back({" ", Look::Plain});
  }
  line.push_back({"  by " + std::string(kOrders[static_cast<size_t>(order_)]), Look::Faint});
  return line;
}

ScreenLine Top::hint(const State& state, size_t width) const {
  if (typing_) {
    ScreenLine line = {{" filter: ", Look::Key}, {typed_ + "_", Look::Plain}};
    if (!complaint_.empty()) line = {{" " + complaint_ + " ", Look::Warning}, {typed_ + "_"}};
    return line;
  }
  if (state.end_ns != 0) return slider(state, width);
  ScreenLine line;
  // Why something is not on the screen is to be seen; then there are fewer keys.
  if (!filter_.empty()) line.push_back({" filter: " + cut_text(filter_, width / 2), Look::Heading});
  const auto key = [&](const char* name, const char* what) {
    line.push_back({std::string(" ") + name, Look::Key});
    line.push_back({std::string(" ") + what + " ", Look::Plain});
  };
  key("↑↓", "select");
  if (page_ <= Page::Connections) key("Enter", "open");
  if (process_ || connection_) key("Esc", "back");
  key("s", "sort");
  key("/", "filter");
  key("Space", paused_ ? "go on" : "pause");
  key("?", "keys");
  key("q", "quit");
  return line;
}

ScreenLine Top::slider(const State& state, size_t width) const {
  const uint64_t length_ns = state.end_ns - state.begin_ns;
  const std::string begin = " " + clock_text(state.begin_ns, length_ns) + " ";
  const std::string end = " " + clock_text(state.end_ns, length_ns) + " ";
  const std::string keys = filter_.empty() ? " ←→ <> go  / filter  ? keys  q quit"
                                           : " filter: " + cut_text(filter_, width / 3) + " ";
  const size_t used = begin.size() + end.size() + columns_of_text(keys);
  const size_t bar = width > used + 4 ? width - used : 4;
  const uint64_t span = std::max<uint64_t>(state.end_ns - state.begin_ns, 1);
  const uint64_t at = std::clamp(state.now_ns, state.begin_ns, state.end_ns) - state.begin_ns;
  const auto place = static_cast<size_t>(static_cast<double>(bar - 1) * static_cast<double>(at) /
                                         static_cast<double>(span));
  std::string before, after;
  for (size_t i = 0; i < place; ++i) before += "━";
  for (size_t i = place + 1; i < bar; ++i) after += "─";
  return {{begin, Look::Plain}, {before, Look::Key},
          {"●", Look::Heading}, {after, Look::Faint},
          {end, Look::Plain},   {keys, filter_.empty() ? Look::Faint : Look::Heading}};
}

std::vector<ScreenLine> Top::draw(const State& state, size_t width, size_t height) {
  static constexpr const char* kHelp[] = {
      "1-5         processes, connections, peers, domains, protocols",
      "up, down    select; also k, j, PageUp, PageDown, Home, End",
      "Enter       a process's connections; a connection's last events",
      "Esc         back",
      "s           sort by rate, bytes, packets, name",
      "/           filter, in the language of --filter; empty for none",
      "Space       stop the screen and go on; nothing is lost meanwhile",
      "left, right in a file: a hundredth of it back or on; < and > a tenth",
      "q           quit",
      "",
      "IN and OUT are as the process sees them. Rates are means of 3 s.",
  };
  std::vector<ScreenLine> lines;
  if (width < 20 || height <= kFrame) {
    lines.push_back(fitted({{"too small", Look::Plain}}, width));
    lines.resize(std::max<size_t>(height, 1), fitted({}, width));
    return lines;
  }
  lines.push_back(fitted(title(state, width), width));
  lines.push_back(fitted(tabs(width), width));
  const std::vector<Column> layout = columns(width);
  std::vector<std::string> headings;
  headings.reserve(layout.size());
  for (const Column& column : layout) headings.push_back(column.heading);
  shown_ = height - kFrame;
  if (help_) {
    lines.push_back(fitted({{"Keys", Look::Heading}}, width));
    for (size_t i = 0; i < shown_; ++i) {
      lines.push_back(fitted({{i < std::size(kHelp) ? kHelp[i] : "", Look::Plain}}, width));
    }
    lines.push_back(fitted({{" any key goes back", Look::Faint}}, width));
    return lines;
  }
  lines.push_back(fitted({{laid_out(layout, headings, width), Look::Heading}}, width));

  if (!paused_ || latest_.empty()) latest_ = rows(state);
  selected_ = latest_.empty() ? 0 : std::min(selected_, latest_.size() - 1);
  first_ = std::min(first_, selected_);
  if (selected_ >= first_ + shown_) first_ = selected_ - shown_ + 1;
  for (size_t i = 0; i < shown_; ++i) {
    const size_t index = first_ + i;
    if (index >= latest_.size()) {
      const bool say = i == 0 && latest_.empty();
      lines.push_back(fitted({{say ? "nothing seen yet" : "", Look::Faint}}, width));
      continue;
    }
    const Row& row = latest_[index];
    const bool idle = page_ != Page::Events && row.rate.packets == 0 && row.rate.bytes() == 0;
    const Look look = index == selected_ ? Look::Selected : idle ? Look::Faint : Look::Plain;
    lines.push_back(fitted({{laid_out(layout, row.cells, width), look}}, width));
  }
  lines.push_back(fitted(hint(state, width), width));
  return lines;
}

}  // namespace tracee
