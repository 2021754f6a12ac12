// SPDX-License-Identifier: Apache-2.0
// The walk over the control groups that are there at start.
#include <mntent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

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
  namespace fs = std::filesystem;
  size_t seen = 0;
  for (const Mount& mount : mounts()) {
    std::error_code error;
    fs::recursive_directory_iterator at(mount.path, fs::directory_options::skip_permission_denied,
                                        error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
      struct stat info;
      if (!at->is_directory(error) || ::stat(at->path().c_str(), &info) != 0) continue;
      if (++seen > limit) return;
      table.add(mount.hierarchy, info.st_ino,
                std::string_view(at->path().native()).substr(mount.path.size()), false);
    }
  }
}

}  // namespace tracee
