// SPDX-License-Identifier: Apache-2.0
// The page of a Report: one file, no fetches, readable without scripts; a few
// lines of script search and sort the tables.
#include <algorithm>
#include <cmath>

#include "view/report.h"
#include "view/report_page.h"
#include "view/text.h"

namespace tracee {
namespace {

constexpr size_t kGraphSide = 14;  // processes and peers of the graph
constexpr int kGraphRow = 30, kGraphWidth = 920, kTimelineHeight = 150;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // Controls are no characters of HTML.
        out += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c;
    }
  }
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

// A colour that the same name always has.
std::string color_of(std::string_view name) {
  static constexpr std::pair<std::string_view, const char*> kKnown[] = {
      {"tcp", "#3b82c4"},      {"udp", "#e08a2e"},  {"dns", "#8f63c9"},
      {"http", "#3a9d5d"},     {"icmp", "#c2528b"}, {"icmpv6", "#a8447a"},
      {"findings", "#d43d3d"}, {"ipv4", "#8a99a8"}, {"ipv6", "#6d7d8d"}};
  for (const auto& [known, color] : kKnown) {
    if (name == known) return color;
  }
  return "#5f9ea0";
}

struct Cell {
  std::string text;
  uint64_t order = 0;  // of a figure
  bool figure = false;
  const char* style = nullptr;  // a class of the page's head
};
Cell figure(uint64_t value, std::string shown) {
  return {value == 0 ? "–" : std::move(shown), value, true, nullptr};
}
Cell words(std::string text) { return {std::move(text), 0, false, nullptr}; }
Cell severity(const std::string& level) {
  const bool bad = level == "high" || level == "critical";
  return {level, 0, false, bad ? "bad" : level == "medium" ? "warn" : nullptr};
}

std::string opening(const Cell& cell) {
  if (cell.figure) return "<td class=n data-v=" + std::to_string(cell.order) + ">";
  return cell.style == nullptr ? "<td>" : std::string("<td class=") + cell.style + ">";
}

// `rows` are in the order they are shown in.
std::string table(std::string_view id, std::string_view title,
                  const std::vector<std::string>& headings,
                  const std::vector<std::vector<Cell>>& rows, size_t all) {
  std::string out = "<section id=\"" + std::string(id) + "\"><h2>" + std::string(title) +
                    " <small>" + std::to_string(all) + "</small></h2>";
  if (rows.empty()) return out + "<p class=none>none</p></section>\n";
  if (rows.size() > 8) {
    out += "<input class=search placeholder=\"search " + std::string(title) +
           "\" aria-label=\"search " + std::string(title) + "\">";
  }
  if (rows.size() < all) {
    out += "<p class=none>the first " + std::to_string(rows.size()) + " of " + std::to_string(all) +
           "</p>";
  }
  out += "<div class=wrap><table><thead><tr>";
  for (size_t i = 0; i < headings.size(); ++i) {
    out += std::string("<th") + (rows[0][i].figure ? " class=n" : "") + ">" + headings[i] + "</th>";
  }
  out += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const Cell& cell : row) {
      out += opening(cell) + escaped(cell.text) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></section>\n";
}

uint64_t weight_of(const Report::Sum& sum) { return sum.bytes != 0 ? sum.bytes : sum.events; }

// The heaviest entries of a map, heaviest first; names decide between equals.
template <class Map, class SumOf>
std::vector<const typename Map::value_type*> heaviest(const Map& map, size_t most, SumOf&& sum) {
  std::vector<const typename Map::value_type*> out;
  out.reserve(map.size());
  for (const auto& entry : map) out.push_back(&entry);
  std::ranges::stable_sort(out, [&](const auto* a, const auto* b) {
    return weight_of(sum(a->second)) > weight_of(sum(b->second));
  });
  if (out.size() > most) out.resize(most);
  return out;
}

const Report::Sum& itself(const Report::Sum& sum) { return sum; }

// A time within a span: with the day where the span has several, and with milliseconds
// where they alone tell its ends apart.
class Times {
 public:
  Times(uint64_t first_ns, uint64_t last_ns)
      : span_ns_(last_ns - first_ns), days_(date_text(first_ns) != date_text(last_ns)) {}

  std::string text(uint64_t time_ns) const {
    return (days_ ? date_text(time_ns) + " " : "") + clock_text(time_ns, span_ns_);
  }
  bool days() const { return days_; }

 private:
  uint64_t span_ns_;
  bool days_;
};

std::string timeline_svg(const std::map<std::string, std::array<uint64_t, Report::kBuckets>>& lines,
                         uint64_t begin_ns, uint64_t width_ns, const Times& times) {
  size_t used = 1;
  uint64_t highest = 1;
  for (size_t i = 0; i < Report::kBuckets; ++i) {
    uint64_t sum = 0;
    for (const auto& [name, slices] : lines) sum += slices[i];
    highest = std::max(highest, sum);
    if (sum > 0) used = i + 1;
  }
  const double wide = double{kGraphWidth} / static_cast<double>(used);
  std::string out = "<svg viewBox=\"0 0 " + std::to_string(kGraphWidth) + " " +
                    std::to_string(kTimelineHeight) +
                    "\" preserveAspectRatio=none role=img aria-label=timeline>";
  for (size_t i = 0; i < used; ++i) {
    double top = kTimelineHeight;
    for (const auto& [name, slices] : lines) {
      if (slices[i] == 0) continue;
      const double height =
          static_cast<double>(slices[i]) * (kTimelineHeight - 4) / static_cast<double>(highest);
      top -= height;
      out += "<rect x=\"" + number(static_cast<double>(i) * wide) + "\" y=\"" + number(top) +
             "\" width=\"" + number(std::max(wide - 1, 0.8)) + "\" height=\"" + number(height) +
             "\" fill=\"" + color_of(name) + "\"><title>" + times.text(begin_ns + i * width_ns) +
             "  " + escaped(name) + ": " + std::to_string(slices[i]) + "</title></rect>";
    }
  }
  out += "</svg><p class=ends><span>" + times.text(begin_ns) + "</span><span>" +
         times.text(begin_ns + used * width_ns) + "</span></p><p class=legend>";
  for (const auto& [name, slices] : lines) {
    out += "<span><i style=\"background:" + color_of(name) + "\"></i>" + escaped(name) + "</span>";
  }
  return out + "</p>";
}

// Processes left, peers right, a line per pair as wide as what passed.
std::string graph_svg(const std::map<Report::Edge, Report::Sum>& edges,
                      const std::vector<std::string>& processes,
                      const std::vector<std::string>& peers) {
  const size_t rows = std::max(processes.size(), peers.size());
  const auto place = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) - names.begin();
  };
  constexpr int kLeft = 260, kRight = kGraphWidth - 330;
  const auto y_of = [](ptrdiff_t row) { return static_cast<double>(row) * kGraphRow + 20; };
  uint64_t highest = 1;
  for (const auto& [edge, sum] : edges) highest = std::max(highest, weight_of(sum));
  std::string lines;
  for (const auto& [edge, sum] : edges) {
    const ptrdiff_t from = place(processes, edge.process), to = place(peers, edge.peer);
    if (from == std::ssize(processes) || to == std::ssize(peers)) continue;
    const double wide =
        1 + 9 * std::sqrt(static_cast<double>(weight_of(sum)) / static_cast<double>(highest));
    const int middle = (kLeft + kRight) / 2;
    lines += "<path d=\"M" + std::to_string(kLeft) + " " + number(y_of(from)) + " C" +
             std::to_string(middle) + " " + number(y_of(from)) + " " + std::to_string(middle) +
             " " + number(y_of(to)) + " " + std::to_string(kRight) + " " + number(y_of(to)) +
             "\" stroke-width=\"" + number(wide) + "\"><title>" + escaped(edge.process) + " – " +
             escaped(edge.peer) + ": " + std::to_string(sum.events) + " events, " +
             short_bytes(sum.bytes) + "</title></path>";
  }
  std::string out = "<svg viewBox=\"0 0 " + std::to_string(kGraphWidth) + " " +
                    std::to_string(rows * kGraphRow + 10) +
                    "\" role=img aria-label=\"processes and peers\">" + lines;
  const auto names = [&](const std::vector<std::string>& list, int x, const char* anchor,
                         size_t most) {
    for (size_t i = 0; i < list.size(); ++i) {
      out += std::string("<text text-anchor=") + anchor + " x=" + std::to_string(x) + " y=\"" +
             number(y_of(static_cast<ptrdiff_t>(i)) + 4) + "\">" +
             escaped(cut_text(list[i], most)) + "<title>" + escaped(list[i]) + "</title></text>";
    }
  };
  names(processes, kLeft - 10, "end", 32);
  names(peers, kRight + 10, "start", 39);  // an IPv6 address
  return out + "</svg>";
}

}  // namespace

std::string Report::header(std::string_view source) const {
  std::string out = std::string(kReportHead) + "<title>" + escaped(source) +
                    " – tracee report</title></head><body><header><h1>" + escaped(source) +
                    "</h1><p>";
  const auto say = [&](uint64_t value, const char* what) {
    out += "<span><b>" + short_number(value) + "</b> " + what + "</span> ";
  };
  say(all_.events, "events");
  if (all_.packets > 0) say(all_.packets, "packets");
  if (has_bytes_) out += "<span><b>" + short_bytes(all_.bytes) + "</b></span> ";
  say(processes_.size(), "processes");
  say(peers_.size(), "peers");
  if (const uint64_t found = findings_.size() + more_findings_; found > 0) {
    out += "<span class=bad><b>" + short_number(found) + " findings</b></span> ";
  }
  const Times times(all_.first_ns, all_.last_ns);
  if (all_.events > 0) {
    out += "<span>" + (times.days() ? "" : date_text(all_.first_ns) + " ") +
           times.text(all_.first_ns) + " – " + times.text(all_.last_ns) + "</span>";
  }
  out += "</p>";
  if (lost_ > 0) {
    out += "<p class=warn>" + std::to_string(lost_) +
           " packets or events are missing: lost while "
           "they were recorded.</p>";
  }
  if (forgotten_ > 0) {
    out += "<p class=warn>" + std::to_string(forgotten_) +
           " names were seen long ago and are left out of the tables.</p>";
  }
  return out + "</header>";
}

std::string Report::html(std::string_view source) const {
  const Times times(all_.first_ns, all_.last_ns);
  std::string out = header(source) + "<main>";
  if (all_.events == 0) return out + "<p class=none>no events</p></main></body></html>\n";

  std::vector<std::vector<Cell>> rows;
  for (const Finding& finding : findings_) {
    rows.push_back({words(times.text(finding.time_ns)), severity(finding.severity),
                    words(finding.name), words(finding.process), words(finding.text)});
  }
  if (!findings_.empty()) {
    out += table("findings", "Findings", {"Time", "Severity", "Finding", "Process", "Details"},
                 rows, findings_.size() + more_findings_);
  }
  out += "<section id=timeline><h2>Timeline <small>events</small></h2>" +
         timeline_svg(timeline_, begin_ns_, width_ns_, times) + "</section>\n";

  const auto by_process =
      heaviest(processes_, kRows, [](const Process& p) -> const Sum& { return p.sum; });
  const auto by_peer = heaviest(peers_, kRows, itself);
  std::vector<std::string> left, right;
  for (const auto* entry : by_process) {
    if (left.size() < kGraphSide) left.push_back(entry->first);
  }
  for (const auto* entry : by_peer) {
    if (right.size() < kGraphSide) right.push_back(entry->first);
  }
  out +=
      "<section id=graph><h2>Who talks to whom <small>the heaviest</small></h2>"
      "<div class=graph>" +
      graph_svg(edges_, left, right) + "</div></section>\n";

  const auto sums = [](const Sum& sum) {
    return std::vector<Cell>{figure(sum.events, short_number(sum.events)),
                             figure(sum.packets, short_number(sum.packets)),
                             figure(sum.bytes, short_bytes(sum.bytes))};
  };
  const auto with_sums = [&](std::vector<Cell> row, const Sum& sum) {
    std::ranges::copy(sums(sum), std::back_inserter(row));
    rows.push_back(std::move(row));
  };
  rows.clear();
  for (const auto* entry : heaviest(protocols_, kRows, itself)) {
    with_sums({words(entry->first)}, entry->second);
  }
  out += table("kinds", "Events by kind", {"Kind", "Events", "Packets", "Bytes"}, rows,
               protocols_.size());
  rows.clear();
  const bool contained = std::ranges::any_of(
      by_process, [](const auto* entry) { return !entry->second.container.empty(); });
  for (const auto* entry : by_process) {
    std::vector<Cell> row{words(entry->first)};
    if (contained) row.push_back(words(entry->second.container));
    with_sums(std::move(row), entry->second.sum);
  }
  std::vector<std::string> headings{"Process", "Container", "Events", "Packets", "Bytes"};
  if (!contained) headings.erase(headings.begin() + 1);
  out += table("processes", "Processes", headings, rows, processes_.size());
  rows.clear();
  for (const auto* entry : by_peer) with_sums({words(entry->first)}, entry->second);
  out += table("peers", "Peers", {"Address", "Events", "Packets", "Bytes"}, rows, peers_.size());
  rows.clear();
  for (const auto* entry :
       heaviest(questions_, kRows, [](const Question& q) -> const Sum& { return q.sum; })) {
    rows.push_back({words(entry->first.second), words(entry->first.first),
                    words(entry->second.answer),
                    figure(entry->second.sum.events, short_number(entry->second.sum.events))});
  }
  out += table("dns", "DNS", {"Question", "Process", "Latest answer", "Asked"}, rows,
               questions_.size());
  rows.clear();
  for (const auto* entry :
       heaviest(requests_, kRows, [](const Request& r) -> const Sum& { return r.sum; })) {
    rows.push_back({words(entry->first.second), words(entry->first.first),
                    words(entry->second.status),
                    figure(entry->second.sum.events, short_number(entry->second.sum.events))});
  }
  out += table("http", "HTTP", {"Request", "Process", "Latest status", "Sent"}, rows,
               requests_.size());
  return out + "</main>" + std::string(kReportScript) + "</body></html>\n";
}

}  // namespace tracee
