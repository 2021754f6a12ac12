// SPDX-License-Identifier: Apache-2.0
// What is done to a file besides writing it, on a thread of its own: files that
// were set aside are compressed and, beyond a number, deleted; the current one is
// synced. It looks at the folder each time, so what an earlier run left behind is
// done too, and a crash at any point loses nothing.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/result.h"

namespace tracee {

class FileKeeper {
 public:
  struct Rules {
    size_t keep = 0;  // files set aside; 0: all
    bool compress = false;
    bool sync = false;  // what it makes, too
  };
  // `tell` is called on the keeper's thread with what people should hear.
  FileKeeper(std::string path, Rules rules, std::function<void(std::string)> tell);
  // Does what is left to do first.
  ~FileKeeper();

  // The name under which the file is set aside at this time.
  static std::string name_at(const std::string& path, uint64_t time_us);

  // Moves the file away, if it is there, and looks after those that were. On the
  // writer's thread.
  Result<> set_aside();
  // Bytes of `file` to the disk.
  void sync(Fd file) noexcept;

 private:
  void look() noexcept;
  void run() noexcept;
  void tidy();

  const std::string path_;
  const Rules rules_;
  const std::function<void(std::string)> tell_;
  std::mutex lock_;
  std::condition_variable wake_;
  bool look_ = true, end_ = false;
  uint64_t last_us_ = 0;  // the writer's
  Fd sync_;
  std::thread thread_;
};

}  // namespace tracee
