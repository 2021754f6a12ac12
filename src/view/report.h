// SPDX-License-Identifier: Apache-2.0
// `tracee report`: what a capture or a log of events amounts to, as one HTML page
// that fetches nothing. This header: the sums. Events come as lines of the default
// JSON, so that a log and a capture take the same way; off the packet path, and
// bounded: of more than kMost keys the longest silent go, and are counted.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tracee {

class Report {
 public:
  static constexpr size_t kMost = 20'000;  // keys of each table while it is summed
  static constexpr size_t kRows = 1'000;   // rows of each table on the page
  static constexpr size_t kBuckets = 120;  // of the timeline
  static constexpr size_t kFindings = 1'000;

  struct Sum {
    uint64_t events = 0, packets = 0, bytes = 0;
    uint64_t first_ns = 0, last_ns = 0;
    void add(uint64_t time_ns, uint64_t packet_bytes, bool is_packet) noexcept;
  };
  struct Process {
    Sum sum;
    std::string container;
  };
  struct Edge {
    std::string process, peer;
    bool operator<(const Edge& other) const {
      return std::tie(process, peer) < std::tie(other.process, other.peer);
    }
  };
  struct Question {
    Sum sum;
    std::string answer;  // the latest
  };
  struct Request {
    Sum sum;
    std::string status;  // of the latest response on the same connection
  };
  struct Finding {
    uint64_t time_ns = 0;
    std::string name, severity, process, text;
  };

  explicit Report(size_t most = kMost);
  ~Report();

  // `text`: one line of the default JSON. Error: it is none; the message says what is wrong.
  Result<> add(std::string_view text);

  // The page. `source` is shown as its title.
  std::string html(std::string_view source) const;

  uint64_t events() const noexcept { return all_.events; }

 private:
  // What every event says, whatever it is of.
  struct Line;
  struct Parser;  // of JSON; its memory is used again for each line

  void note_packet(const Line& line);
  void note_dns(const Line& line);
  void note_http(const Line& line);
  void note_finding(const Line& line);
  void note_timeline(const Line& line);
  std::string header(std::string_view source) const;  // of the page, and what precedes it

  std::unique_ptr<Parser> parser_;
  size_t most_;
  Sum all_;
  std::map<std::string, Process> processes_;  // "name/pid"
  std::map<std::string, Sum> peers_;
  std::map<Edge, Sum> edges_;
  std::map<std::string, Sum> protocols_;
  std::map<std::pair<std::string, std::string>, Question> questions_;  // process, "name TYPE"
  std::map<std::pair<std::string, std::string>, Request> requests_;    // process, "METHOD url"
  // By connection: which request waits for its response.
  std::map<std::string, std::pair<std::string, std::string>> open_requests_;
  std::vector<Finding> findings_;
  uint64_t more_findings_ = 0, forgotten_ = 0, lost_ = 0;
  bool has_bytes_ = false;

  // Equal slices of time; their width doubles when the end is passed.
  uint64_t begin_ns_ = 0, width_ns_ = 0;
  std::map<std::string, std::array<uint64_t, kBuckets>> timeline_;  // events by protocol
};

}  // namespace tracee
