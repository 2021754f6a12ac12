/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Owns: what a packet at a cgroup hook is: its headers, and the classes it belongs to.
 *
 * Promises: nothing above the transport header is parsed, but for the first bytes of a TCP
 * payload, which tell whether its socket may talk HTTP.
 */
#ifndef TRACEE_BPF_CLASSIFY_H
#define TRACEE_BPF_CLASSIFY_H

#include "filter.h"

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

#endif
