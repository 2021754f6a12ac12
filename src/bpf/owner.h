/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: which task a socket belongs to. The creator is noted by socket(2);
 * whoever connects, sends or receives later replaces it; sockets older than the
 * tracer are noted once by a walk over the open files.
 *
 * Promises: only a task that did one of these things on this very socket becomes
 * its owner. Kernel threads and kernel sockets never do. No program here ever
 * refuses what the task wants to do.
 */
#ifndef TRACEE_BPF_OWNER_H
#define TRACEE_BPF_OWNER_H

#include "maps.h"

/* An owner that hangs on no socket. */
struct last_owner {
	__u32 net_ns, pad;
	struct owner owner;
};

/*
 * Owners of MPTCP connections, by address. The packets are those of subflows, which are
 * the kernel's sockets, and a program that has a subflow can learn the connection's address
 * but must not ask for its storage: bpf_skc_to_mptcp_sock() takes the raw socket that the
 * kernel answers strangers with for a subflow and follows what it finds there (6.1 panics).
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct last_owner);
} connection_owners SEC(".maps");

/* Whom a packet belongs to. */
struct credit {
	struct owner_slot *slot; /* null: nobody, unless... */
	struct last_owner *late; /* ...the socket is gone, or the connection's subflow */
	__u64 socket;		 /* address of the socket that the slot hangs on */
	__u8 state; /* of the socket; not what follows from it, which would be two cases to verify */
};

/* In two reads: it runs for each send and receive, and the kernel checks each of them. */
static __always_inline void copy_comm(char *comm, struct task_struct *task)
{
	const __u64 *from = (const __u64 *)&task->comm;
	__u64 *to = (__u64 *)comm;

	to[0] = from[0];
	to[1] = from[1];
}

/*
 * For each pointer that a program follows from a trusted one the verifier searches the
 * kernel's types by name, a millisecond each and half a second for all programs. What
 * runs often follows pointers from an object that it does not trust, which costs a
 * comparison at run time...
 */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define UNTRUSTED(type, object)                                                                    \
	(config.type##_id ? (struct type *)bpf_rdonly_cast(object, config.type##_id) : (object))

/* ...and what runs seldom by probe reads, where they are allowed. */
#define FOLLOW(from, a, b) (config.can_read_kernel ? BPF_CORE_READ(from, a, b) : (from)->a->b)
#define FOLLOW3(from, a, b, c)                                                                     \
	(config.can_read_kernel ? BPF_CORE_READ(from, a, b, c) : (from)->a->b->c)

/*
 * The numbers of a pid namespace other than the first sit in an array whose
 * length only the kernel knows: the verifier wants a probe read for that, and
 * where those are locked down the host's numbers have to do.
 */
static __always_inline void fill_pid_namespace(struct owner *owner, struct task_struct *task)
{
	struct pid *thread, *leader, *parent;
	unsigned int level;
	struct upid id;

	owner->ns_tid = owner->host_tid;
	owner->ns_pid = owner->host_pid;
	owner->ns_ppid = owner->host_ppid;
	if (!config.can_read_kernel) {
		owner->pid_ns = task->nsproxy->pid_ns_for_children->ns.inum;
		return;
	}
	thread = BPF_CORE_READ(task, thread_pid);
	level = BPF_CORE_READ(thread, level);
	owner->pid_ns = 0;
	if (bpf_core_read(&id, sizeof(id), &thread->numbers[level]))
		return;
	owner->ns_tid = id.nr;
	bpf_core_read(&owner->pid_ns, sizeof(owner->pid_ns), &id.ns->ns.inum);
	if (!level)
		return;

	struct pid_namespace *own = id.ns;

	leader = BPF_CORE_READ(task, group_leader, thread_pid);
	if (!bpf_core_read(&id, sizeof(id), &leader->numbers[level]))
		owner->ns_pid = id.nr;
	owner->ns_ppid = 0;
	parent = BPF_CORE_READ(task, real_parent, group_leader, thread_pid);
	if (BPF_CORE_READ(parent, level) >= level &&
	    !bpf_core_read(&id, sizeof(id), &parent->numbers[level]) && id.ns == own)
		owner->ns_ppid = id.nr;
}

static __always_inline void fill_node_name(struct owner *owner, struct task_struct *task)
{
	struct uts_namespace *uts;
	const char *name;

	if (config.can_read_kernel) {
		uts = BPF_CORE_READ(task, nsproxy, uts_ns);
		bpf_core_read(owner->node_name, WIRE_NODE_LEN - 1, &uts->name.nodename);
	} else {
		name = task->nsproxy->uts_ns->name.nodename;
#pragma unroll
		for (int i = 0; i < WIRE_NODE_LEN - 1; i++)
			owner->node_name[i] = name[i];
	}
	owner->node_name[WIRE_NODE_LEN - 1] = 0;
}

static __noinline void fill_owner(struct owner *owner, struct task_struct *task, int syscall,
				  __u8 attribution)
{
	owner->thread_start = task->start_boottime;
	owner->leader_start = FOLLOW(task, group_leader, start_boottime);
	owner->parent_leader_start = FOLLOW3(task, real_parent, group_leader, start_boottime);
	owner->cgroup_id = config.can_read_kernel ? BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id)
						  : task->cgroups->dfl_cgrp->kn->id;
	owner->host_tid = task->pid;
	owner->host_pid = task->tgid;
	owner->host_ppid = FOLLOW3(task, real_parent, group_leader, tgid);
	owner->uid = FOLLOW(task, cred, euid.val);
	owner->mount_ns = FOLLOW3(task, nsproxy, mnt_ns, ns.inum);
	fill_pid_namespace(owner, task);
	owner->syscall = syscall;
	owner->attribution = attribution;
	owner->compat = is_compat(task);
	__builtin_memset(owner->pad, 0, sizeof(owner->pad));
	copy_comm(owner->comm, task);
	fill_node_name(owner, task);
}

/* Without a net what is known of the network namespace stays. */
static __always_inline void note_owner(struct owner_slot *slot, __u64 socket,
				       struct task_struct *task, int syscall, __u8 attribution,
				       struct net *net)
{
	__u32 net_ns = net ? net->ns.inum : 0;
	struct owner owner;

	fill_owner(&owner, task, syscall, attribution);
	bpf_spin_lock(&slot->lock);
	put_owner(slot, &owner, socket, net_ns);
	bpf_spin_unlock(&slot->lock);
}

/*
 * Is this task the one noted as the user of this very socket? Takes no lock: at
 * worst a user who races with another is noted one call later.
 */
static __always_inline bool is_user(struct owner_slot *slot, __u64 socket, struct task_struct *task)
{
	__u64 *now = (__u64 *)&task->comm, *then = (__u64 *)slot->owner.comm;

	if (slot->socket != socket || slot->owner.attribution != WIRE_OWNER_USER ||
	    slot->owner.host_tid != task->pid || slot->owner.thread_start != task->start_boottime ||
	    slot->owner.uid != UNTRUSTED(task_struct, task)->cred->euid.val)
		return false;
	return now[0] == then[0] && now[1] == then[1];
}

/* Runs for each send and receive, so it writes only what changed. */
static __always_inline void refresh_owner(struct owner_slot *slot, __u64 socket,
					  struct task_struct *task, int syscall, struct net *net)
{
	if (!is_user(slot, socket, task))
		note_owner(slot, socket, task, syscall, WIRE_OWNER_USER, net);
	else if (slot->call != syscall)
		slot->call = syscall;
}

static __noinline void keep_owner(struct owner_slot *slot, __u64 connection)
{
	struct last_owner last = {};

	bpf_spin_lock(&slot->lock);
	get_owner(slot, &last.owner);
	last.net_ns = slot->net_ns;
	bpf_spin_unlock(&slot->lock);
	bpf_map_update_elem(&connection_owners, &connection, &last, BPF_ANY);
}

/* After each change of an owner: what the packets of an MPTCP socket's subflows will have. */
static __always_inline void note_connection(struct owner_slot *slot, __u64 at, __u32 protocol)
{
	if (config.can_find_mptcp && protocol == IPPROTO_MPTCP)
		keep_owner(slot, at);
}

/* A task on its way out has lost its namespaces: what is known is better. */
static __always_inline bool can_own(struct task_struct *task)
{
	return !(task->flags & (PF_KTHREAD | PF_EXITING));
}

/*
 * Whom a use is credited to. Threads that the kernel adds to a process (io_uring's,
 * vhost's) have names nobody gave them and act for the process.
 */
static __always_inline struct task_struct *actor(struct task_struct *task)
{
	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER))
		return UNTRUSTED(task_struct, task)->group_leader;
	return task;
}

SEC("?cgroup/sock_create")
int on_socket(struct bpf_sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct owner_slot *slot;

	if (!can_own(task) || (sk->family != AF_INET && sk->family != AF_INET6))
		return 1;
	slot = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!slot)
		return 1;
	note_owner(slot, (__u64)sk, actor(task), SYSCALL_SOCKET(is_compat(task)),
		   WIRE_OWNER_CREATOR, UNTRUSTED(task_struct, task)->nsproxy->net_ns);
	note_connection(slot, (__u64)sk, sk->protocol);
	return 1;
}

/* Before the kernel acts on an address, so that the first packet already has its owner. */
static __always_inline int on_address(struct bpf_sock_addr *ctx, int native, int compat)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_sock *sk = ctx->sk;
	struct owner_slot *slot;
	int syscall;

	if (!sk || !can_own(task))
		return 1;
	slot = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!slot)
		return 1;
	if (config.can_read_regs)
		syscall = syscall_number(task);
	else
		syscall = is_compat(task) ? compat : native;
	refresh_owner(slot, (__u64)sk, actor(task), syscall, NULL);
	note_connection(slot, (__u64)sk, sk->protocol);
	return 1;
}

#define NO_CALL(compat) WIRE_NO_SYSCALL

#define ADDRESS_HOOK(hook, name, call)                                                             \
	SEC("?cgroup/" hook)                                                                       \
	int name(struct bpf_sock_addr *ctx)                                                        \
	{                                                                                          \
		return on_address(ctx, call(0), call(1));                                          \
	}

ADDRESS_HOOK("connect4", on_connect4, SYSCALL_CONNECT)
ADDRESS_HOOK("connect6", on_connect6, SYSCALL_CONNECT)
ADDRESS_HOOK("sendmsg4", on_sendmsg4, SYSCALL_SENDTO)
ADDRESS_HOOK("sendmsg6", on_sendmsg6, SYSCALL_SENDTO)
ADDRESS_HOOK("recvmsg4", on_recvmsg4, SYSCALL_RECVMSG)
ADDRESS_HOOK("recvmsg6", on_recvmsg6, SYSCALL_RECVMSG)

/*
 * accept(2) asks for the peer's name when its caller wants it, and so is seen here;
 * getpeername(2) is a use as good as any.
 */
ADDRESS_HOOK("getpeername4", on_getpeername4, NO_CALL)
ADDRESS_HOOK("getpeername6", on_getpeername6, NO_CALL)

static __always_inline bool is_traced(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	return (family == AF_INET || family == AF_INET6) &&
	       !BPF_CORE_READ_BITFIELD(sk, sk_kern_sock);
}

/* Around a send or receive, failed ones included: trying is using. */
static __always_inline int on_use(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct owner_slot *slot;

	if (!sk || !can_own(task))
		return 0;
	slot = bpf_sk_storage_get(&owners, sk, NULL, 0);
	if (!slot && is_traced(sk))
		slot = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!slot)
		return 0;
	refresh_owner(slot, (__u64)sk, actor(task), syscall_number(task),
		      UNTRUSTED(sock, sk)->__sk_common.skc_net.net);
	note_connection(slot, (__u64)sk, sk->sk_protocol);
	return 0;
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk)
{
	return on_use(sk);
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk)
{
	return on_use(sk);
}

/* The same, before the packets; where programs on kernel functions are allowed. */
SEC("?fentry/security_socket_sendmsg")
int BPF_PROG(on_send_call, struct socket *socket)
{
	return on_use(socket->sk);
}

SEC("?fentry/security_socket_recvmsg")
int BPF_PROG(on_receive_call, struct socket *socket)
{
	return on_use(socket->sk);
}

/*
 * Servers set options on what they have accepted. Values longer than a page would
 * be refused by some kernels if nobody said that nothing was changed.
 */
SEC("?cgroup/setsockopt")
int on_setsockopt(struct bpf_sockopt *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_sock *sk = ctx->sk;
	struct owner_slot *slot;

	if (ctx->optlen > 4096)
		ctx->optlen = 0;
	if (!sk || !can_own(task) || (sk->family != AF_INET && sk->family != AF_INET6))
		return 1;
	slot = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!slot)
		return 1;
	refresh_owner(slot, (__u64)sk, actor(task),
		      config.can_read_regs ? syscall_number(task) : WIRE_NO_SYSCALL, NULL);
	note_connection(slot, (__u64)sk, sk->protocol);
	return 1;
}

/* Sockets older than the tracer; what a hook has noted meanwhile is newer and stays. */
SEC("?iter/task_file")
int on_open_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct owner_slot *slot;
	struct socket *socket;
	struct sock *sk;

	if (!task || !file || !can_own(task))
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || !is_traced(sk))
		return 0;
	slot = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!slot || slot->socket)
		return 0;
	note_owner(slot, (__u64)sk, task, WIRE_NO_SYSCALL, WIRE_OWNER_CREATOR,
		   UNTRUSTED(sock, sk)->__sk_common.skc_net.net);
	note_connection(slot, (__u64)sk, sk->sk_protocol);
	return 0;
}

#endif
