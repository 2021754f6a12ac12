// SPDX-License-Identifier: Apache-2.0
#include "enrich/owner.h"

#include <sys/syscall.h>

#include <cstring>

#include "enrich/entity.h"

namespace tracee {
namespace {

struct Call {
  int32_t number;
  std::string_view name;
};

// Numbers differ by architecture; the header has those of the one we run on.
constexpr Call kCalls[] = {
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_readv, "readv"},
    {SYS_writev, "writev"},
    {SYS_preadv2, "preadv2"},
    {SYS_pwritev2, "pwritev2"},
    {SYS_socket, "socket"},
    {SYS_socketpair, "socketpair"},
    {SYS_bind, "bind"},
    {SYS_listen, "listen"},
    {SYS_connect, "connect"},
    {SYS_accept, "accept"},
    {SYS_accept4, "accept4"},
    {SYS_sendto, "sendto"},
    {SYS_recvfrom, "recvfrom"},
    {SYS_sendmsg, "sendmsg"},
    {SYS_recvmsg, "recvmsg"},
    {SYS_sendmmsg, "sendmmsg"},
    {SYS_recvmmsg, "recvmmsg"},
    {SYS_sendfile, "sendfile"},
    {SYS_splice, "splice"},
    {SYS_setsockopt, "setsockopt"},
    {SYS_getsockopt, "getsockopt"},
    {SYS_shutdown, "shutdown"},
    {SYS_close, "close"},
    {SYS_exit_group, "exit_group"},
    {SYS_io_uring_enter, "io_uring_enter"},
};

std::string_view attribution_name(uint8_t attribution) noexcept {
  switch (attribution) {
    case WIRE_OWNER_CREATOR:
      return "creator";
    case WIRE_OWNER_USER:
      return "user";
    case WIRE_OWNER_LISTENER:
      return "listener";
    default:
      return "none";
  }
}

template <size_t N>
std::string_view padded_text(const char (&text)[N]) noexcept {
  return {text, strnlen(text, N)};
}

}  // namespace

std::string_view socket_call_name(int32_t number) noexcept {
  for (const Call& call : kCalls) {
    if (call.number == number) return call.name;
  }
  return {};
}

void fill_owner(const owner& owner, uint64_t boot_epoch_ns, bool egress,
                Context& context) noexcept {
  context.attribution = attribution_name(owner.attribution);
  if (owner.host_tid == 0) return;
  context.thread_start_ns = boot_epoch_ns + owner.thread_start;
  context.process_id = owner.ns_pid;
  context.thread_id = owner.ns_tid;
  context.parent_id = owner.ns_ppid;
  context.host_process_id = owner.host_pid;
  context.host_thread_id = owner.host_tid;
  context.host_parent_id = owner.host_ppid;
  context.process_start = owner.leader_start;
  context.cgroup_id = owner.cgroup_id;
  context.user_id = owner.uid;
  context.mount_namespace = owner.mount_ns;
  context.pid_namespace = owner.pid_ns;
  context.process_name = padded_text(owner.comm);
  context.host_name = padded_text(owner.node_name);
  if (egress) context.syscall = socket_call_name(owner.syscall);
  context.flags.is_compat = owner.compat != 0;
  context.thread_entity = entity_id(owner.host_tid, owner.thread_start);
  const bool is_first_thread =
      owner.host_pid == owner.host_tid && owner.leader_start == owner.thread_start;
  context.process_entity =
      is_first_thread ? context.thread_entity : entity_id(owner.host_pid, owner.leader_start);
  context.parent_entity = entity_id(owner.host_ppid, owner.parent_leader_start);
}

}  // namespace tracee
