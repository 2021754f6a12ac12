// SPDX-License-Identifier: Apache-2.0
#include "app/process_view.h"

#include <sys/stat.h>

namespace tracee {

ProcessView::ProcessView(const Enricher& enricher) : enricher_(enricher) {
  struct stat space;
  if (stat("/proc/1/ns/mnt", &space) == 0) {
    host_mount_namespace_ = static_cast<uint32_t>(space.st_ino);
  }
}

}  // namespace tracee
