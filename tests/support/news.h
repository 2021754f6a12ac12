// SPDX-License-Identifier: Apache-2.0
// News of processes and control groups, written by hand for tests.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "wire/wire.h"

namespace tracee::test {

struct Name {
  uint32_t pid;
  uint64_t start;
};

// `path` is written as the kernel side does, from the file up; `args` by NULs.
struct News {
  uint16_t kind;
  Name process;
  Name parent{};
  std::string_view path{};
  std::string_view args{};
  bool whole = true;
  uint32_t hierarchy = 0;
  uint64_t v1_cgroup = 0, cgroup = 0;
};

// The bytes of one record, aligned as in the ring.
class Record8 {
 public:
  explicit Record8(const News& news) {
    std::string text;
    std::string_view rest = news.path;
    while (!rest.empty()) {
      const size_t slash = rest.rfind('/');
      text += std::string(rest.substr(slash + 1)) + '\0';
      rest = rest.substr(0, slash);
    }
    process_record record{};
    record.kind = news.kind;
    record.path_len = static_cast<uint16_t>(text.size());
    record.args_len = static_cast<uint16_t>(news.args.size());
    record.from_pid = news.parent.pid;
    record.from_start = news.parent.start;
    record.path_whole = news.whole;
    record.hierarchy = news.hierarchy;
    record.v1_cgroup = news.v1_cgroup;
    record.owner.host_pid = record.owner.host_tid = news.process.pid;
    record.owner.leader_start = record.owner.thread_start = news.process.start;
    record.owner.host_ppid = news.parent.pid;
    record.owner.parent_leader_start = news.parent.start;
    record.owner.cgroup_id = news.cgroup;
    put(&record, sizeof record);
    put(text.data(), text.size());
    put(news.args.data(), news.args.size());
  }

  Record8(uint32_t hierarchy, uint64_t id, std::string_view path) {
    cgroup_record record{};
    record.kind = WIRE_NEW_CGROUP;
    record.hierarchy = hierarchy;
    record.id = id;
    record.path_len = static_cast<uint16_t>(path.size());
    put(&record, sizeof record);
    put(path.data(), path.size());
  }

  Bytes bytes() const { return {reinterpret_cast<const uint8_t*>(room_.data()), size_}; }

 private:
  void put(const void* from, size_t size) {
    room_.resize((size_ + size + 7) / 8);
    if (size > 0) std::memcpy(reinterpret_cast<uint8_t*>(room_.data()) + size_, from, size);
    size_ += size;
  }

  std::vector<uint64_t> room_;
  size_t size_ = 0;
};

}  // namespace tracee::test
