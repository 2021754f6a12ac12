/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: the news of processes and control groups: who forked, runs another
 * program, exited; which groups were made. They go through the ring of the
 * packets, so that user space knows of a process before its first packet. A walk
 * over the tasks tells of those that ran before.
 *
 * Promises: news never wake the reader, but for a new control group and for the
 * mark that keeps the ring from filling up; what finds no room is counted, and
 * user space walks again. They do not count as packets.
 */
#ifndef TRACEE_BPF_PROCESS_H
#define TRACEE_BPF_PROCESS_H

#include "maps.h"
#include "owner.h"

#define PATH_NAMES_MAX 64
#define NAME_ROOM 256 /* NAME_MAX and the NUL */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_news_counters);
} news SEC(".maps");

/*
 * A record whose size is not known before it is written. The programs that use it
 * run with preemption off and never in an interrupt.
 */
struct draft {
	__u64 room[(sizeof(struct process_record) + WIRE_PATH_BYTES + WIRE_ARGS_BYTES) / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct draft);
} drafts SEC(".maps");

/* The compiler would check one copy of a number and pass on another. */
#define keep_as_one(number) asm volatile("" : "+r"(number))

static __always_inline void count_news(bool lost)
{
	__u32 zero = 0;
	struct wire_news_counters *c = bpf_map_lookup_elem(&news, &zero);

	if (c)
		count(lost ? &c->lost : &c->emitted);
}

/* Where a walk up the tree of files is. */
struct path_walk {
	struct vfsmount *vfs, *root_mount;
	struct dentry *entry, *root;
};

/*
 * One step up: a name, or from a mount's root to where it is mounted. 0: there is
 * no other. Not inlined, so that it is verified once and not at each step.
 */
__noinline int put_name(struct draft *draft, struct path_walk *walk)
{
	struct process_record *r = (void *)draft;
	struct vfsmount *vfs;
	struct dentry *entry, *parent;
	struct mount *mount, *up;
	__u32 used;
	long size;

	if (!draft || !walk)
		return 0;
	vfs = walk->vfs;
	entry = walk->entry;
	if (entry == walk->root && vfs == walk->root_mount) {
		r->path_whole = 1;
		return 0;
	}
	if (entry == BPF_CORE_READ(vfs, mnt_root)) {
		mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
		up = BPF_CORE_READ(mount, mnt_parent);
		if (up == mount || !up) {
			r->path_whole = 1;
			return 0;
		}
		walk->entry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->vfs = (void *)up + bpf_core_field_offset(struct mount, mnt);
		return 1;
	}
	used = r->path_len;
	if (used > WIRE_PATH_BYTES - NAME_ROOM)
		return 0;
	size = bpf_probe_read_kernel_str(r->text + used, NAME_ROOM,
					 BPF_CORE_READ(entry, d_name.name));
	if (size <= 0 || size > NAME_ROOM)
		return 0;
	r->path_len = used + size;
	parent = BPF_CORE_READ(entry, d_parent);
	if (parent == entry || !parent) {
		r->path_whole = 1;
		return 0;
	}
	walk->entry = parent;
	return 1;
}

/*
 * The names from the executable up to the root of the task, mounts crossed; what
 * /proc/PID/exe shows to the task itself. d_path() is not for tracepoints. A file
 * that hangs on nothing (memfd) has its one name.
 */
static __always_inline void put_path(struct process_record *r, struct task_struct *task)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct path_walk walk = {
		.vfs = BPF_CORE_READ(file, f_path.mnt),
		.root_mount = BPF_CORE_READ(task, fs, root.mnt),
		.entry = BPF_CORE_READ(file, f_path.dentry),
		.root = BPF_CORE_READ(task, fs, root.dentry),
	};

	r->path_whole = 0;
	r->path_len = 0;
	if (!walk.entry)
		return;
	for (int i = 0; i < PATH_NAMES_MAX; i++)
		if (!put_name((void *)r, &walk))
			break;
}

static __always_inline void put_arguments(struct process_record *r, struct task_struct *task)
{
	__u64 start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end);
	__u32 used = r->path_len;
	__u64 size = end - start;

	r->args_len = 0;
	if (end <= start || used > WIRE_PATH_BYTES)
		return;
	if (size > WIRE_ARGS_BYTES)
		size = WIRE_ARGS_BYTES;
	if (!bpf_probe_read_user(r->text + used, size, (void *)start))
		r->args_len = size;
}

#define V1_GROUP(record, set, name)                                                                \
	(!bpf_core_enum_value_exists(enum cgroup_subsys_id, name) ||                               \
	 put_v1_group(record, set, bpf_core_enum_value(enum cgroup_subsys_id, name)))

static __always_inline bool put_v1_group(struct process_record *r, struct css_set *set, __u32 id)
{
	struct cgroup_subsys_state *state = NULL;
	struct cgroup *group;
	int hierarchy;

	if (bpf_core_read(&state, sizeof(state), &set->subsys[id]))
		return true;
	group = BPF_CORE_READ(state, cgroup);
	hierarchy = BPF_CORE_READ(group, root, hierarchy_id);
	if (!hierarchy || BPF_CORE_READ(group, level) <= 0)
		return true;
	r->hierarchy = hierarchy;
	r->v1_cgroup = BPF_CORE_READ(group, kn, id);
	return false;
}

/*
 * Where version 1 of cgroups is in use the container is seen there, in any of the
 * controllers that all runtimes set.
 */
static __always_inline void put_v1_cgroup(struct process_record *r, struct task_struct *task)
{
	struct css_set *set = UNTRUSTED(task_struct, task)->cgroups;

	r->hierarchy = 0;
	r->v1_cgroup = 0;
	if (!config.can_read_kernel)
		return;
	if (V1_GROUP(r, set, memory_cgrp_id) && V1_GROUP(r, set, pids_cgrp_id) &&
	    V1_GROUP(r, set, devices_cgrp_id) && V1_GROUP(r, set, freezer_cgrp_id))
		(void)V1_GROUP(r, set, cpu_cgrp_id);
}

static __always_inline void fill_process(struct process_record *r, struct task_struct *task,
					 __u16 kind)
{
	r->time_ns = bpf_ktime_get_boot_ns();
	r->kind = kind;
	r->cpu = bpf_get_smp_processor_id();
	r->path_len = 0;
	r->args_len = 0;
	r->from_start = 0;
	r->from_pid = 0;
	r->path_whole = 0;
	__builtin_memset(r->pad, 0, sizeof(r->pad));
	put_v1_cgroup(r, task);
	fill_owner(&r->owner, task, WIRE_NO_SYSCALL, WIRE_OWNER_NONE);
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct process_record *r;

	if (child->pid != child->tgid || child->flags & PF_KTHREAD)
		return 0;
	r = bpf_ringbuf_reserve(&packets, sizeof(*r), 0);
	if (!r) {
		count_news(true);
		return 0;
	}
	count_news(false);
	fill_process(r, child, WIRE_FORK);
	r->from_start = FOLLOW(parent, group_leader, start_boottime);
	r->from_pid = parent->tgid;
	bpf_ringbuf_submit(r, mark_flag(sizeof(*r)));
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	__u32 zero = 0, size;
	struct process_record *r = bpf_map_lookup_elem(&drafts, &zero);

	if (!r)
		return 0;
	fill_process(r, task, WIRE_EXEC);
	if (config.can_read_kernel) {
		put_path(r, task);
		put_arguments(r, task);
	}
	size = sizeof(*r) + r->path_len + r->args_len;
	keep_as_one(size);
	if (size > sizeof(struct draft))
		return 0;
	count_news(bpf_ringbuf_output(&packets, r, size, mark_flag(size)));
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct process_record *r;

	if (task->flags & PF_KTHREAD || FOLLOW(task, signal, live.counter))
		return 0;
	r = bpf_ringbuf_reserve(&packets, sizeof(*r), 0);
	if (!r) {
		count_news(true);
		return 0;
	}
	count_news(false);
	__builtin_memset(r, 0, sizeof(*r));
	r->time_ns = bpf_ktime_get_boot_ns();
	r->kind = WIRE_EXIT;
	r->cpu = bpf_get_smp_processor_id();
	r->owner.host_pid = task->tgid;
	r->owner.leader_start = FOLLOW(task, group_leader, start_boottime);
	bpf_ringbuf_submit(r, mark_flag(sizeof(*r)));
	return 0;
}

/* Writes to the walk's own file, which user space reads to its end. */
SEC("?iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 zero = 0, size;
	struct process_record *r;

	if (!task || task->pid != task->tgid || task->flags & PF_KTHREAD ||
	    !FOLLOW(task, signal, live.counter))
		return 0;
	r = bpf_map_lookup_elem(&drafts, &zero);
	if (!r)
		return 0;
	fill_process(r, task, WIRE_FOUND);
	if (config.can_read_kernel)
		put_path(r, task);
	size = sizeof(*r) + r->path_len;
	keep_as_one(size);
	if (size <= sizeof(struct draft))
		bpf_seq_write(ctx->meta->seq, r, size);
	return 0;
}

SEC("?tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup, struct cgroup *group, const char *path)
{
	__u32 zero = 0, size;
	struct cgroup_record *r = bpf_map_lookup_elem(&drafts, &zero);
	long length;

	if (!r || !config.can_read_kernel)
		return 0;
	__builtin_memset(r, 0, sizeof(*r));
	r->time_ns = bpf_ktime_get_boot_ns();
	r->kind = WIRE_NEW_CGROUP;
	r->cpu = bpf_get_smp_processor_id();
	r->hierarchy = FOLLOW(group, root, hierarchy_id);
	r->id = FOLLOW(group, kn, id);
	length = bpf_probe_read_kernel_str(r->path, WIRE_PATH_BYTES, path);
	if (length <= 1 || length > WIRE_PATH_BYTES)
		return 0;
	r->path_len = length - 1;
	size = sizeof(*r) + length - 1;
	count_news(bpf_ringbuf_output(&packets, r, size, wake_flag() | mark_flag(size)));
	return 0;
}

#endif
