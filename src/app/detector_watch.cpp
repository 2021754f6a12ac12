// SPDX-License-Identifier: Apache-2.0
#include "app/detector_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "app/signals.h"
#include "base/thread.h"

namespace tracee {
namespace {

// Who writes several files, or one in several steps, is waited for.
constexpr int kQuietMs = 200;
// How often to look whether something was asked, where there was no descriptor to be woken by.
constexpr int kLookMs = 500;

}  // namespace

DetectorWatch::DetectorWatch(std::vector<std::string> paths,
                             std::shared_ptr<const DetectorFiles> now)
    : paths_(std::move(paths)),
      changes_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(std::move(now)) {
  watch_folders(*now_);
  thread_ = start_thread([this] { run(); });
}

DetectorWatch::~DetectorWatch() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
  thread_.join();
}

void DetectorWatch::read_again() noexcept {
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
}

std::optional<DetectorFiles> DetectorWatch::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(fresh_, std::nullopt);
}

void DetectorWatch::in_force(std::shared_ptr<const DetectorFiles> files) {
  const std::lock_guard lock(mutex_);
  now_ = std::move(files);
}

// A folder that is watched already is the same watch.
void DetectorWatch::watch_folders(const DetectorFiles& files) {
  constexpr uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
  if (changes_.get() < 0) return;
  for (const std::string& folder : files.folders()) {
    (void)inotify_add_watch(changes_.get(), folder.c_str(), kChanges);
  }
}

bool DetectorWatch::drain_changes() {
  bool any = false;
  alignas(inotify_event) char room[4096];
  while (::read(changes_.get(), room, sizeof room) > 0) any = true;
  return any;
}

void DetectorWatch::run() {
  bool changed = false;
  const int no_limit = wake_ ? -1 : kLookMs;
  for (;;) {
    pollfd ready[] = {{changes_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    const int got = poll(ready, 2, changed ? kQuietMs : no_limit);
    uint64_t count;
    [[maybe_unused]] const auto taken = ::read(wake_.get(), &count, sizeof count);
    bool asked = false;
    {
      const std::lock_guard lock(mutex_);
      if (ends_) return;
      asked = std::exchange(asked_, false);
    }
    if (drain_changes()) changed = true;
    if (!asked && (!changed || got != 0)) continue;
    read(asked);
    changed = false;
  }
}

void DetectorWatch::read(bool anyway) {
  std::shared_ptr<const DetectorFiles> before;
  {
    const std::lock_guard lock(mutex_);
    before = now_;
  }
  auto files = read_detector_files(paths_, before.get());
  if (!files) return;  // with `before` nothing fails
  watch_folders(*files);
  if (!anyway && files->warnings.empty() && files->same_as(*before)) return;
  {
    const std::lock_guard lock(mutex_);
    fresh_ = std::move(*files);
  }
  request_detectors();
}

}  // namespace tracee
