/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The one header that kernel and user space share: the layout of a record in
 * the ring buffer, of the counters, and of the configuration. Plain C, included
 * by the BPF program, by C++, and by the test that holds the object's BTF
 * against these structs. Integers are host order; text is NUL-padded.
 *
 * Rule: a struct here has no padding the compiler chooses. Change one and the
 * static assertions at the end tell you what else moves.
 */
#ifndef TRACEE_WIRE_H
#define TRACEE_WIRE_H

#include <linux/types.h>

#define WIRE_COMM_LEN 16 /* TASK_COMM_LEN, include/linux/sched.h */
#define WIRE_NODE_LEN 16 /* the envelope shows 15 bytes of the UTS node name */
#define WIRE_NO_SYSCALL (-1)

/* How the owner of a socket is known; the text form is in event/context.h. */
enum wire_attribution {
  WIRE_OWNER_NONE = 0,     /* kernel socket, or no socket at all */
  WIRE_OWNER_CREATOR = 1,  /* the task that called socket(2) */
  WIRE_OWNER_USER = 2,     /* the task that last sent, received or connected */
  WIRE_OWNER_LISTENER = 3, /* inherited from the listening socket, not used yet */
};

enum wire_direction {
  WIRE_INGRESS = 1,
  WIRE_EGRESS = 2,
};

/*
 * The task behind a socket, as the socket's storage keeps it and as each record
 * carries it. Times are nanoseconds of the boot clock (CLOCK_BOOTTIME). The
 * "ns_" numbers are those of the task's own pid namespace; a parent that is not
 * visible there is 0, as getppid(2) says.
 */
struct owner {
  __u64 thread_start;
  __u64 leader_start;        /* thread-group leader's start */
  __u64 parent_leader_start; /* parent's thread-group leader's start */
  __u64 cgroup_id;           /* cgroup v2 */
  __u32 host_tid, host_pid, host_ppid;
  __u32 ns_tid, ns_pid, ns_ppid;
  __u32 uid; /* effective */
  __u32 mount_ns, pid_ns;
  __s32 syscall; /* number of the last socket call, of packets that leave; or WIRE_NO_SYSCALL */
  __u8 attribution;
  __u8 compat; /* 32-bit task on a 64-bit kernel */
  __u8 pad[6];
  char comm[WIRE_COMM_LEN];
  char node_name[WIRE_NODE_LEN];
};

/* What a record of the ring tells. Every record begins with `struct record_head`. */
enum wire_kind {
  WIRE_PACKET = 0,
  WIRE_FORK = 1,       /* process_record: a process (not a thread) has begun */
  WIRE_EXEC = 2,       /* process_record: it runs another program now */
  WIRE_EXIT = 3,       /* process_record: its last thread has gone */
  WIRE_FOUND = 4,      /* process_record: it ran when tracing began; not in the ring */
  WIRE_NEW_CGROUP = 5, /* cgroup_record: a control group was made */
};

struct record_head {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u16 kind;    /* enum wire_kind */
  __u16 cpu;
};

/*
 * One packet. `data` starts at the IP header; data_len < packet_len when only
 * the headers were wanted. The ring reserves one of the WIRE_RECORD_* sizes, so
 * bytes after data_len are undefined and must not be read.
 */
struct packet_record {
  __u64 time_ns; /* as in record_head */
  __u16 kind;
  __u16 cpu;
  __u32 ifindex;
  __u32 packet_len; /* whole packet, from the IP header */
  __u32 data_len;
  __u32 net_ns; /* inode number of the socket's network namespace, 0: not known */
  __u16 gso_segments;
  __u8 direction; /* enum wire_direction */
  __u8 pad;
  __u32 wants;      /* the WIRE_WANT_* classes it was kept for */
  __u32 generation; /* of the rules that kept it */
  __u64 rules;      /* which of them: bits of wire_rules.masks */
  struct owner owner;
  __u8 data[];
};

#define WIRE_PATH_BYTES 4096 /* of process_record and cgroup_record */
#define WIRE_ARGS_BYTES 512

/*
 * One process, in order with the packets. `text` is its executable's path as the
 * names from the file up to its root, each with a NUL (`curl`, `bin`, `usr`), and
 * then the arguments, NULs between them. Of WIRE_EXIT only the owner's host_pid
 * and leader_start are set.
 */
struct process_record {
  __u64 time_ns; /* as in record_head */
  __u16 kind;
  __u16 cpu;
  __u16 path_len;
  __u16 args_len;
  __u64 from_start; /* WIRE_FORK: the process that forked, by its leader's start... */
  __u32 from_pid;   /* ...and host process id */
  __u32 hierarchy;  /* of cgroup v1, as in /proc/self/cgroup; 0: in none but its root */
  __u64 v1_cgroup;  /* id in that hierarchy */
  __u8 path_whole;  /* the names reach the root */
  __u8 pad[7];
  struct owner owner;
  __u8 text[];
};

/* `path` is that of the hierarchy, path_len bytes without a NUL. */
struct cgroup_record {
  __u64 time_ns; /* as in record_head */
  __u16 kind;
  __u16 cpu;
  __u32 hierarchy; /* 0: cgroup v2 */
  __u64 id;
  __u16 path_len;
  __u8 pad[6];
  __u8 path[];
};

/* Whole reservations of packets, header included; a record takes the smallest that fits. */
#define WIRE_RECORD_SMALL 384
#define WIRE_RECORD_MEDIUM 2304
#define WIRE_RECORD_LARGE (65536 + 512)

/* Per-CPU counters. Law: seen == filtered + shed + ring_full + load_failed + emitted. */
struct wire_counters {
  __u64 seen;        /* packets that reached the program */
  __u64 filtered;    /* no enabled event wants the packet */
  __u64 ring_full;   /* wanted, no room in the ring */
  __u64 load_failed; /* wanted, its bytes could not be read */
  __u64 emitted;     /* in the ring */
  __u64 shed;        /* wanted, left out by the policy for overload */
  __u64 cut;         /* of `emitted`: without the payload that was wanted, by that policy */
};

/* Per CPU as well: records about processes and control groups. */
struct wire_news_counters {
  __u64 emitted;
  __u64 lost; /* no room in the ring */
};

/* The classes of packets that events are made of. */
#define WIRE_WANT_IPV4 (1u << 0)    /* the header of every IPv4 packet */
#define WIRE_WANT_IPV6 (1u << 1)    /* the header of every IPv6 packet */
#define WIRE_WANT_TCP (1u << 2)     /* headers */
#define WIRE_WANT_UDP (1u << 3)     /* headers */
#define WIRE_WANT_ICMP (1u << 4)    /* whole packet */
#define WIRE_WANT_ICMPV6 (1u << 5)  /* whole packet */
#define WIRE_WANT_DNS (1u << 6)     /* whole UDP packet on a DNS port */
#define WIRE_WANT_HTTP (1u << 7)    /* whole TCP packet of a socket that may talk HTTP */
#define WIRE_WANT_DNS_TCP (1u << 8) /* whole TCP packet on a DNS port */
#define WIRE_CLASSES 9
#define WIRE_WANT_ALL ((1u << WIRE_CLASSES) - 1)
/* Of these the headers are enough. */
#define WIRE_WANT_HEADERS (WIRE_WANT_IPV4 | WIRE_WANT_IPV6 | WIRE_WANT_TCP | WIRE_WANT_UDP)
/* Streams: each SYN belongs to them too, and a connection counts as a whole. */
#define WIRE_WANT_STREAMS (WIRE_WANT_HTTP | WIRE_WANT_DNS_TCP)

/*
 * What the kernel side can decide on. A dimension is a key of some bytes, most
 * significant first; those from WIRE_HOST_PID on are the owner's.
 */
enum wire_dimension {
  WIRE_SRC,      /* 16 bytes; IPv4 addresses in their mapped form, ::ffff:a.b.c.d */
  WIRE_DST,      /* the same */
  WIRE_SRC_PORT, /* 2 */
  WIRE_DST_PORT,
  WIRE_TCP_FLAGS, /* 1: byte 13 of the header */
  WIRE_HOP_LIMIT, /* 1: or TTL */
  WIRE_PROTOCOL,  /* 1: protocol, or next header, of the IP header */
  WIRE_DIRECTION, /* 1: enum wire_direction */
  WIRE_IFINDEX,   /* 4 */
  WIRE_HOST_PID,  /* 4 */
  WIRE_HOST_TID,
  WIRE_HOST_PPID,
  WIRE_PID, /* in the task's own pid namespace, as the next two */
  WIRE_TID,
  WIRE_PPID,
  WIRE_UID,
  WIRE_MOUNT_NS,
  WIRE_PID_NS,
  WIRE_CGROUP, /* 8 */
  WIRE_COMM,   /* 16, NUL-terminated; what follows the NUL is undefined */
  WIRE_NODE_NAME,
  WIRE_DIMENSIONS,
};
#define WIRE_HEADER_DIMENSIONS ((1u << WIRE_HOST_PID) - 1)
#define WIRE_OWNER_DIMENSIONS (((1u << WIRE_DIMENSIONS) - 1) & ~WIRE_HEADER_DIMENSIONS)

/*
 * The rules that packets are held against: at most 64, each a bit. A packet is
 * kept for the rules whose class it belongs to and that its key satisfies in
 * every dimension. Each restricted dimension has a tree over the bytes of its
 * key: a slot is either another node or, with WIRE_LEAF, the index of the mask
 * of rules that all keys which get here satisfy. So deciding costs the same for
 * one rule and for 64, and nothing for a dimension that no rule restricts.
 */
#define WIRE_RULES 64
#define WIRE_NODES 2048 /* node 0 is not used */
#define WIRE_MASKS 4096
#define WIRE_LEAF 0x8000

struct wire_rules {
  __u32 generation; /* never 0 */
  __u32 wanted;     /* WIRE_WANT_* of all rules */
  __u32 restricted; /* bit N: some rule restricts dimension N */
  __u32 node_count, mask_count;
  __u16 roots[WIRE_DIMENSIONS]; /* slots */
  __u16 src_v4, dst_v4;         /* where an IPv4 address goes in, behind ::ffff: */
  __u8 pad[6];
  __u64 nobody;                        /* rules that a packet without an owner satisfies */
  __u64 of_classes[1 << WIRE_CLASSES]; /* rules of any class of a set */
  __u64 masks[WIRE_MASKS];
  __u16 nodes[WIRE_NODES][256]; /* slots */
};

#define WIRE_DNS_PORTS 16

/* What becomes of wanted packets while more than `shed_bytes` wait in the ring. */
enum wire_shed {
  WIRE_SHED_NOTHING = 0, /* all that there is room for is kept */
  WIRE_SHED_PAYLOAD = 1, /* no packet takes more than the smallest record */
  WIRE_SHED_FLOWS = 2,   /* of `shed_flows` flows one is kept, in both directions */
};

/* Read-only for the program, set before it is loaded. */
struct wire_config {
  __u32 own_pid;    /* the tracer's host pid: it never reports itself */
  __u32 wake_bytes; /* wake a napping reader when this much waits in the ring */
  __u32 dns_port_count;
  __u16 dns_ports[WIRE_DNS_PORTS]; /* host order */
  __u8 can_read_kernel; /* bpf_probe_read_kernel is allowed (no confidentiality lockdown) */
  __u8 can_read_regs;   /* cgroup programs may call bpf_task_pt_regs */
  __u8 can_find_mptcp;  /* and there are MPTCP sockets */
  __u8 notes_accepts;   /* accept(2) is seen by its system call, see src/bpf/accept.h */
  __u8 sees_use;        /* each send and receive notes the owner, not only packets */
  __u8 shed;            /* enum wire_shed */
  __u8 pad[2];
  __u32 payload_bytes; /* so much behind the headers is copied of every packet that is kept */
  __u32 shed_bytes;
  __u32 shed_flows; /* at least 1 */
  __u32 shed_seed;  /* of this run: nobody can choose flows that are kept */
  /* The kernel's numbers of these types, for bpf_rdonly_cast(), Linux 6.2; 0: it is not there. */
  __u32 task_struct_id, sock_id;
  __u32 pad2;
};

/*
 * Shared through a mmap-able array: the reader sets `asleep` before it blocks
 * without a time limit; the first record after that clears it and wakes the
 * reader. All other records are submitted without a wake-up.
 */
struct wire_reader {
  __u32 asleep;
  __u32 pad;
};

#ifdef __cplusplus
#define WIRE_ASSERT(x) static_assert(x, #x)
#else
#define WIRE_ASSERT(x) _Static_assert(x, #x)
#endif
WIRE_ASSERT(sizeof(struct owner) == 112);
WIRE_ASSERT(sizeof(struct packet_record) == 160);
WIRE_ASSERT(sizeof(struct process_record) == 160);
WIRE_ASSERT(sizeof(struct cgroup_record) == 32);
WIRE_ASSERT(sizeof(struct wire_news_counters) == 16);
WIRE_ASSERT(sizeof(struct wire_counters) == 56);
WIRE_ASSERT(sizeof(struct wire_config) == 80);
WIRE_ASSERT(sizeof(struct wire_rules) ==
            80 + 8 * (1 << WIRE_CLASSES) + 8 * WIRE_MASKS + 512 * WIRE_NODES);
WIRE_ASSERT(WIRE_RECORD_SMALL % 8 == 0 && WIRE_RECORD_MEDIUM % 8 == 0 &&
            WIRE_RECORD_LARGE % 8 == 0);

#endif
