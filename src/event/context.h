// SPDX-License-Identifier: Apache-2.0
// Everything of an event that is not in the packet: when, where, and whose. The
// members that the JSON envelope shows are declared in tables here, in its order.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/field.h"

namespace tracee {

struct Executable {
  std::string_view path;
  bool operator==(const Executable&) const = default;
};

struct Container {
  std::string_view id, name, image, image_digest;
  bool operator==(const Container&) const = default;
};

struct Kubernetes {
  std::string_view pod_name, pod_namespace, pod_uid;
  bool pod_sandbox = false;
  bool operator==(const Kubernetes&) const = default;
};

struct ContextFlags {
  bool container_started = false;
  bool is_compat = false;
  bool operator==(const ContextFlags&) const = default;
};

// The owner's numbers are 0 and its texts empty when nobody owns the packet.
// Times are nanoseconds since the epoch. Texts are views into the record or
// into tables of the enrich room; they live as long as the packet.
struct Context {
  uint64_t time_ns = 0;
  uint64_t thread_start_ns = 0;
  uint32_t cpu = 0;
  uint32_t process_id = 0, thread_id = 0, parent_id = 0;                 // own pid namespace
  uint32_t host_process_id = 0, host_thread_id = 0, host_parent_id = 0;  // host's
  uint64_t cgroup_id = 0;
  uint64_t process_start = 0;  // ns of the boot clock; with the host's pid it names the process
  uint32_t user_id = 0;
  uint32_t mount_namespace = 0, pid_namespace = 0;
  std::string_view process_name;
  std::string_view executable_path;  // from the process' own root
  std::string_view command_line;     // cut at 512 bytes
  Executable executable;             // what the envelope shows of the path
  std::string_view host_name;
  Container container;
  Kubernetes kubernetes;
  std::string_view syscall;
  ContextFlags flags;
  uint32_t thread_entity = 0, process_entity = 0, parent_entity = 0;

  std::string_view user_name;  // of the host; empty in a container
  // Shown by the extended form only.
  std::string_view direction;             // "ingress", "egress" or not known
  std::string_view attribution = "none";  // how the owner is known
  std::string_view interface;             // of the host's network namespace, else empty
  uint32_t ifindex = 0, net_ns = 0;
  uint32_t packet_length = 0, captured_length = 0;
  uint32_t gso_segments = 1;

  // Texts are compared by what they say.
  bool operator==(const Context&) const = default;
};

// Calls `use(std::string_view&)` for each text, so that who keeps a context longer
// than its packet can keep them too.
template <class Use>
void each_text(Context& c, Use&& use) {
  for (std::string_view* text :
       {&c.process_name, &c.executable.path, &c.host_name, &c.container.id, &c.container.name,
        &c.container.image, &c.container.image_digest, &c.kubernetes.pod_name,
        &c.kubernetes.pod_namespace, &c.kubernetes.pod_uid, &c.syscall, &c.direction,
        &c.attribution, &c.interface, &c.executable_path, &c.command_line, &c.user_name}) {
    use(*text);
  }
}

inline std::string_view container_id(const Context& c) noexcept { return c.container.id; }

// The envelope before the event's own keys, in order.
extern const std::span<const Field> kContextHead;
// `syscall` and what follows it; stackAddresses and args are the format's.
extern const Field kContextSyscall;
extern const std::span<const Field> kContextTail;
// What the extended form adds behind everything else, as one object.
extern const Field kContextNetwork;

}  // namespace tracee
