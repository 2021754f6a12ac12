/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: from a packet at a cgroup hook to a record in the ring: what the packet
 * is, whether an enabled event wants it, how much of it, and the copy.
 *
 * Promises: every packet is let through; every packet is counted exactly once as
 * filtered, shed, ring_full, load_failed or emitted; its bytes are copied once. Nothing
 * above the transport header is parsed, but for the first bytes of a TCP payload,
 * which tell whether its socket may talk HTTP.
 */
#ifndef TRACEE_BPF_PACKET_H
#define TRACEE_BPF_PACKET_H

#include "accept.h"
#include "filter.h"
#include "late.h"
#include "owner.h"

/* IANA protocol numbers */
enum {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
};

#define NO_TRANSPORT (-1)     /* behind the first fragment, or cut short */
#define HIDDEN_TRANSPORT (-2) /* behind more extension headers than are walked here */
#define IPV6_EXTENSIONS_MAX 8

/* Among the classes: a SYN, which find_connection() wants to see in any case... */
#define OPENS_CONNECTION (1u << 31)
/* ...and one that tells the reader of streams where they begin. */
#define OPENS_STREAM (1u << 30)

/*
 * A socket whose payload looks like a request is believed for so many bytes, so
 * often. Who talks HTTP is answered with a status line before that.
 */
#define TALK_LOOK 16
#define TALK_BYTES (256u << 10)
#define TALK_TRIES 16

static __always_inline int load(struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	return bpf_skb_load_bytes(skb, offset, to, size);
}

/*
 * Copies `words` times 4 bytes of the packet, without a call where they lie in its
 * first piece, as headers do.
 */
static __always_inline bool copy(struct __sk_buff *skb, __u32 offset, __u8 *to, const int words)
{
	const __u8 *from = (const __u8 *)(long)skb->data + offset;

	if (offset > 512 || from + words * 4 > (const __u8 *)(long)skb->data_end)
		return !load(skb, offset, to, words * 4);
	for (int i = 0; i < words; i++)
		((__u32 *)to)[i] = ((const __u32 *)from)[i];
	return true;
}

static __always_inline __u16 be16(const __u8 *p)
{
	return (__u16)p[0] << 8 | p[1];
}

static __always_inline bool is_dns_port(__u16 port)
{
	bool found = false;

	for (int i = 0; i < WIRE_DNS_PORTS; i++) {
		if (i >= config.dns_port_count)
			break;
		found |= config.dns_ports[i] == port;
	}
	return found;
}

static __always_inline bool has_dns_port(const struct headers *h)
{
	return is_dns_port(be16(h->transport)) || is_dns_port(be16(h->transport + 2));
}

static __always_inline void classify_udp(struct __sk_buff *skb, const struct wire_rules *r,
					 struct headers *h)
{
	__u32 start = h->length;

	h->wants |= WIRE_WANT_UDP;
	h->length += 8;
	if (!copy(skb, start, h->transport, 1))
		return;
	h->has_ports = 1;
	if (r->wanted & WIRE_WANT_DNS && h->length < skb->len && has_dns_port(h))
		h->wants |= WIRE_WANT_DNS;
}

static __always_inline void classify_tcp(struct __sk_buff *skb, const struct wire_rules *r,
					 struct headers *h)
{
	__u32 start = h->length, payload;

	h->wants |= WIRE_WANT_TCP;
	h->length += 20;
	/* The flags' byte and two more; a header has 20. */
	if (!copy(skb, start, h->transport, 4))
		return;
	h->has_ports = h->has_flags = 1;
	h->length = start + (h->transport[12] >> 4) * 4;
	if ((h->transport[13] & 0x12) == 0x02 && config.can_find_mptcp)
		h->wants |= OPENS_CONNECTION;
	if (!(r->wanted & WIRE_WANT_STREAMS))
		return;
	payload = has_dns_port(h) ? WIRE_WANT_DNS_TCP : WIRE_WANT_HTTP;
	if (h->length < skb->len)
		h->wants |= payload; /* HTTP: is_http_talk() may take it back */
	if (h->transport[13] & 0x02)
		h->wants |= payload | OPENS_STREAM;
}

/* RFC 9110, 5.6.2; a bit for each ASCII character. */
const volatile __u32 tokens[4] = {0x0, 0x3ff6cfa, 0xc7fffffe, 0x57ffffff};

static __always_inline bool is_token(__u8 c)
{
	return c < 128 && tokens[c >> 5 & 3] >> (c & 31) & 1;
}

/* Do these bytes, `size` of them, begin like `METHOD target`? A short start may. */
static __always_inline bool looks_like_request(const __u8 *p, __u32 size)
{
	if (!is_token(p[0]))
		return false;
	for (__u32 i = 1; i < TALK_LOOK; i++) {
		if (i >= size || p[i] == ' ')
			return true;
		if (!is_token(p[i]))
			return false;
	}
	return true; /* a long method */
}

/*
 * May the TCP payload at `start` belong to HTTP? What the socket has shown before
 * counts, in both directions: once a status line was seen all its payloads are
 * wanted; before, those that look like a request and what follows them; others
 * never. Each segment is looked at anew, because a socket older than the tracer,
 * or one that talks something else first, may come to HTTP later.
 */
__noinline int is_http_talk(struct __sk_buff *skb, __u32 start)
{
	__u8 look[TALK_LOOK] = {};
	struct bpf_sock *sk = skb->sk;
	struct talk *talk = NULL;
	__u32 size;

	if (start >= skb->len)
		return 0;
	size = skb->len - start;
	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (sk)
		talk = bpf_sk_storage_get(&talks, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (talk && talk->is_http)
		return 1;
	if (size >= TALK_LOOK) {
		if (load(skb, start, look, TALK_LOOK))
			return 0;
	} else {
		for (__u32 i = 0; i < TALK_LOOK - 1; i++) {
			if (i < size && load(skb, start + i, look + i, 1))
				return 0;
		}
	}
	if (look[0] == 'H' && look[1] == 'T' && look[2] == 'T' && look[3] == 'P' &&
	    look[4] == '/' && look[5] == '1' && look[6] == '.') {
		if (talk)
			talk->is_http = 1;
		return 1;
	}
	if (!talk)
		return looks_like_request(look, size);
	if (!talk->left && talk->tries < TALK_TRIES && looks_like_request(look, size)) {
		talk->tries++;
		talk->left = TALK_BYTES;
	}
	if (!talk->left)
		return 0;
	talk->left -= size < talk->left ? size : talk->left;
	return 1;
}

static __always_inline int ipv4_transport(struct headers *h)
{
	h->wants = WIRE_WANT_IPV4;
	h->length = 20;
	if (!h->has_network)
		return NO_TRANSPORT;
	h->length = (h->network[0] & 15) * 4;
	return be16(h->network + 6) & 0x1fff ? NO_TRANSPORT : h->network[9];
}

static __always_inline int ipv6_transport(struct __sk_buff *skb, struct headers *h)
{
	__u8 extension[4], next;

	h->wants = WIRE_WANT_IPV6;
	h->length = 40;
	if (!h->has_network || !copy(skb, 20, h->network + 20, 5)) {
		h->has_network = 0;
		return NO_TRANSPORT;
	}
	next = h->network[6];
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		switch (next) {
		case PROTOCOL_HOP_BY_HOP:
		case PROTOCOL_ROUTING:
		case PROTOCOL_DESTINATION:
		case PROTOCOL_FRAGMENT:
		case PROTOCOL_AH:
		case PROTOCOL_MOBILITY:
		case PROTOCOL_HIP:
		case PROTOCOL_SHIM6:
			break;
		default:
			return next;
		}
		if (load(skb, h->length, extension, sizeof(extension)))
			return NO_TRANSPORT;
		if (next == PROTOCOL_FRAGMENT) {
			h->length += 8;
			if (be16(extension + 2) & 0xfff8)
				return NO_TRANSPORT;
		} else if (next == PROTOCOL_AH) {
			h->length += (extension[1] + 2) * 4;
		} else {
			h->length += (extension[1] + 1) * 8;
		}
		next = extension[0];
	}
	return HIDDEN_TRANSPORT;
}

/*
 * Reads the headers. `which`, `direction` and `ifindex` are there already. Not
 * static: the verifier then looks at it once, by itself, and its many paths do not
 * multiply with those of the caller (14 s of load time otherwise).
 */
__noinline int classify(struct __sk_buff *skb, struct headers *h)
{
	const struct wire_rules *r;
	int transport;

	if (!h)
		return 0;
	r = rules_at(h->which);
	h->has_network = copy(skb, 0, h->network, 5);
	if (!h->has_network && load(skb, 0, h->network, 1))
		return 0;
	h->version = h->network[0] >> 4;
	if (h->version == 4)
		transport = ipv4_transport(h);
	else if (h->version == 6)
		transport = ipv6_transport(skb, h);
	else
		return 0;

	if (transport == PROTOCOL_TCP) {
		classify_tcp(skb, r, h);
	} else if (transport == PROTOCOL_UDP) {
		classify_udp(skb, r, h);
	} else if (transport == HIDDEN_TRANSPORT) {
		h->wants |= WIRE_WANT_TCP | WIRE_WANT_UDP | WIRE_WANT_ICMPV6 | WIRE_WANT_DNS |
			    WIRE_WANT_DNS_TCP;
		h->length = skb->len;
	} else if (transport != NO_TRANSPORT) {
		if (h->version == 4 && transport == PROTOCOL_ICMP)
			h->wants |= WIRE_WANT_ICMP;
		if (h->version == 6 && transport == PROTOCOL_ICMPV6)
			h->wants |= WIRE_WANT_ICMPV6;
		h->length += 8;
	}
	return 0;
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
	write_begin(slot);
	slot->owner = owner;
	slot->net_ns = from->net_ns;
	slot->socket = (__u64)sk;
	forget_calls(slot);
	write_end(slot);
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
	if (credit->late && credit->listening)
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

static __always_inline void find_credit(struct __sk_buff *skb, struct credit *credit)
{
	struct bpf_sock *sk = skb->sk; /* a remnant in TIME_WAIT has no storage */

	if (!sk)
		return;
	credit->listening = sk->state == BPF_TCP_LISTEN;
	credit->socket = (__u64)sk;
	credit->slot = bpf_sk_storage_get(&owners, sk, NULL, 0);
	if (credit->slot && credit->slot->socket == credit->socket)
		return;
	if (config.can_find_mptcp)
		find_connection(sk, credit);
	if (config.notes_accepts && !credit->listening && !credit->late)
		find_accepter(sk, credit);
}

static __always_inline void fill_attribution(struct packet_record *r, struct credit *credit)
{
	struct owner_slot *slot = credit->slot;
	__u32 version;
	__u64 socket;

	if (credit->late) {
		r->owner = credit->late->owner;
		r->net_ns = credit->late->net_ns;
		if (credit->listening)
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
	r->net_ns = slot->net_ns;
	socket = slot->socket;
	read_barrier();
	if (version & 1 || version != slot->version) {
		bpf_spin_lock(&slot->lock);
		r->owner = slot->owner;
		r->net_ns = slot->net_ns;
		socket = slot->socket;
		bpf_spin_unlock(&slot->lock);
	}
	if (credit->listening || socket != credit->socket)
		r->owner.attribution = WIRE_OWNER_LISTENER;
}

/* Why a packet is kept. */
struct reason {
	__u64 rules;
	__u32 wants, generation;
};

/*
 * Expanded once per size, because the verifier wants to see a constant. False: the
 * packet is lost.
 */
static __always_inline bool emit(struct __sk_buff *skb, const __u32 size, __u32 length,
				 __u8 direction, struct credit *credit, const struct reason *reason,
				 struct wire_counters *c)
{
	const __u32 room = size - sizeof(struct packet_record);
	struct packet_record *r = bpf_ringbuf_reserve(&packets, size, 0);
	__u32 last;

	if (!r) {
		count(&c->ring_full);
		return false;
	}
	if (length > room)
		length = room;
	/* One comparison excludes 0 too, in a form that the verifier of 6.1 understands. */
	last = length - 1;
	asm volatile("" : "+r"(last));
	if (last >= room || load(skb, 0, r->data, last + 1)) {
		bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
		count(&c->load_failed);
		return false;
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
	fill_attribution(r, credit);
	count(&c->emitted);
	bpf_ringbuf_submit(r, wake_flag() | mark_flag(size));
	return true;
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
	if (known && slot->owner.syscall == syscall)
		return;
	if (!known || (slot->calls[0] != syscall && slot->calls[1] != syscall)) {
		if (!is_calling_on(task, syscall, credit->socket))
			return;
		if (!known)
			note_sender(slot, credit->socket, task, syscall);
		slot->calls[1] = slot->calls[0];
		slot->calls[0] = syscall;
	}
	slot->owner.syscall = syscall;
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

/*
 * The headers are asked first, then the owner. A packet whose headers nobody asked
 * for notes its sender only where nothing else does.
 */
static __always_inline int on_packet(struct __sk_buff *skb, __u8 direction)
{
	const __u32 small = WIRE_RECORD_SMALL - sizeof(struct packet_record);
	const __u32 medium = WIRE_RECORD_MEDIUM - sizeof(struct packet_record);
	__u32 zero = 0, wants, length;
	const struct wire_rules *r;
	struct wire_counters *c;
	struct credit credit = {};
	struct reason reason;
	struct headers h = {};
	struct task_struct *task;
	bool known;
	__u64 mask;

	c = bpf_map_lookup_elem(&counters, &zero);
	if (!c)
		return 1;
	count(&c->seen);

	h.which = *(volatile __u32 *)&active_rules;
	h.direction = direction;
	r = rules_at(h.which);
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
		goto filtered;

	find_credit(skb, &credit);
	if (!credit.slot && !credit.late && direction == WIRE_EGRESS && h.wants & WIRE_WANT_TCP)
		find_late_credit(skb, &credit);
	if (credit.slot && !credit.late && direction == WIRE_EGRESS && !credit.listening &&
	    (mask || !config.sees_use)) {
		task = bpf_get_current_task_btf();
		if (can_own(task)) {
			known = is_user(credit.slot, credit.socket, task);
			if (known && mask && r->restricted & WIRE_OWNER_DIMENSIONS &&
			    !(mask & slot_rules(credit.slot, h.which)))
				goto filtered;
			refresh_sender(&credit, task, known);
		}
	}
	if (config.own_pid &&
	    (credit.late ? credit.late->owner.host_pid == config.own_pid
			 : credit.slot && credit.slot->owner.host_pid == config.own_pid))
		goto filtered;
	if (mask && r->restricted & WIRE_OWNER_DIMENSIONS) {
		if (credit.late)
			mask &= owner_rules(&credit.late->owner, h.which);
		else
			mask &= credit.slot ? slot_rules(credit.slot, h.which) : r->nobody;
		wants = classes_with(h.which, wants, mask);
	}
	if (!mask)
		goto filtered;

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
		goto shed;
	if (config.shed == WIRE_SHED_PAYLOAD && length > small && is_behind()) {
		wants &= WIRE_WANT_HEADERS;
		mask &= r->of_classes[wants];
		if (!mask)
			goto shed;
		reason.rules = mask;
		reason.wants = wants;
		reason.generation = r->generation;
		if (emit(skb, WIRE_RECORD_SMALL, small, direction, &credit, &reason, c))
			count(&c->cut);
		return 1;
	}

	reason.rules = mask;
	reason.wants = wants & WIRE_WANT_ALL;
	reason.generation = r->generation;
	if (length <= small)
		emit(skb, WIRE_RECORD_SMALL, length, direction, &credit, &reason, c);
	else if (length <= medium)
		emit(skb, WIRE_RECORD_MEDIUM, length, direction, &credit, &reason, c);
	else
		emit(skb, WIRE_RECORD_LARGE, length, direction, &credit, &reason, c);
	return 1;

shed:
	count(&c->shed);
	return 1;

filtered:
	count(&c->filtered);
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
