// SPDX-License-Identifier: Apache-2.0
#include "filter/names.h"

#include "wire/wire.h"

namespace tracee {
namespace {

std::string_view executable(const Context& c) noexcept { return c.executable_path; }
std::string_view container_name(const Context& c) noexcept { return c.container.name; }
std::string_view container_image(const Context& c) noexcept { return c.container.image; }
std::string_view container_digest(const Context& c) noexcept { return c.container.image_digest; }
bool container_started(const Context& c) noexcept { return c.flags.container_started; }
std::string_view pod_name(const Context& c) noexcept { return c.kubernetes.pod_name; }
std::string_view pod_namespace(const Context& c) noexcept { return c.kubernetes.pod_namespace; }
std::string_view pod_uid(const Context& c) noexcept { return c.kubernetes.pod_uid; }
bool pod_sandbox(const Context& c) noexcept { return c.kubernetes.pod_sandbox; }

std::string_view direction_name(uint8_t number) noexcept {
  return number == WIRE_INGRESS ? "ingress" : number == WIRE_EGRESS ? "egress" : "";
}

constexpr Field kEvent[] = {
    field<&Context::time_ns, "timestamp">("Time of the packet, ns since the epoch."),
    field<&Context::cpu, "processorId">("CPU that handled the packet."),
};

constexpr Field kProcess[] = {
    from(Origin::Comm,
         field<&Context::process_name, "name">("Name of the thread, at most 15 bytes.")),
    from(Origin::Pid, field<&Context::process_id, "pid">("Process id in its own pid namespace.")),
    from(Origin::Tid, field<&Context::thread_id, "tid">("Thread id in its own pid namespace.")),
    from(Origin::ParentPid,
         field<&Context::parent_id, "ppid">("Parent's process id in the own pid namespace.")),
    from(Origin::Uid, field<&Context::user_id, "uid">("Effective user id.")),
    field<&executable, "executable">("Path of the executable, from its own root."),
    field<&Context::command_line, "commandLine">("Command line, its first 512 bytes."),
    from(Origin::HostPid, field<&Context::host_process_id, "hostPid">("Process id on the host.")),
    from(Origin::HostTid, field<&Context::host_thread_id, "hostTid">("Thread id on the host.")),
    from(Origin::HostParentPid,
         field<&Context::host_parent_id, "hostPpid">("Parent's process id on the host.")),
    field<&Context::thread_start_ns, "startTime">("Start of the thread, ns since the epoch."),
    from(Origin::MountNamespace,
         field<&Context::mount_namespace, "mntns">("Inode of the mount namespace.")),
    from(Origin::PidNamespace,
         field<&Context::pid_namespace, "pidns">("Inode of the pid namespace.")),
    from(Origin::Cgroup, field<&Context::cgroup_id, "cgroupId">("Cgroup v2 id of the task.")),
    from(Origin::NodeName,
         field<&Context::host_name, "hostName">("UTS node name, at most 15 bytes.")),
};

constexpr Field kContainer[] = {
    field<&container_id, "id">("Full container id, empty on the host."),
    field<&container_name, "name">("Container name."),
    field<&container_image, "image">("Image name."),
    field<&container_digest, "imageDigest">("Image digest."),
    field<&container_started, "started">("The container's entry point has run."),
};

constexpr Field kKubernetes[] = {
    field<&pod_name, "podName">("Pod name."),
    field<&pod_namespace, "podNamespace">("Pod namespace."),
    field<&pod_uid, "podUid">("Pod uid."),
    field<&pod_sandbox, "podSandbox">("The container holds the pod's namespaces."),
};

constexpr Field kNetwork[] = {
    from(Origin::Direction,
         field<&Context::direction, "direction">("`ingress` or `egress`; empty in a replay."),
         &direction_name),
    field<&Context::attribution, "attribution">("How the owner was found."),
    field<&Context::interface, "interface">("Name of the interface, where it is known."),
    from(Origin::Ifindex, field<&Context::ifindex, "ifindex">("Number of the interface.")),
    field<&Context::net_ns, "namespace">("Inode of the network namespace."),
    field<&Context::packet_length, "packetLength">("Bytes of the packet, from its IP header on."),
    field<&Context::captured_length, "capturedLength">("Bytes of it that were captured."),
    field<&Context::gso_segments, "gsoSegments">("Segments a packet to be cut stands for."),
};

// The owner under the names that the typed event has for it.
const Context& self(const Context& c) noexcept { return c; }

constexpr Field kRealUser[] = {field<&Context::user_id, "id">("Effective user id.")};
constexpr RecordSpec kRealUserSpec{"user", kRealUser};
constexpr Field kExecutable[] = {field<&executable, "path">("Path, from its own root.")};
constexpr RecordSpec kExecutableSpec{"executable", kExecutable};
constexpr Field kThread[] = {
    field<&Context::thread_start_ns, "start_time">("Start of the thread, ns since the epoch."),
    field<&Context::process_name, "name">("Name of the thread."),
    field<&Context::thread_entity, "unique_id">("Hash of host id and start."),
    field<&Context::host_thread_id, "host_tid">("Thread id on the host."),
    field<&Context::thread_id, "tid">("Thread id in its own pid namespace."),
    field<&Context::syscall, "syscall">("Last socket call of the sender."),
};
constexpr RecordSpec kThreadSpec{"thread", kThread};
constexpr Field kWorkloadProcess[] = {
    field<&self, "executable">("The program.", &kExecutableSpec),
    field<&Context::process_entity, "unique_id">("Hash of host id and start."),
    field<&Context::parent_entity, "parent_unique_id">("That of the parent."),
    field<&Context::host_process_id, "host_pid">("Process id on the host."),
    field<&Context::process_id, "pid">("Process id in its own pid namespace."),
    field<&Context::host_parent_id, "host_ppid">("Parent's process id on the host."),
    field<&Context::parent_id, "ppid">("Parent's process id in the own pid namespace."),
    field<&self, "real_user">("The user.", &kRealUserSpec),
    field<&self, "thread">("The thread.", &kThreadSpec),
};
constexpr RecordSpec kWorkloadProcessSpec{"process", kWorkloadProcess};
constexpr Field kImage[] = {
    field<&container_image, "name">("Image name."),
    field<&container_digest, "repo_digests">("Image digest."),
};
constexpr RecordSpec kImageSpec{"image", kImage};
constexpr Field kWorkloadContainer[] = {
    field<&container_id, "id">("Full container id, empty on the host."),
    field<&container_name, "name">("Container name."),
    field<&self, "image">("Image.", &kImageSpec),
    field<&container_started, "started">("The container's entry point has run."),
};
constexpr RecordSpec kWorkloadContainerSpec{"container", kWorkloadContainer};
constexpr Field kPod[] = {
    field<&pod_name, "name">("Pod name."),
    field<&pod_uid, "uid">("Pod uid."),
};
constexpr RecordSpec kPodSpec{"pod", kPod};
constexpr Field kNamespace[] = {field<&pod_namespace, "name">("Pod namespace.")};
constexpr RecordSpec kNamespaceSpec{"namespace", kNamespace};
constexpr Field kK8s[] = {
    field<&self, "pod">("The pod.", &kPodSpec),
    field<&self, "namespace">("Its namespace.", &kNamespaceSpec),
};
constexpr RecordSpec kK8sSpec{"k8s", kK8s};
constexpr Field kWorkload[] = {
    field<&self, "process">("The process.", &kWorkloadProcessSpec),
    field<&self, "container">("The container.", &kWorkloadContainerSpec),
    field<&self, "k8s">("The pod.", &kK8sSpec),
};

constexpr Field kLone[] = {
    field<&Context::time_ns, "timestamp">("Time of the packet, ns since the epoch."),
    field<&Context::syscall, "syscall">("Last socket call of the sender; empty on ingress."),
};

constexpr NameGroup kGroups[] = {
    {"event", kEvent},           {"process", kProcess}, {"container", kContainer},
    {"kubernetes", kKubernetes}, {"network", kNetwork}, {"workload", kWorkload},
};

}  // namespace

const RecordSpec& process_record() { return kWorkloadProcessSpec; }
const RecordSpec& container_record() { return kWorkloadContainerSpec; }
std::span<const NameGroup> name_groups() { return kGroups; }
std::span<const Field> lone_names() { return kLone; }

Path context_path(std::string_view group, std::string_view name) {
  Path out;
  out.root = Path::Root::Context;
  std::span<const Field> fields = kLone;
  for (const NameGroup& candidate : kGroups) {
    if (candidate.name == group) fields = candidate.fields;
  }
  append_step(out, *find_field(fields, name, false));
  return out;
}

}  // namespace tracee
