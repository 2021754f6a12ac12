/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: the fields of kernel structs that the programs read, and the questions
 * answered from those fields alone. Offsets are relocated at load
 * (preserve_access_index), so a struct here lists only what is used, in any
 * order.
 *
 * Promises: nothing here writes, and a field that a kernel may lack is read
 * only behind bpf_core_field_exists().
 */
#ifndef TRACEE_BPF_KERNEL_H
#define TRACEE_BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_MPTCP 262

#define PF_EXITING 0x00000004	  /* include/linux/sched.h */
#define PF_IO_WORKER 0x00000010	  /* threads that io_uring... */
#define PF_USER_WORKER 0x00004000 /* ...or (from 6.4) the kernel adds to the user's process */
#define PF_KTHREAD 0x00200000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t euid;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[];
};

struct new_utsname {
	char nodename[65];
};

struct uts_namespace {
	struct new_utsname name;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

/* Their numbers depend on the kernel's configuration. */
enum cgroup_subsys_id {
	cpu_cgrp_id = 1,
	memory_cgrp_id,
	devices_cgrp_id,
	freezer_cgrp_id,
	pids_cgrp_id,
};

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};

struct signal_struct {
	struct {
		int counter;
	} live; /* threads that have not exited */
};

struct thread_info {
	unsigned long flags;
	__u32 status; /* x86 */
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *cred;
	char comm[WIRE_COMM_LEN];
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
};

struct pt_regs {
	unsigned long bx, di, dx, orig_ax; /* x86 */
	__u64 orig_x0, regs[3];		   /* arm64 */
	int syscallno;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr_words {
	__be32 u6_addr32[4];
};

struct in6_addr {
	struct in6_addr_words in6_u;
};

struct sock_common {
	unsigned short skc_family;
	__be32 skc_daddr, skc_rcv_saddr;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	__be16 skc_dport; /* remote port */
	__u16 skc_num;	  /* local port, host order */
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
	__u8 sk_kern_sock : 1;
	__u16 sk_protocol;
};

struct inet_sock {
	__be16 inet_sport; /* local port, also of a closed socket */
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	void *icsk_ulp_data;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	bool is_mptcp;
};

struct mptcp_subflow_context {
	struct sock *conn;
};

struct socket {
	struct sock *sk;
};

struct file {
	struct path f_path;
	struct socket *private_data; /* of a socket's file */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
};

#pragma clang attribute pop

/* Of the socket calls, as the task's own ABI numbers them. */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL_SOCKET(compat) ((compat) ? 359 : 41)
#define SYSCALL_CONNECT(compat) ((compat) ? 362 : 42)
#define SYSCALL_SENDTO(compat) ((compat) ? 369 : 44)
#define SYSCALL_RECVMSG(compat) ((compat) ? 372 : 47)
#define SYSCALL_SPLICE(compat) ((compat) ? 313 : 275)
#define SYSCALL_IO_URING 426
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_SOCKET(compat) ((compat) ? 281 : 198)
#define SYSCALL_CONNECT(compat) ((compat) ? 283 : 203)
#define SYSCALL_SENDTO(compat) ((compat) ? 290 : 206)
#define SYSCALL_RECVMSG(compat) ((compat) ? 297 : 212)
#define SYSCALL_SPLICE(compat) ((compat) ? 340 : 76)
#define SYSCALL_IO_URING 426
#else
#error "unknown architecture"
#endif

/* A 32-bit task; on x86 true only while it is inside a system call. */
static __always_inline bool is_compat(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return bpf_core_field_exists(task->thread_info.status) &&
	       task->thread_info.status & 0x2; /* TS_COMPAT */
#else
	return task->thread_info.flags & (1 << 22); /* TIF_32BIT */
#endif
}

/* The caller knows that bpf_task_pt_regs() is allowed. */
static __always_inline int syscall_number(struct task_struct *task)
{
	struct pt_regs *regs;

	if (task->flags & PF_IO_WORKER)
		return SYSCALL_IO_URING; /* it carries out what that call has asked for */
	if (task->flags & (PF_KTHREAD | PF_USER_WORKER))
		return WIRE_NO_SYSCALL;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#else
	return regs->syscallno;
#endif
}

/*
 * Address of the socket behind a descriptor of the task; 0 when there is none, and
 * nonsense when it is that of another kind of file. The caller knows that probe
 * reads are allowed.
 */
static __always_inline __u64 socket_behind(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct socket *socket;
	struct file *file;
	__u64 found;

	if (fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd) ||
	    bpf_core_read(&socket, sizeof(socket), &file->private_data) ||
	    bpf_core_read(&found, sizeof(found), &socket->sk))
		return 0;
	return found;
}

/* The argument of a system call that names the socket it sends on. */
static __always_inline __u32 sending_descriptor(struct pt_regs *regs, int syscall, bool compat)
{
#if defined(__TARGET_ARCH_x86)
	if (syscall == SYSCALL_SPLICE(compat))
		return regs->dx;
	return compat ? regs->bx : regs->di;
#else
	if (syscall == SYSCALL_SPLICE(compat))
		return regs->regs[2];
	return regs->orig_x0;
#endif
}

/*
 * Is the task inside a system call on a descriptor of this very socket? That says
 * who sends a packet on whatever context the packet happens to leave: a softirq
 * that runs on top of an unrelated task finds no such descriptor. The caller knows
 * that probe reads and bpf_task_pt_regs() are allowed. False for calls that name
 * the socket in other ways (io_uring). Not inline for the sake of the caller's stack.
 */
static __noinline bool is_calling_on(struct task_struct *task, int syscall, __u64 sk)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	return socket_behind(task, sending_descriptor(regs, syscall, is_compat(task))) == sk;
}

#endif
