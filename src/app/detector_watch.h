// SPDX-License-Identifier: Apache-2.0
// Reads the files of detectors again when one of them changes, or when it is asked
// to, on a thread of its own: packets do not wait for a long list. The result is for
// the worker to take, between two packets.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "detect/detector_files.h"

namespace tracee {

class DetectorWatch {
 public:
  DetectorWatch(std::vector<std::string> paths, std::shared_ptr<const DetectorFiles> now);
  // Ends the thread; what it is reading is not waited for longer than that takes.
  ~DetectorWatch();
  DetectorWatch(const DetectorWatch&) = delete;
  DetectorWatch& operator=(const DetectorWatch&) = delete;

  // Read all of them now, changed or not.
  void read_again() noexcept;
  // What has been read since the last call. request_fd() of signals.h becomes readable
  // when there is something.
  std::optional<DetectorFiles> take();
  // What a read that fails for some file goes back to.
  void in_force(std::shared_ptr<const DetectorFiles> files);

 private:
  void run();
  void watch_folders(const DetectorFiles& files);
  bool drain_changes();
  void read(bool anyway);

  std::vector<std::string> paths_;
  Fd changes_;  // inotify; -1: SIGHUP alone
  Fd wake_;     // eventfd: asked, or to end
  std::mutex mutex_;
  std::shared_ptr<const DetectorFiles> now_;
  std::optional<DetectorFiles> fresh_;
  bool asked_ = false, ends_ = false;
  std::thread thread_;
};

}  // namespace tracee
