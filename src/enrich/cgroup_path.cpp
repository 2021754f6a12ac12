// SPDX-License-Identifier: Apache-2.0
#include "enrich/cgroup_path.h"

#include <algorithm>
#include <iterator>

namespace tracee {
namespace {

constexpr size_t kIdSize = 64;

struct Prefix {
  std::string_view text;
  Runtime runtime;
};
// In front of an id, in names of scopes and of plain groups.
constexpr Prefix kPrefixes[] = {
    {"docker-", Runtime::Docker},      {"cri-containerd-", Runtime::Containerd},
    {"crio-", Runtime::Crio},          {"libpod-", Runtime::Podman},
    {"nerdctl-", Runtime::Containerd}, {"cri-containerd:", Runtime::Containerd},
    {"crio:", Runtime::Crio},
};
// Groups that hold containers by their bare ids.
constexpr Prefix kParents[] = {
    {"docker", Runtime::Docker},
    {"actions_job", Runtime::Docker},
    {"libpod_parent", Runtime::Podman},
};

bool is_id(std::string_view text) noexcept {
  return text.size() == kIdSize && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) noexcept {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

std::string_view last_name(std::string_view& path) noexcept {
  const size_t slash = path.rfind('/');
  const std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
  path = path.substr(0, slash == path.npos ? 0 : slash);
  return name;
}

// `name` is a container's group: its id and who runs it.
bool take_id(std::string_view name, CgroupPlace& place) noexcept {
  name = without_suffix(name, ".scope");
  // cgroupfs with a path meant for systemd: SLICE:RUNTIME:ID.
  if (const size_t colon = name.find(':'); colon != name.npos) name.remove_prefix(colon + 1);
  for (const Prefix& prefix : kPrefixes) {
    if (!name.starts_with(prefix.text) || !is_id(name.substr(prefix.text.size()))) continue;
    place.id = name.substr(prefix.text.size());
    place.runtime = prefix.runtime;
    return true;
  }
  if (!is_id(name)) return false;
  place.id = name;
  return true;
}

// "pod" and a uid, which systemd's names write with underscores.
std::string pod_uid_in(std::string_view name) {
  name = without_suffix(name.substr(0, name.find(':')), ".slice");
  const size_t at = name.starts_with("pod") ? 0 : name.rfind("-pod");
  if (at == name.npos) return {};
  std::string uid(name.substr(at + (at == 0 && name.starts_with("pod") ? 3 : 4)));
  std::ranges::replace(uid, '_', '-');
  const bool plausible =
      uid.size() >= 32 && uid.size() <= 36 &&
      std::ranges::all_of(uid, [](char c) { return std::isxdigit(c) || c == '-'; });
  return plausible ? uid : std::string();
}

bool is_systemd(std::string_view name) noexcept {
  return name.ends_with(".slice") || name.ends_with(".scope") || name.ends_with(".service");
}

void take_maybe(std::string_view path, CgroupPlace& place) noexcept {
  while (path.starts_with('/')) path.remove_prefix(1);
  const size_t slash = path.find('/');
  if (slash == path.npos) return;
  const std::string_view space = path.substr(0, slash), rest = path.substr(slash + 1);
  const std::string_view id = rest.substr(0, rest.find('/'));
  if (space.empty() || id.empty() || is_systemd(space) || is_systemd(id)) return;
  place.maybe_namespace = space;
  place.maybe_id = id;
}

}  // namespace

std::string_view runtime_name(Runtime runtime) noexcept {
  switch (runtime) {
    case Runtime::Docker:
      return "docker";
    case Runtime::Containerd:
      return "containerd";
    case Runtime::Crio:
      return "crio";
    case Runtime::Podman:
      return "podman";
    case Runtime::Unknown:
      break;
  }
  return {};
}

Runtime runtime_of(std::string_view name) noexcept {
  for (const Runtime runtime :
       {Runtime::Docker, Runtime::Containerd, Runtime::Crio, Runtime::Podman}) {
    if (name == runtime_name(runtime)) return runtime;
  }
  return Runtime::Unknown;
}

CgroupPlace place_of(std::string_view path) {
  CgroupPlace place;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view name = last_name(rest);
    if (place.id.empty()) {
      // The pod's uid is above the container's group, or in its own name.
      if (take_id(name, place)) place.pod_uid = pod_uid_in(name);
      continue;
    }
    if (place.runtime == Runtime::Unknown) {
      const auto* parent = std::ranges::find(kParents, name, &Prefix::text);
      if (parent != std::end(kParents)) place.runtime = parent->runtime;
    }
    if (place.pod_uid.empty()) place.pod_uid = pod_uid_in(name);
    // What is above a container inside a container is another story.
    CgroupPlace outer;
    if (take_id(name, outer)) break;
  }
  if (place.id.empty()) take_maybe(path, place);
  return place;
}

}  // namespace tracee
