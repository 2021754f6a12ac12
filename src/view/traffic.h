// SPDX-License-Identifier: Apache-2.0
// The view room: what a person watches. Owns the sums of traffic by process,
// connection, peer, domain and protocol (this header), what of them a screen of a
// given size shows (top.h), and the terminal (screen.h). Knows events by their
// tables only; a packet is counted once, by its transport's event or, where there
// is none, by its IP event.
//
// Promises: bounded tables (kMost items each, the longest silent go first); an
// event of a key that is known allocates nothing. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/catalog.h"
#include "event/event.h"
#include "view/meter.h"
#include "view/table.h"

namespace tracee {

// A process that is gone and one that got its pid are two: the entity tells.
struct ProcessKey {
  uint32_t entity = 0, pid = 0;  // pid 0: nobody, the kernel's own packets
  bool operator==(const ProcessKey&) const = default;
};

struct ConnectionKey {
  ProcessKey process;
  Address local{}, remote{};
  uint16_t local_port = 0, remote_port = 0;
  uint8_t protocol = 0;  // index into protocol_names()
  bool operator==(const ConnectionKey&) const = default;
};

// Hashes of the keys, for their tables.
struct KeyHash {
  size_t operator()(const ProcessKey& key) const noexcept;
  size_t operator()(const ConnectionKey& key) const noexcept;
  size_t operator()(const Address& address) const noexcept;
  size_t operator()(const std::string& text) const noexcept;
};

struct ProcessSeen {
  Meter meter;
  std::array<char, 16> name{};
  uint32_t uid = 0;
};
struct ConnectionSeen {
  Meter meter;
};
struct PeerSeen {
  Meter meter;
  ProcessKey last;  // who talked to it last
};
struct DomainSeen {
  Meter meter;  // packets: questions and requests
  bool in_dns = false, in_http = false;
  ProcessKey last;

  const char* how() const noexcept { return !in_http ? "dns" : in_dns ? "dns,http" : "http"; }
};
struct ProtocolSeen {
  Meter meter;
};

class Traffic final : public EventHandler {
 public:
  static constexpr size_t kMost = 8192;
  static constexpr size_t kRecent = 2048;

  // How an event looks as one line; writes at most `size` bytes, returns how many.
  using Describe = size_t (*)(const Event& event, char* out, size_t size) noexcept;

  // The latest event lines, whatever became of their connections.
  struct Line {
    ConnectionKey connection;
    uint64_t time_ns = 0;
    uint8_t size = 0;
    char text[200];
    std::string_view view() const noexcept { return {text, size}; }
  };

  Traffic(const Catalog& catalog, Describe describe, size_t most = kMost);

  void on_event(const Event& event) noexcept override;
  void clear();

  // Of the newest event, seconds and nanoseconds since the epoch; 0: none yet.
  uint64_t second() const noexcept { return now_ns_ / 1'000'000'000; }
  uint64_t now_ns() const noexcept { return now_ns_; }
  uint64_t first_ns() const noexcept { return first_ns_; }

  using Processes = SeenTable<ProcessKey, ProcessSeen, KeyHash>;
  using Connections = SeenTable<ConnectionKey, ConnectionSeen, KeyHash>;
  using Peers = SeenTable<Address, PeerSeen, KeyHash>;
  using Domains = SeenTable<std::string, DomainSeen, KeyHash>;
  const Processes& processes() const noexcept { return processes_; }
  const Connections& connections() const noexcept { return connections_; }
  const Peers& peers() const noexcept { return peers_; }
  const Domains& domains() const noexcept { return domains_; }
  // By index of ConnectionKey::protocol.
  const std::vector<ProtocolSeen>& protocols() const noexcept { return protocols_; }
  const std::vector<std::string>& protocol_names() const noexcept { return protocol_names_; }
  const Meter& all() const noexcept { return all_; }
  uint64_t forgotten() const noexcept;

  // The newest lines of a connection, newest first, at most `most`.
  std::vector<const Line*> recent(const ConnectionKey& connection, size_t most) const;

 private:
  // Where one kind of event keeps what is looked at; null: it has no such field.
  struct Columns {
    const Field *src = nullptr, *dst = nullptr, *src_port = nullptr, *dst_port = nullptr;
    const Field* header = nullptr;   // IP events: holds the protocol's name
    const Field* carried = nullptr;  // of `header`: that name
    const Field* dns = nullptr;      // holds the questions
    const Field* questions = nullptr;
    const Field* question_name = nullptr;
    const Field* is_response = nullptr;
    const Field* http = nullptr;  // holds the host
    const Field* host = nullptr;
    bool counts = false;  // the packet is counted by this event
    uint8_t protocol = 0;
  };

  Columns columns_of(const EventSpec& spec);
  uint8_t protocol_index(std::string_view name);
  bool is_counted_elsewhere(std::string_view protocol) const noexcept;
  void count(const Event& event, const ConnectionKey& key, bool out);
  void note_domain(const Event& event, const Columns& columns, const ProcessKey& process);
  void keep_line(const Event& event, const ConnectionKey& key);

  Describe describe_;
  std::vector<Columns> columns_;  // by event id - kFirst
  uint32_t first_id_;
  Processes processes_;
  Connections connections_;
  Peers peers_;
  Domains domains_;
  std::vector<std::string> protocol_names_;
  std::vector<ProtocolSeen> protocols_;
  Meter all_;
  std::vector<Line> lines_;
  size_t next_line_ = 0;
  std::string name_;  // reused for look-ups
  uint64_t now_ns_ = 0, first_ns_ = 0;
};

}  // namespace tracee
