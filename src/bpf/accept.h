/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: the moment of accept(2). The task that takes a connection off the queue
 * is its user from then on, whoever made the listener.
 *
 * There are two ways to see it and one of them is loaded. A program at the end of
 * inet_accept() has the socket in its hands. Where such programs are refused, the
 * exit of the system call has a descriptor, and is not allowed to touch a socket's
 * storage: it notes the task under the socket's address in `accepted`, and the
 * connection's next packet, or its close, puts it where it belongs.
 *
 * Promises: a note is for the socket it was made for and no later one at the same
 * address: the close of a socket removes it, and the ports must agree.
 */
#ifndef TRACEE_BPF_ACCEPT_H
#define TRACEE_BPF_ACCEPT_H

#include "owner.h"

struct accept_note {
	__u32 ports; /* see ports_of() */
	__u32 pad;
	struct owner owner;
};

/* Notes live from accept to the next packet; those of idle connections may fall out. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct accept_note);
} accepted SEC(".maps");

static __always_inline __u32 ports_of(__u16 local, __be16 remote)
{
	return (__u32)local << 16 | remote;
}

/* Gives the slot of socket `at` its accepter, if there is a note. */
static __noinline void take_note(struct owner_slot *slot, __u64 at, __u32 ports)
{
	struct accept_note *note = bpf_map_lookup_elem(&accepted, &at);
	struct owner owner;

	if (!note)
		return;
	if (note->ports == ports) {
		owner = note->owner;
		bpf_spin_lock(&slot->lock);
		if (slot->socket != at)
			put_owner(slot, &owner, at, 0);
		bpf_spin_unlock(&slot->lock);
	}
	bpf_map_delete_elem(&accepted, &at);
}

struct syscall_exit {
	__u64 regs;
	__s64 number;
	__s64 result;
};

static __always_inline int on_accept_exit(struct syscall_exit *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct accept_note note = {};
	struct sock_common *sk;
	__u16 family, local;
	__be16 remote;
	__u64 at;

	if (ctx->result < 0 || !can_own(task))
		return 0;
	at = socket_behind(task, ctx->result);
	sk = (struct sock_common *)at;
	if (!at || bpf_core_read(&family, sizeof(family), &sk->skc_family) ||
	    (family != AF_INET && family != AF_INET6) ||
	    bpf_core_read(&local, sizeof(local), &sk->skc_num) ||
	    bpf_core_read(&remote, sizeof(remote), &sk->skc_dport))
		return 0;
	note.ports = ports_of(local, remote);
	fill_owner(&note.owner, task, ctx->number, WIRE_OWNER_USER);
	bpf_map_update_elem(&accepted, &at, &note, BPF_ANY);
	return 0;
}

SEC("?tracepoint/syscalls/sys_exit_accept")
int on_accept(struct syscall_exit *ctx)
{
	return on_accept_exit(ctx);
}

SEC("?tracepoint/syscalls/sys_exit_accept4")
int on_accept4(struct syscall_exit *ctx)
{
	return on_accept_exit(ctx);
}

/* A connection that is closed before any packet: its FIN is its accepter's too. */
SEC("?cgroup/sock_release")
int on_release(struct bpf_sock *sk)
{
	__u64 at = (__u64)sk;
	struct accept_note *note = bpf_map_lookup_elem(&accepted, &at);
	struct owner_slot *slot;

	if (!note)
		return 1;
	slot = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (slot)
		take_note(slot, at, note->ports);
	return 1;
}

/* The same as a use of the new socket. */
SEC("?fexit/inet_accept")
int BPF_PROG(on_accepted, struct socket *listener, struct socket *socket)
{
	return on_use(socket->sk);
}

/* MPTCP has its own; what it accepts may be a plain TCP socket. */
SEC("?fexit/mptcp_stream_accept")
int BPF_PROG(on_mptcp_accepted, struct socket *listener, struct socket *socket)
{
	return on_use(socket->sk);
}

#endif
