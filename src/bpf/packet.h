/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: from a packet at a cgroup hook to a record in the ring: whether an enabled
 * event wants it, whose it is, how much of it, and the copy.
 *
 * Promises: every packet is let through; every packet is counted exactly once as
 * filtered, shed, ring_full, load_failed or emitted; its bytes are copied once.
 */
#ifndef TRACEE_BPF_PACKET_H
#define TRACEE_BPF_PACKET_H

#include "accept.h"
#include "classify.h"
#include "filter.h"
#include "late.h"
#include "owner.h"

static __always_inline bool is_listening(const struct credit *credit)
{
	return credit->state == BPF_TCP_LISTEN;
}

/* Gives a socket the owner of its connection, as its own. */
static __noinline void adopt_owner(struct bpf_sock *sk, const struct last_owner *from)
{
	struct owner_slot *slot =
	    bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	struct owner owner = from->owner;

	if (!slot)
		return;
	bpf_spin_lock(&slot->lock);
	put_owner(slot, &owner, (__u64)sk, from->net_ns);
	bpf_spin_unlock(&slot->lock);
}

/*
 * A subflow of MPTCP is the kernel's socket; what the user has is the connection.
 * A listening subflow adopts the owner, because a peer without MPTCP makes it
 * produce plain TCP sockets, and those inherit from it. Follows no pointer but by
 * probe reads: the socket may be turning into a plain one at this moment.
 */
static __noinline void find_connection(struct bpf_sock *sk, struct credit *credit)
{
	struct bpf_sock *whole = bpf_sk_fullsock(sk);
	struct mptcp_subflow_context *subflow;
	__u64 held = (__u64)sk, connection;
	struct tcp_sock *tcp = NULL;
	bool is_subflow = false;

	/* The address as a number: the verifier lets nobody add an offset to the pointer. */
	if (!whole || whole->type != SOCK_STREAM || whole->protocol != PROTOCOL_TCP ||
	    bpf_probe_read_kernel(&tcp, sizeof(tcp), &held) ||
	    bpf_core_read(&is_subflow, sizeof(is_subflow), &tcp->is_mptcp) || !is_subflow ||
	    bpf_core_read(&subflow, sizeof(subflow), &tcp->inet_conn.icsk_ulp_data) || !subflow ||
	    bpf_core_read(&connection, sizeof(connection), &subflow->conn) || !connection)
		return;
	credit->socket = connection;
	credit->late = bpf_map_lookup_elem(&connection_owners, &connection);
	if (credit->late && is_listening(credit))
		adopt_owner(sk, credit->late);
}

/* Who has taken this connection from its listener, if that is only noted so far. */
static __noinline void find_accepter(struct bpf_sock *sk, struct credit *credit)
{
	if (!credit->slot && bpf_map_lookup_elem(&accepted, &credit->socket))
		credit->slot = bpf_sk_storage_get(&owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (credit->slot && credit->slot->socket != credit->socket)
		take_note(credit->slot, credit->socket, ports_of(sk->src_port, sk->dst_port));
}

/*
 * What the socket's own slot says. False: nothing. It is all there is to ask of most
 * sockets, and little for the verifier to look at.
 */
static __always_inline bool find_own_credit(struct bpf_sock *sk, struct credit *credit)
{
	struct owner_slot *slot;

	if (!sk)
		return false;
	slot = bpf_sk_storage_get(&owners, sk, NULL, 0);
	if (!slot || slot->socket != (__u64)sk)
		return false;
	credit->slot = slot;
	credit->socket = (__u64)sk;
	credit->state = sk->state;
	return true;
}

static __always_inline void find_credit(struct __sk_buff *skb, struct credit *credit)
{
	struct bpf_sock *sk = skb->sk; /* a remnant in TIME_WAIT has no storage */

	if (!sk)
		return;
	credit->state = sk->state;
	credit->socket = (__u64)sk;
	credit->slot = bpf_sk_storage_get(&owners, sk, NULL, 0);
	if (credit->slot && credit->slot->socket == credit->socket)
		return;
	if (config.can_find_mptcp)
		find_connection(sk, credit);
	if (config.notes_accepts && !is_listening(credit) && !credit->late)
		find_accepter(sk, credit);
}

/* A packet that comes is of no call of its receiver. */
static __always_inline __s32 call_of(const struct owner_slot *slot, __u8 direction)
{
	return direction == WIRE_EGRESS ? slot->call : WIRE_NO_SYSCALL;
}

static __always_inline void fill_attribution(struct packet_record *r, struct credit *credit,
					     __u8 direction)
{
	struct owner_slot *slot = credit->slot;
	__u32 version;
	__u64 socket;

	if (credit->late) {
		r->owner = credit->late->owner;
		r->net_ns = credit->late->net_ns;
		if (is_listening(credit))
			r->owner.attribution = WIRE_OWNER_LISTENER;
		return;
	}
	if (!slot) {
		__builtin_memset(&r->owner, 0, sizeof(r->owner));
		r->owner.syscall = WIRE_NO_SYSCALL;
		r->net_ns = 0;
		return;
	}
	version = slot->version;
	read_barrier();
	r->owner = slot->owner;
	r->owner.syscall = call_of(slot, direction);
	r->net_ns = slot->net_ns;
	socket = slot->socket;
	read_barrier();
	if (version & 1 || version != slot->version) {
		bpf_spin_lock(&slot->lock);
		r->owner = slot->owner;
		r->owner.syscall = call_of(slot, direction);
		r->net_ns = slot->net_ns;
		socket = slot->socket;
		bpf_spin_unlock(&slot->lock);
	}
	if (is_listening(credit) || socket != credit->socket)
		r->owner.attribution = WIRE_OWNER_LISTENER;
}

/* Why a packet is kept. */
struct reason {
	__u64 rules;
	__u32 wants, generation;
};

/*
 * Returns what the packet has to be counted as, or null when that is done: one in the ring
 * has to be before the reader can see it. Expanded once per size, because the verifier wants
 * to see a constant.
 */
static __always_inline __u64 *emit(struct __sk_buff *skb, const __u32 size, __u32 length,
				 __u8 direction, struct credit *credit, const struct reason *reason,
				 struct wire_counters *c)
{
	const __u32 room = size - sizeof(struct packet_record);
	struct packet_record *r = bpf_ringbuf_reserve(&packets, size, 0);
	__u32 last;

	if (!r)
		return &c->ring_full;
	if (length > room)
		length = room;
	/* One comparison excludes 0 too, in a form that the verifier of 6.1 understands. */
	last = length - 1;
	asm volatile("" : "+r"(last));
	if (last >= room || load(skb, 0, r->data, last + 1)) {
		bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
		return &c->load_failed;
	}
	r->time_ns = bpf_ktime_get_boot_ns();
	r->kind = WIRE_PACKET;
	r->cpu = bpf_get_smp_processor_id();
	r->ifindex = skb->ifindex;
	r->packet_len = skb->len;
	r->data_len = length;
	r->gso_segments = skb->gso_segs;
	r->direction = direction;
	r->pad = 0;
	r->wants = reason->wants;
	r->generation = reason->generation;
	r->rules = reason->rules;
	fill_attribution(r, credit, direction);
	count(&c->emitted);
	bpf_ringbuf_submit(r, wake_flag() | mark_flag(size));
	return NULL;
}

/* Not inline: see ask_slot(). */
static __noinline void note_sender(struct owner_slot *slot, __u64 socket, struct task_struct *task,
				   int syscall)
{
	note_owner(slot, socket, task, syscall, WIRE_OWNER_USER, NULL);
}

/*
 * The tracepoint behind a send comes after its packets. Seeing here who is
 * sending gives a forked worker its first bytes, and each packet its own call.
 * `known`: the task is the owner already, and only the call may be another. Who asks and
 * answers in turn has another each time, so two are remembered: to look for the socket
 * behind a descriptor costs more than all the rest of a packet.
 */
static __always_inline void refresh_sender(struct credit *credit, struct task_struct *task,
					   bool known)
{
	struct owner_slot *slot = credit->slot;
	int syscall;

	if (!config.can_read_regs || !config.can_read_kernel)
		return;
	syscall = syscall_number(task);
	if (known && slot->call == syscall)
		return;
	if (!known || (slot->calls[0] != syscall && slot->calls[1] != syscall)) {
		if (!is_calling_on(task, syscall, credit->socket))
			return;
		if (!known)
			note_sender(slot, credit->socket, task, syscall);
		slot->calls[1] = slot->calls[0];
		slot->calls[0] = syscall;
	}
	slot->call = syscall;
}

/* User space is behind: too much waits in the ring. */
static __always_inline bool is_behind(void)
{
	return bpf_ringbuf_query(&packets, BPF_RB_AVAIL_DATA) > config.shed_bytes;
}

/*
 * Does the flow belong to those that are left out under load? Its ends count alike in
 * both directions; a fragment behind the first has no ports and goes by its addresses.
 * Not static: its stack is not on_packet()'s, which has none to spare.
 */
__noinline int is_shed_flow(const struct headers *h)
{
	const __u32 *at;
	__u32 src, dst;
	__u64 hash;

	if (!h)
		return 0;
	at = (const __u32 *)h->network;
	if (h->version == 4) {
		src = at[3];
		dst = at[4];
	} else {
		src = at[2] + at[3] * 3 + at[4] * 5 + at[5] * 7;
		dst = at[6] + at[7] * 3 + at[8] * 5 + at[9] * 7;
	}
	if (h->has_ports) {
		src += (__u32)be16(h->transport) << 8;
		dst += (__u32)be16(h->transport + 2) << 8;
	}
	hash = (src + dst) ^ config.shed_seed;
	hash = (hash ^ (__u64)(src ^ dst) << 32) * 0x9e3779b97f4a7c15ull;
	hash ^= hash >> 29;
	hash *= 0xbf58476d1ce4e5b9ull;
	return (__u32)(hash >> 32) % config.shed_flows != 0;
}

/* Who is sending: the current task, if it can own the socket and the packet is not the kernel's. */
struct sender {
	struct task_struct *task; /* null: nobody who can */
	bool known;		  /* the owner that is noted */
};

static __always_inline struct sender find_sender(const struct credit *credit, __u8 direction)
{
	struct sender sender = {};
	struct task_struct *task;

	if (!credit->slot || credit->late || direction != WIRE_EGRESS || is_listening(credit))
		return sender;
	task = bpf_get_current_task_btf();
	if (!can_own(task))
		return sender;
	sender.task = task;
	sender.known = is_user(credit->slot, credit->socket, task);
	return sender;
}

/* Is it certain that no rule, of those in `mask`, wants what this socket's owner does? */
static __always_inline bool is_unwanted(const struct credit *credit, const struct sender *sender,
					__u64 mask, __u32 which)
{
	return credit->slot && !credit->late && (!sender->task || sender->known) &&
	       !(mask & slot_rules(credit->slot, which));
}

/*
 * What becomes of a packet: the counter it belongs to, or null when it is counted already.
 *
 * The headers are asked first, then the owner; but where rules are about nothing but owners,
 * those are asked first, because that excludes most. A packet whose headers nobody asked for
 * notes its sender only where nothing else does.
 */
static __always_inline __u64 *judge(struct __sk_buff *skb, __u8 direction, struct wire_counters *c)
{
	const __u32 small = WIRE_RECORD_SMALL - sizeof(struct packet_record);
	const __u32 medium = WIRE_RECORD_MEDIUM - sizeof(struct packet_record);
	struct headers h = {.which = *(volatile __u32 *)&active_rules, .direction = direction};
	const struct wire_rules *r = rules_at(h.which);
	bool by_owner = r->restricted & WIRE_OWNER_DIMENSIONS;
	bool owner_first = by_owner && !(r->restricted & WIRE_HEADER_DIMENSIONS);
	struct credit credit = {};
	struct sender sender = {};
	__u32 wants, length;
	struct reason reason;
	__u64 mask, *lost;

	if (owner_first && find_own_credit(skb->sk, &credit)) {
		sender = find_sender(&credit, direction);
		if (is_unwanted(&credit, &sender, ~0ull, h.which))
			return &c->filtered;
	}

	if (RESTRICTED(r, WIRE_IFINDEX))
		h.ifindex = bpf_htonl(skb->ifindex);
	classify(skb, &h);
	wants = h.wants & (r->wanted | OPENS_CONNECTION | OPENS_STREAM);
	mask = r->of_classes[wants & WIRE_WANT_ALL];
	if (mask && r->restricted & WIRE_HEADER_DIMENSIONS) {
		mask &= header_rules(&h);
		wants = mask ? classes_with(h.which, wants, mask) : wants & ~WIRE_WANT_ALL;
	}
	if (wants & WIRE_WANT_HTTP && !(wants & OPENS_STREAM) && !is_http_talk(skb, h.length)) {
		wants &= ~WIRE_WANT_HTTP;
		mask &= r->of_classes[wants & WIRE_WANT_ALL];
	}
	if (!mask && !(wants & OPENS_CONNECTION) && (config.sees_use || !(h.wants & r->wanted)))
		return &c->filtered;

	if (!credit.slot) /* not asked yet, or it was not enough */
		find_credit(skb, &credit);
	if (!credit.slot && !credit.late && direction == WIRE_EGRESS && h.wants & WIRE_WANT_TCP)
		find_late_credit(skb, &credit);
	if (!sender.task && (mask || !config.sees_use))
		sender = find_sender(&credit, direction);
	if (sender.task && (mask || !config.sees_use)) {
		if (mask && by_owner && is_unwanted(&credit, &sender, mask, h.which))
			return &c->filtered;
		refresh_sender(&credit, sender.task, sender.known);
	}
	if (config.own_pid &&
	    (credit.late ? credit.late->owner.host_pid == config.own_pid
			 : credit.slot && credit.slot->owner.host_pid == config.own_pid))
		return &c->filtered;
	if (mask && by_owner) {
		if (credit.late)
			mask &= owner_rules(&credit.late->owner, h.which);
		else
			mask &= credit.slot ? slot_rules(credit.slot, h.which) : r->nobody;
		wants = classes_with(h.which, wants, mask);
	}
	if (!mask)
		return &c->filtered;

	length = h.length;
	if (wants & (WIRE_WANT_ICMP | WIRE_WANT_ICMPV6 | WIRE_WANT_DNS | WIRE_WANT_STREAMS))
		length = skb->len;
	else if (config.payload_bytes)
		length += config.payload_bytes;
	else if (length > small)
		length = small;
	if (length > skb->len)
		length = skb->len;

	if (config.shed == WIRE_SHED_FLOWS && is_behind() && is_shed_flow(&h))
		return &c->shed;
	reason.rules = mask;
	reason.wants = wants & WIRE_WANT_ALL;
	reason.generation = r->generation;
	if (config.shed == WIRE_SHED_PAYLOAD && length > small && is_behind()) {
		reason.wants &= WIRE_WANT_HEADERS;
		reason.rules &= r->of_classes[reason.wants];
		if (!reason.rules)
			return &c->shed;
		lost = emit(skb, WIRE_RECORD_SMALL, small, direction, &credit, &reason, c);
		if (!lost)
			count(&c->cut);
		return lost;
	}
	if (length <= small)
		return emit(skb, WIRE_RECORD_SMALL, length, direction, &credit, &reason, c);
	if (length <= medium)
		return emit(skb, WIRE_RECORD_MEDIUM, length, direction, &credit, &reason, c);
	return emit(skb, WIRE_RECORD_LARGE, length, direction, &credit, &reason, c);
}

static __always_inline int on_packet(struct __sk_buff *skb, __u8 direction)
{
	__u32 zero = 0;
	struct wire_counters *c = bpf_map_lookup_elem(&counters, &zero);
	__u64 *fate;

	if (!c)
		return 1;
	count(&c->seen);
	fate = judge(skb, direction, c);
	if (fate)
		count(fate);
	return 1;
}

SEC("?cgroup_skb/ingress")
int on_ingress(struct __sk_buff *skb)
{
	return on_packet(skb, WIRE_INGRESS);
}

SEC("?cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	return on_packet(skb, WIRE_EGRESS);
}

#endif
