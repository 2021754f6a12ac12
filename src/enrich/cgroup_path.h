// SPDX-License-Identifier: Apache-2.0
// Which container a control group is, by the path that its runtime gave it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tracee {

enum class Runtime : uint8_t { Unknown, Docker, Containerd, Crio, Podman };

// "docker", "containerd", "crio", "podman"; Unknown is "".
std::string_view runtime_name(Runtime runtime) noexcept;
Runtime runtime_of(std::string_view name) noexcept;  // Unknown: no such

struct CgroupPlace {
  std::string_view id;  // of the innermost container; empty: in none
  Runtime runtime = Runtime::Unknown;
  std::string pod_uid;  // of a pod's, as Kubernetes writes it
  // A container of containerd's own clients has any id: /NAMESPACE/ID may be one,
  // and only containerd knows. Then `id` is empty and these are not.
  std::string_view maybe_namespace, maybe_id;
};

// Understands Docker, containerd, CRI-O, Podman and Kubernetes, with systemd's
// slices and scopes or without, and groups below the container's own. The views are
// into `path`.
CgroupPlace place_of(std::string_view path);

}  // namespace tracee
