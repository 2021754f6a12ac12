/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: everything that outlives one run of a program: the configuration, the
 * ring, the counters, the owners of sockets, the rules.
 *
 * Promises: an owner is written under its lock, and read under it or between two
 * looks at its version, so a record never mixes two tasks; a counter is incremented atomically, because a softirq can run a
 * program on top of another on the same CPU.
 */
#ifndef TRACEE_BPF_MAPS_H
#define TRACEE_BPF_MAPS_H

#include "kernel.h"

const volatile struct wire_config config = {};

/* Names the records in the object's BTF; the layout test reads them from there. */
const struct packet_record *const unused_packet_record = NULL;
const struct process_record *const unused_process_record = NULL;
const struct cgroup_record *const unused_cgroup_record = NULL;

#define CACHE_LINE 64

/*
 * `socket` is the address of the socket the owner was noted for. accept(2) gives
 * the new socket a copy of the listener's slot, so a slot whose `socket` is not
 * the one it hangs on was inherited and its task has not used this socket yet.
 */
struct owner_slot {
	struct bpf_spin_lock lock;
	__u32 net_ns;
	__u64 socket;
	struct owner owner; /* its syscall is that of the change; `call` is the last one */
	__u32 version; /* whoever changes the owner increments it, before and after: see write_begin() */
	/* The rules the owner satisfies, as long as these two are of now. */
	__u32 rules_version, rules_generation;
	__u64 rules;
	/*
	 * A socket that is read and written in turn has another call each time. Packets that
	 * come are looked at on the sender's processor, which would have to fetch all that is
	 * above anew for each if these were on the same cache line; it does not read them.
	 */
	__u8 apart[CACHE_LINE];
	__s32 call;
	__s16 calls[2]; /* the owner was seen to send on this socket by these, see refresh_sender() */
};

#define NO_CALL_SEEN (-2) /* no system call, and not WIRE_NO_SYSCALL */

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct owner_slot);
} owners SEC(".maps");

/*
 * Around each change of an owner, under the lock. The version is odd in between, so
 * a reader who finds it even, and the same again afterwards, has read one owner and
 * needs no lock, which would cost a packet more than all the rest of its owner.
 */
static __always_inline void write_begin(struct owner_slot *slot)
{
	__u32 before = __sync_fetch_and_add(&slot->version, 1); /* a full barrier */

	asm volatile("" : : "r"(before) : "memory");
}

static __always_inline void write_end(struct owner_slot *slot)
{
	__u32 before = __sync_fetch_and_add(&slot->version, 1);

	asm volatile("" : : "r"(before) : "memory");
}

/*
 * Another owner. Under the lock. Without a `net_ns` what is known of the network
 * namespace stays; what was seen of an owner's calls is not true of the next.
 */
static __always_inline void put_owner(struct owner_slot *slot, const struct owner *owner,
				      __u64 socket, __u32 net_ns)
{
	write_begin(slot);
	slot->owner = *owner;
	slot->socket = socket;
	slot->call = owner->syscall;
	slot->calls[0] = slot->calls[1] = NO_CALL_SEEN;
	if (net_ns)
		slot->net_ns = net_ns;
	write_end(slot);
}

/* The owner with its last call. Under the lock. */
static __always_inline void get_owner(const struct owner_slot *slot, struct owner *owner)
{
	*owner = slot->owner;
	owner->syscall = slot->call;
}

/* Loads stay in their order: x86 never changes it, others need the barrier of an atomic. */
static __always_inline void read_barrier(void)
{
#if defined(__TARGET_ARCH_x86)
	asm volatile("" : : : "memory");
#else
	__u64 none = 0;
	__u64 before = __sync_fetch_and_add(&none, 1);

	asm volatile("" : : "r"(before) : "memory");
#endif
}

/*
 * What a TCP socket talks, as far as its payloads have shown. Not inherited: an
 * accepted socket starts anew. Two CPUs may write at once; the worst that comes
 * of it is a segment more or less.
 */
struct talk {
	__u32 left;   /* bytes that may still be sent to user space without proof */
	__u8 tries;   /* how often what might begin a request was taken for one */
	__u8 is_http; /* a status line was seen: proof */
	__u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct talk);
} talks SEC(".maps");

/* User space sets the size before it loads the object. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} packets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_reader);
} reader SEC(".maps");

/*
 * What packets are held against. User space writes the one that is not active,
 * then makes it so: a packet sees one of them, and that whole.
 */
struct wire_rules rules[2];
__u32 active_rules;

/* Also a full memory barrier, which only the form that returns a value is everywhere. */
static __always_inline void count(__u64 *counter)
{
	__u64 before = __sync_fetch_and_add(counter, 1);

	asm volatile("" : : "r"(before));
}

/*
 * The reader announces that it will sleep, then looks whether room is reserved
 * in the ring; we reserve, then look for the announcement. The barrier in count()
 * between our two steps makes it impossible that both miss each other.
 */
static __always_inline __u64 wake_flag(void)
{
	__u32 zero = 0;
	struct wire_reader *r = bpf_map_lookup_elem(&reader, &zero);

	if (r && r->asleep && __sync_val_compare_and_swap(&r->asleep, 1, 0) == 1)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

/* Only the record that crosses the mark wakes, not all behind it. */
static __always_inline __u64 mark_flag(__u32 size)
{
	__u64 waiting = bpf_ringbuf_query(&packets, BPF_RB_AVAIL_DATA);

	if (waiting >= config.wake_bytes && waiting - size < config.wake_bytes)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

#endif
