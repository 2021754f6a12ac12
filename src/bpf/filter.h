/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: which rules a packet satisfies. One question a dimension, each answered by
 * a walk over the bytes of its key (wire.h, struct wire_rules).
 *
 * Promises: what could not be read of a packet, a cut or hidden transport header,
 * satisfies every rule; so nothing is left out that user space would keep. The
 * owner is asked about once per change of the owner or of the rules.
 */
#ifndef TRACEE_BPF_FILTER_H
#define TRACEE_BPF_FILTER_H

#include <bpf/bpf_endian.h>

#include "maps.h"

struct headers {
	__u8 network[40] __attribute__((aligned(8)));
	__u8 transport[16];
	__u32 length;  /* of the network header, and of the transport's when there is one */
	__u32 wants;   /* WIRE_WANT_* classes the packet belongs to */
	__u32 which;   /* index of the rules that are asked */
	__u32 ifindex; /* in network byte order, where a rule asks for it */
	__u8 direction;
	__u8 has_network, has_ports, has_flags; /* what was read of the headers */
	__u8 version;
	__u8 pad[3];
};

static __always_inline const struct wire_rules *rules_at(__u32 which)
{
	return &rules[which & 1];
}

/* The rules that a key of `size` bytes satisfies. */
static __always_inline __u64 walk(const struct wire_rules *r, __u16 slot, const __u8 *key,
				  const int size)
{
	for (int i = 0; i < size; i++) {
		if (slot & WIRE_LEAF)
			break;
		slot = r->nodes[slot & (WIRE_NODES - 1)][key[i]];
	}
	return r->masks[slot & (WIRE_MASKS - 1)];
}

#define RESTRICTED(r, dimension) ((r)->restricted & 1u << (dimension))

/*
 * Not static: the verifier looks at it once, by itself. The cheap questions come
 * first; most packets that nobody wants get no further.
 */
__noinline __u64 header_rules(const struct headers *h)
{
	const struct wire_rules *r;
	__u64 mask = ~0ull;

	if (!h)
		return mask;
	r = rules_at(h->which);
	if (h->has_ports) {
		if (RESTRICTED(r, WIRE_DST_PORT))
			mask &= walk(r, r->roots[WIRE_DST_PORT], h->transport + 2, 2);
		if (RESTRICTED(r, WIRE_SRC_PORT))
			mask &= walk(r, r->roots[WIRE_SRC_PORT], h->transport, 2);
		if (h->has_flags && RESTRICTED(r, WIRE_TCP_FLAGS))
			mask &= walk(r, r->roots[WIRE_TCP_FLAGS], h->transport + 13, 1);
	}
	if (RESTRICTED(r, WIRE_DIRECTION))
		mask &= walk(r, r->roots[WIRE_DIRECTION], &h->direction, 1);
	if (RESTRICTED(r, WIRE_IFINDEX))
		mask &= walk(r, r->roots[WIRE_IFINDEX], (const __u8 *)&h->ifindex, 4);
	if (!mask || !h->has_network)
		return mask;
	if (h->version == 4) {
		if (RESTRICTED(r, WIRE_HOP_LIMIT))
			mask &= walk(r, r->roots[WIRE_HOP_LIMIT], h->network + 8, 1);
		if (RESTRICTED(r, WIRE_PROTOCOL))
			mask &= walk(r, r->roots[WIRE_PROTOCOL], h->network + 9, 1);
		if (mask && RESTRICTED(r, WIRE_DST))
			mask &= walk(r, r->dst_v4, h->network + 16, 4);
		if (mask && RESTRICTED(r, WIRE_SRC))
			mask &= walk(r, r->src_v4, h->network + 12, 4);
		return mask;
	}
	if (RESTRICTED(r, WIRE_HOP_LIMIT))
		mask &= walk(r, r->roots[WIRE_HOP_LIMIT], h->network + 7, 1);
	if (RESTRICTED(r, WIRE_PROTOCOL))
		mask &= walk(r, r->roots[WIRE_PROTOCOL], h->network + 6, 1);
	if (mask && RESTRICTED(r, WIRE_DST))
		mask &= walk(r, r->roots[WIRE_DST], h->network + 24, 16);
	if (mask && RESTRICTED(r, WIRE_SRC))
		mask &= walk(r, r->roots[WIRE_SRC], h->network + 8, 16);
	return mask;
}

static __always_inline __u64 number_rules(const struct wire_rules *r, __u32 dimension, __u32 number)
{
	__be32 key = bpf_htonl(number);

	return RESTRICTED(r, dimension) ? walk(r, r->roots[dimension], (const __u8 *)&key, 4)
					: ~0ull;
}

__noinline __u64 owner_rules(const struct owner *owner, __u32 which)
{
	const struct wire_rules *r = rules_at(which);
	__u64 mask = ~0ull, key;

	if (!owner)
		return mask;
	mask &= number_rules(r, WIRE_HOST_PID, owner->host_pid);
	mask &= number_rules(r, WIRE_HOST_TID, owner->host_tid);
	mask &= number_rules(r, WIRE_HOST_PPID, owner->host_ppid);
	mask &= number_rules(r, WIRE_PID, owner->ns_pid);
	mask &= number_rules(r, WIRE_TID, owner->ns_tid);
	mask &= number_rules(r, WIRE_PPID, owner->ns_ppid);
	mask &= number_rules(r, WIRE_UID, owner->uid);
	mask &= number_rules(r, WIRE_MOUNT_NS, owner->mount_ns);
	mask &= number_rules(r, WIRE_PID_NS, owner->pid_ns);
	if (RESTRICTED(r, WIRE_CGROUP)) {
		key = bpf_cpu_to_be64(owner->cgroup_id);
		mask &= walk(r, r->roots[WIRE_CGROUP], (const __u8 *)&key, 8);
	}
	if (RESTRICTED(r, WIRE_COMM))
		mask &= walk(r, r->roots[WIRE_COMM], (const __u8 *)owner->comm, WIRE_COMM_LEN);
	if (RESTRICTED(r, WIRE_NODE_NAME))
		mask &= walk(r, r->roots[WIRE_NODE_NAME], (const __u8 *)owner->node_name,
			     WIRE_NODE_LEN);
	return mask;
}

/*
 * What the slot's owner satisfies. An owner that changes meanwhile is asked again next time.
 * Not inline: a program and what it calls may have 512 bytes of stack, and a copy of an
 * owner takes a fifth of them.
 */
static __noinline __u64 ask_slot(struct owner_slot *slot, __u32 which, __u32 generation)
{
	struct owner owner;
	__u32 version;
	__u64 mask;

	bpf_spin_lock(&slot->lock);
	owner = slot->owner;
	version = slot->version;
	bpf_spin_unlock(&slot->lock);
	mask = owner_rules(&owner, which);
	bpf_spin_lock(&slot->lock);
	if (slot->version == version) {
		slot->rules = mask;
		slot->rules_version = version;
		slot->rules_generation = generation;
	}
	bpf_spin_unlock(&slot->lock);
	return mask;
}

static __always_inline __u64 slot_rules(struct owner_slot *slot, __u32 which)
{
	__u32 generation = rules_at(which)->generation;

	if (slot->rules_generation == generation && slot->rules_version == slot->version)
		return slot->rules;
	return ask_slot(slot, which, generation);
}

/* Those of the classes that still have a rule among these. Not static: see header_rules(). */
__noinline __u32 classes_with(__u32 which, __u32 wants, __u64 mask)
{
	const struct wire_rules *r = rules_at(which);

	for (int i = 0; i < WIRE_CLASSES; i++) {
		if (!(r->of_classes[1 << i] & mask))
			wants &= ~(1u << i);
	}
	return wants;
}

#endif
