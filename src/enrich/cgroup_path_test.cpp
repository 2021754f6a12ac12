// SPDX-License-Identifier: Apache-2.0
#include "enrich/cgroup_path.h"

#include <gtest/gtest.h>

namespace tracee {
namespace {

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define INNER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "11223344-5566-7788-99aa-bbccddeeff00"
#define UNDERSCORED "11223344_5566_7788_99aa_bbccddeeff00"

struct Row {
  const char *path, *id;
  Runtime runtime;
  const char* pod_uid = "";
};

constexpr Row kRows[] = {
    // Docker: cgroupfs, systemd, a group of its own below, rootless, GitHub's runner
    {"/docker/" ID, ID, Runtime::Docker},
    {"/system.slice/docker-" ID ".scope", ID, Runtime::Docker},
    {"/system.slice/docker-" ID ".scope/init.scope", ID, Runtime::Docker},
    {"/docker/" ID "/system.slice/ssh.service", ID, Runtime::Docker},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", ID,
     Runtime::Docker},
    {"/actions_job/" ID, ID, Runtime::Docker},
    // Kubernetes, cgroupfs: guaranteed, burstable, best effort
    {"/kubepods/pod" UID "/" ID, ID, Runtime::Unknown, UID},
    {"/kubepods/burstable/pod" UID "/" ID, ID, Runtime::Unknown, UID},
    {"/kubepods/besteffort/pod" UID "/crio-" ID, ID, Runtime::Crio, UID},
    // Kubernetes, systemd
    {"/kubepods.slice/kubepods-pod" UNDERSCORED ".slice/cri-containerd-" ID ".scope", ID,
     Runtime::Containerd, UID},
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UNDERSCORED ".slice/crio-" ID
     ".scope",
     ID, Runtime::Crio, UID},
    {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UNDERSCORED
     ".slice/docker-" ID ".scope",
     ID, Runtime::Docker, UID},
    {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UNDERSCORED
     ".slice/cri-containerd-" ID ".scope",
     ID, Runtime::Containerd, UID},
    // cgroupfs driver with a path that is meant for systemd's
    {"/kubepods-burstable-pod" UNDERSCORED ".slice:cri-containerd:" ID, ID, Runtime::Containerd,
     UID},
    {"/system.slice/containerd.service/kubepods-pod" UNDERSCORED ".slice:cri-containerd:" ID, ID,
     Runtime::Containerd, UID},
    // A static pod has a hash for a uid
    {"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID, ID, Runtime::Unknown,
     "0123456789abcdef0123456789abcdef"},
    // Podman: root, its payload's own group, rootless, cgroupfs
    {"/machine.slice/libpod-" ID ".scope", ID, Runtime::Podman},
    {"/machine.slice/libpod-" ID ".scope/container", ID, Runtime::Podman},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", ID,
     Runtime::Podman},
    {"/libpod_parent/libpod-" ID, ID, Runtime::Podman},
    {"/libpod_parent/" ID, ID, Runtime::Podman},
    // nerdctl
    {"/system.slice/nerdctl-" ID ".scope", ID, Runtime::Containerd},
    // Containers in a container: the innermost
    {"/docker/" ID "/docker/" INNER, INNER, Runtime::Docker},
    {"/docker/" ID "/kubelet/kubepods/pod" UID "/" INNER, INNER, Runtime::Unknown, UID},
    // Monitors are no containers
    {"/machine.slice/libpod-conmon-" ID ".scope", "", Runtime::Unknown},
    {"/kubepods.slice/kubepods-pod" UNDERSCORED ".slice/crio-conmon-" ID ".scope", "",
     Runtime::Unknown},
    // The host
    {"", "", Runtime::Unknown},
    {"/", "", Runtime::Unknown},
    {"/init.scope", "", Runtime::Unknown},
    {"/system.slice/docker.service", "", Runtime::Unknown},
    {"/system.slice/containerd.service", "", Runtime::Unknown},
    {"/user.slice/user-0.slice/session-1.scope", "", Runtime::Unknown},
    {"/kubepods/burstable/pod" UID, "", Runtime::Unknown},
    {"/docker/0123456789ab", "", Runtime::Unknown},
    {"/docker/g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "",
     Runtime::Unknown},
    {"/docker/" ID "0", "", Runtime::Unknown},
};

TEST(CgroupPath, TellsTheContainer) {
  for (const Row& row : kRows) {
    const CgroupPlace place = place_of(row.path);
    EXPECT_EQ(place.id, row.id) << row.path;
    EXPECT_EQ(place.runtime, row.runtime) << row.path;
    EXPECT_EQ(place.pod_uid, row.pod_uid) << row.path;
    if (!place.id.empty()) {
      EXPECT_EQ(place.maybe_id, "") << row.path;
    }
  }
}

TEST(CgroupPath, AContainerOfContainerdsOwnClients) {
  EXPECT_EQ(place_of("/default/web").maybe_namespace, "default");
  EXPECT_EQ(place_of("/default/web").maybe_id, "web");
  EXPECT_EQ(place_of("/default/web/init.scope").maybe_id, "web");
  for (const char* path : {"/", "/web", "/system.slice/web", "/default/web.scope", "//web"}) {
    EXPECT_EQ(place_of(path).maybe_id, "") << path;
  }
}

TEST(CgroupPath, RuntimesByName) {
  for (const char* name : {"docker", "containerd", "crio", "podman"}) {
    EXPECT_EQ(runtime_name(runtime_of(name)), name);
  }
  EXPECT_EQ(runtime_of("dockerd"), Runtime::Unknown);
}

}  // namespace
}  // namespace tracee
