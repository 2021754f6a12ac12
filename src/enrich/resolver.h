// SPDX-License-Identifier: Apache-2.0
// The thread that asks container runtimes, so that no packet waits for one. Both
// queues are bounded: a question that finds no room is asked again later.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/fd.h"
#include "enrich/runtimes.h"

namespace tracee {

struct Answer {
  std::string id;
  ContainerNames names;
};

class Resolver {
 public:
  static constexpr size_t kQuestions = 1024;

  // Without sockets it has no thread and answers nothing. One runtime is waited for
  // no longer than time_ms a request.
  explicit Resolver(std::vector<RuntimeSocket> sockets, long time_ms = 2000);
  ~Resolver();  // gives up the question at hand, within a second
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  size_t room() const;
  void ask(Question question);
  // The answers that have come.
  std::deque<Answer> answers();
  // Readable when there are some; -1: never.
  int answers_fd() const noexcept { return ready_.get(); }

 private:
  void work();

  std::atomic<bool> ending_ = false;
  Runtimes runtimes_;
  Fd ready_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Question> questions_;
  std::deque<Answer> answers_;
  std::thread thread_;
};

}  // namespace tracee
