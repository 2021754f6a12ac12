// SPDX-License-Identifier: Apache-2.0
// The walk over the control groups that are there at start.
#include <mntent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/folder.h"
#include "enrich/container.h"

namespace tracee {
namespace {

// Those that put_v1_cgroup() of the BPF program asks, in its order.
constexpr std::string_view kControllers[] = {"memory", "pids", "devices", "freezer", "cpu"};

struct Mount {
  std::string path;
  uint32_t hierarchy;
};

// The number of a v1 controller's hierarchy, of /proc/cgroups; 0: it is not in v1.
uint32_t hierarchy_of(std::string_view controller) {
  std::ifstream file("/proc/cgroups");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    uint32_t hierarchy = 0;
    if (words >> name >> hierarchy && name == controller) return hierarchy;
  }
  return 0;
}

std::vector<Mount> mounts() {
  std::vector<Mount> out;
  const auto add = [&](const char* path, uint32_t hierarchy) {
    const bool there =
        std::ranges::any_of(out, [&](const Mount& mount) { return mount.hierarchy == hierarchy; });
    if (!there) out.push_back({path, hierarchy});
  };
  FILE* const file = setmntent("/proc/self/mounts", "re");
  if (file == nullptr) return out;
  mntent entry{};
  char buffer[4096];
  while (getmntent_r(file, &entry, buffer, sizeof buffer) != nullptr) {
    const std::string_view type = entry.mnt_type;
    if (type == "cgroup2") add(entry.mnt_dir, 0);
    if (type != "cgroup") continue;
    for (const auto controller : kControllers) {
      if (hasmntopt(&entry, std::string(controller).c_str()) == nullptr) continue;
      if (const uint32_t hierarchy = hierarchy_of(controller)) add(entry.mnt_dir, hierarchy);
    }
  }
  endmntent(file);
  return out;
}

}  // namespace

void scan_cgroups(ContainerTable& table, size_t limit) {
  size_t seen = 0;
  for (const Mount& mount : mounts()) {
    // A group may go away meanwhile: it is passed over.
    std::vector<std::string> open = {mount.path};
    while (!open.empty()) {
      const std::string folder = std::move(open.back());
      open.pop_back();
      each_entry(folder, [&](std::string_view name) {
        std::string path = folder;
        path.append("/").append(name);
        struct stat info;
        if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || seen == limit) return;
        ++seen;
        table.add(mount.hierarchy, info.st_ino, std::string_view(path).substr(mount.path.size()),
                  false);
        open.push_back(std::move(path));
      });
    }
  }
}

}  // namespace tracee
