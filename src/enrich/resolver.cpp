// SPDX-License-Identifier: Apache-2.0
#include "enrich/resolver.h"

#include <sys/eventfd.h>

#include "base/thread.h"

namespace tracee {

Resolver::Resolver(std::vector<RuntimeSocket> sockets, long time_ms)
    : runtimes_(std::move(sockets), ending_, time_ms) {
  if (runtimes_.empty()) return;
  ready_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  thread_ = start_thread([this] { work(); });
}

Resolver::~Resolver() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

size_t Resolver::room() const {
  if (!thread_.joinable()) return 0;
  const std::lock_guard lock(mutex_);
  const size_t used = questions_.size() + answers_.size();
  return used < kQuestions ? kQuestions - used : 0;
}

void Resolver::ask(Question question) {
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back(std::move(question));
  }
  wake_.notify_one();
}

std::deque<Answer> Resolver::answers() {
  uint64_t count;
  // Without a word from the thread there is no lock to take.
  if (!ready_ || ::read(ready_.get(), &count, sizeof count) < 0) return {};
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

void Resolver::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !questions_.empty(); });
    if (ending_) return;
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    auto names = runtimes_.ask(question);
    lock.lock();
    if (!names) continue;  // the table asks again
    answers_.push_back({question.id, std::move(*names)});
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(ready_.get(), &one, sizeof one);
  }
}

}  // namespace tracee
