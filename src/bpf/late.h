/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: TCP segments that leave after their socket, or beside it. The kernel
 * answers for a connection in TIME_WAIT, and resets one that nobody holds any more,
 * on a socket of its own. The connection is then looked up by its addresses: it may
 * still have its socket, or be a TIME_WAIT remnant, whose last owner was written
 * down when the socket turned into it.
 *
 * Promises: without a connection there is no owner: what is written down is only
 * used while the remnant exists.
 */
#ifndef TRACEE_BPF_LATE_H
#define TRACEE_BPF_LATE_H

#include <bpf/bpf_endian.h>

#include "owner.h"

/* As the owner's side sees it; IPv4 addresses in the first word. */
struct connection {
	__be32 local[4], remote[4];
	__u16 local_port; /* host order */
	__be16 remote_port;
	__u32 net_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct connection);
	__type(value, struct last_owner);
} last_owners SEC(".maps");

static __always_inline void fill_connection(struct connection *c, struct sock_common *sk)
{
	__builtin_memset(c, 0, sizeof(*c));
	if (sk->skc_family == AF_INET6) {
#pragma unroll
		for (int i = 0; i < 4; i++) {
			c->local[i] = sk->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
			c->remote[i] = sk->skc_v6_daddr.in6_u.u6_addr32[i];
		}
	} else {
		c->local[0] = sk->skc_rcv_saddr;
		c->remote[0] = sk->skc_daddr;
	}
	c->local_port = sk->skc_num;
	c->remote_port = sk->skc_dport;
	c->net_ns = FOLLOW(sk, skc_net.net, ns.inum);
}

/*
 * From these a socket turns into a TIME_WAIT remnant, and is closed as itself. The
 * remnant answers a moment before that is told, so its owner is written down when
 * the last state before it begins too.
 */
static __always_inline bool may_leave_remnant(int from, int to)
{
	if (to == BPF_TCP_FIN_WAIT2 || to == BPF_TCP_CLOSING)
		return true;
	return to == BPF_TCP_CLOSE && (from == BPF_TCP_FIN_WAIT1 || from == BPF_TCP_FIN_WAIT2 ||
				       from == BPF_TCP_CLOSING);
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int from, int to)
{
	struct last_owner last = {};
	struct connection c;
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct owner_slot *slot;

	if (!may_leave_remnant(from, to) || !tcp)
		return 0;
	slot = bpf_sk_storage_get(&owners, sk, NULL, 0);
	if (!slot)
		return 0;
	bpf_spin_lock(&slot->lock);
	get_owner(slot, &last.owner);
	last.net_ns = slot->net_ns;
	if (slot->socket != (__u64)sk)
		last.owner.attribution = WIRE_OWNER_LISTENER;
	bpf_spin_unlock(&slot->lock);
	fill_connection(&c, &sk->__sk_common);
	/* An accepted socket has given its port back by now; this member stays. */
	c.local_port = bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport);
	bpf_map_update_elem(&last_owners, &c, &last, BPF_ANY);
	return 0;
}

/* The other end's view of a segment that leaves, in the form that a look-up takes. */
static __always_inline __u32 fill_tuple(struct __sk_buff *skb, struct bpf_sock_tuple *tuple)
{
	__u8 version;

	if (bpf_skb_load_bytes(skb, 0, &version, 1))
		return 0;
	if (version >> 4 == 4) {
		if (bpf_skb_load_bytes(skb, 16, &tuple->ipv4.saddr, 4) ||
		    bpf_skb_load_bytes(skb, 12, &tuple->ipv4.daddr, 4) ||
		    bpf_skb_load_bytes(skb, (version & 15) * 4 + 2, &tuple->ipv4.sport, 2) ||
		    bpf_skb_load_bytes(skb, (version & 15) * 4, &tuple->ipv4.dport, 2))
			return 0;
		return sizeof(tuple->ipv4);
	}
	if (bpf_skb_load_bytes(skb, 24, tuple->ipv6.saddr, 16) ||
	    bpf_skb_load_bytes(skb, 8, tuple->ipv6.daddr, 16) ||
	    bpf_skb_load_bytes(skb, 42, &tuple->ipv6.sport, 2) ||
	    bpf_skb_load_bytes(skb, 40, &tuple->ipv6.dport, 2))
		return 0;
	return sizeof(tuple->ipv6);
}

/*
 * Of a TCP segment on its way out whose socket is the kernel's. Not inline: see
 * ask_slot().
 */
static __noinline void find_late_credit(struct __sk_buff *skb, struct credit *credit)
{
	struct bpf_sock_tuple tuple = {};
	struct tcp_timewait_sock *remnant;
	struct bpf_sock *found, *sk;
	struct connection c;
	__u32 size;

	size = fill_tuple(skb, &tuple);
	if (!size)
		return;
	if (size == sizeof(tuple.ipv4))
		found = bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else
		found = bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (!found)
		return;
	sk = bpf_sk_fullsock(found);
	if (sk) {
		/* A listener is found for any stranger's segment: it is not its. */
		if (sk->state != BPF_TCP_LISTEN) {
			credit->slot = bpf_sk_storage_get(&owners, sk, NULL, 0);
			credit->socket = (__u64)sk;
		}
	} else {
		remnant = bpf_skc_to_tcp_timewait_sock(found);
		if (remnant) {
			fill_connection(&c, (struct sock_common *)remnant);
			credit->late = bpf_map_lookup_elem(&last_owners, &c);
		}
	}
	bpf_sk_release(found);
}

#endif
