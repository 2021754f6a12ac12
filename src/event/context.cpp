// SPDX-License-Identifier: Apache-2.0
#include "event/context.h"

namespace tracee {
namespace {

constexpr Field kExecutableFields[] = {
    field<&Executable::path, "path">("Path of the executable, when it is known."),
};
constexpr RecordSpec kExecutable{"Executable", kExecutableFields};

constexpr Field kContainerFields[] = {
    field<&Container::id, "id">("Full container id.", nullptr, Empty::Absent),
    field<&Container::name, "name">("Container name.", nullptr, Empty::Absent),
    field<&Container::image, "image">("Image name.", nullptr, Empty::Absent),
    field<&Container::image_digest, "imageDigest">("Image digest.", nullptr, Empty::Absent),
};
constexpr RecordSpec kContainer{"Container", kContainerFields};

constexpr Field kKubernetesFields[] = {
    field<&Kubernetes::pod_name, "podName">("Pod name.", nullptr, Empty::Absent),
    field<&Kubernetes::pod_namespace, "podNamespace">("Pod namespace.", nullptr, Empty::Absent),
    field<&Kubernetes::pod_uid, "podUID">("Pod uid.", nullptr, Empty::Absent),
    field<&Kubernetes::pod_sandbox, "podSandbox">("It holds the namespaces of its pod.", nullptr,
                                                  Empty::Absent),
};
constexpr RecordSpec kKubernetes{"Kubernetes", kKubernetesFields};

constexpr Field kFlagsFields[] = {
    field<&ContextFlags::container_started, "containerStarted">(
        "The container's entry point has run."),
    field<&ContextFlags::is_compat, "isCompat">("32-bit task on a 64-bit kernel."),
};
constexpr RecordSpec kFlags{"ContextFlags", kFlagsFields};

constexpr Field kHead[] = {
    field<&Context::time_ns, "timestamp">("Time of the packet, ns since the epoch."),
    field<&Context::thread_start_ns, "threadStartTime">("Start of the thread, ns since the epoch."),
    field<&Context::cpu, "processorId">("CPU that handled the packet."),
    field<&Context::process_id, "processId">("Process id in its own pid namespace."),
    field<&Context::cgroup_id, "cgroupId">("Cgroup v2 id of the task."),
    field<&Context::thread_id, "threadId">("Thread id in its own pid namespace."),
    field<&Context::parent_id, "parentProcessId">("Parent's process id in the own pid namespace."),
    field<&Context::host_process_id, "hostProcessId">("Process id on the host."),
    field<&Context::host_thread_id, "hostThreadId">("Thread id on the host."),
    field<&Context::host_parent_id, "hostParentProcessId">("Parent's process id on the host."),
    field<&Context::user_id, "userId">("Effective user id."),
    field<&Context::mount_namespace, "mountNamespace">("Inode of the mount namespace."),
    field<&Context::pid_namespace, "pidNamespace">("Inode of the pid namespace."),
    field<&Context::process_name, "processName">("Name of the thread, at most 15 bytes."),
    field<&Context::executable, "executable">("Executable of the process.", &kExecutable),
    field<&Context::host_name, "hostName">("UTS node name, at most 15 bytes."),
    field<&container_id, "containerId">("Full container id, empty on the host."),
    field<&Context::container, "container">("Container of the task.", &kContainer),
    field<&Context::kubernetes, "kubernetes">("Pod of the task.", &kKubernetes),
};

constexpr Field kTail[] = {
    field<&Context::flags, "contextFlags">("State of the task.", &kFlags),
    field<&Context::thread_entity, "threadEntityId">("Hash of thread id and start."),
    field<&Context::process_entity, "processEntityId">("Hash of process id and start."),
    field<&Context::parent_entity, "parentEntityId">("Hash of parent's id and start."),
};

constexpr Field kNetworkFields[] = {
    field<&Context::direction, "direction">("`ingress` or `egress`."),
    field<&Context::interface, "interface">("Name of the interface, where it is known."),
    field<&Context::ifindex, "ifindex">("Index of the interface in its network namespace."),
    field<&Context::net_ns, "namespace">("Inode of the socket's network namespace; 0: not known."),
    field<&Context::attribution, "attribution">("`creator`, `user`, `listener` or `none`."),
    field<&Context::packet_length, "packetLength">("Bytes of the packet, from the IP header."),
    field<&Context::captured_length, "capturedLength">("Bytes of it that were looked at."),
    field<&Context::gso_segments, "gsoSegments">("Segments the device will make of it."),
};
constexpr RecordSpec kNetwork{"Network", kNetworkFields};

const Context& itself(const Context& context) noexcept { return context; }

}  // namespace

const std::span<const Field> kContextHead = kHead;
const Field kContextSyscall =
    field<&Context::syscall, "syscall">("Last socket call of the sender; empty on ingress.");
const std::span<const Field> kContextTail = kTail;
const Field kContextNetwork = field<&itself, "network">("Where the packet was seen.", &kNetwork);

}  // namespace tracee
