// SPDX-License-Identifier: Apache-2.0
// The processes of the host, living and lately ended, from the kernel side's news.
// A process is named by host pid and start of its leader, which no reuse of the
// pid repeats.
//
// Bounded: of those that have ended the latest few thousand stay, for packets that come
// after them and for lines of descent. When full, the one that ended first goes, of those
// without children here; then the one that was not asked for longest. Finding one is for the packet
// path: it neither allocates nor asks the system. News may allocate, for a text
// that is new.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "enrich/texts.h"
#include "wire/wire.h"

namespace tracee {

struct Process {
  owner self;  // as its leader would own a packet
  uint64_t parent_start;
  uint32_t parent_pid;   // who forked it, whoever adopted it since
  uint32_t hierarchy;    // of cgroup v1; 0: in none but its root
  uint64_t v1_cgroup;    // id in that
  Texts::Text* path;     // of the executable, from its own root
  Texts::Text* command;  // line, a blank between arguments, cut at WIRE_ARGS_BYTES
  uint32_t children;     // of those that are here
  bool ended;
  bool has_run;        // another program since it was forked, or found running
  mutable bool asked;  // since it was last up for eviction

  // The table's: next in the bucket, neighbours in the list of the living or ended.
  uint32_t next, older, newer;
  uint32_t entity, next_entity;  // its id of entity.h, and the next in that bucket

  std::string_view executable() const noexcept { return view_of(path); }
  std::string_view command_line() const noexcept { return view_of(command); }
};

class ProcessTable {
 public:
  static constexpr size_t kCapacity = 32768;
  static constexpr size_t kEnded = 8192;
  static constexpr size_t kTextBytes = size_t{12} << 20;
  static constexpr size_t kAncestors = 5;

  explicit ProcessTable(size_t capacity = kCapacity, size_t text_bytes = kTextBytes);

  // Takes a whole process_record; others are ignored.
  void take(Bytes news) noexcept;

  // Null: not known (any more). Pointers hold until the next take().
  const Process* find(uint32_t pid, uint64_t start) const noexcept;
  // The latest process of that pid.
  const Process* newest(uint32_t pid) const noexcept;
  // By the id that events show (entity.h). Two processes may share one; the later.
  const Process* find_entity(uint32_t entity) const noexcept;
  // Calls `visit(const Process&)` for each child that is here. Walks the whole table.
  template <class Visit>
  void each_child(const Process& parent, Visit&& visit) const {
    for (const List* list : {&living_, &ended_}) {
      for (uint32_t i = list->oldest; i != kNone; i = processes_[i].newer) {
        const Process& process = processes_[i];
        const bool child = process.parent_pid == parent.self.host_pid &&
                           process.parent_start == parent.self.leader_start;
        if (child) visit(process);
      }
    }
  }
  const Process* parent_of(const Process& process) const noexcept;
  // Its parent, the parent's parent and so on; returns how many there are.
  size_t ancestors(const Process& process,
                   std::span<const Process*, kAncestors> out) const noexcept;

  // Reads the command lines of those found running, which the kernel side cannot.
  // To be called once, at start, where our /proc shows the host's pids.
  void read_command_lines();

  size_t size() const noexcept { return used_ - free_count_; }
  // For want of room.
  uint64_t evicted() const noexcept { return evicted_; }
  uint64_t texts_refused() const noexcept { return texts_.refused(); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct List {
    uint32_t oldest = kNone, newest = kNone;
  };

  Process& add(uint32_t pid, uint64_t start);
  void note(Process& process, const process_record& record);
  void fork(const process_record& record);
  void run(const process_record& record);
  void end(const process_record& record);
  void make_room();
  void forget_ended();
  void remove(uint32_t index);
  void append(List& list, uint32_t index);
  void unlink(uint32_t index);
  void set_parent(Process& process, uint32_t pid, uint64_t start);
  void set_text(Texts::Text*& at, std::string_view text);
  Process* find_own(uint32_t pid, uint64_t start) noexcept;
  uint32_t index_of(const Process& process) const noexcept;
  uint32_t index_of(uint32_t pid, uint64_t start) const noexcept;
  size_t bucket_of(uint32_t pid) const noexcept;
  uint32_t& entity_bucket(uint32_t entity) noexcept;

  Texts texts_;
  size_t capacity_;
  std::unique_ptr<Process[]> processes_;  // pages that no process needs are never touched
  std::vector<uint32_t> buckets_, entity_buckets_;
  List living_, ended_;
  uint32_t used_ = 0;  // of processes_, since the start
  uint32_t free_ = kNone;
  uint32_t free_count_ = 0;
  uint32_t ended_count_ = 0;
  uint64_t evicted_ = 0;
};

// What a process_record says of the executable: an absolute path; `.../NAME` with
// the last names only when it is deeper than the kernel side looks; else empty.
std::string_view path_of(const process_record& record, std::span<char, WIRE_PATH_BYTES + 4> room);

}  // namespace tracee
