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
  __s32 syscall; /* number of the last socket call, WIRE_NO_SYSCALL: not known */
  __u8 attribution;
  __u8 compat; /* 32-bit task on a 64-bit kernel */
  __u8 pad[6];
  char comm[WIRE_COMM_LEN];
  char node_name[WIRE_NODE_LEN];
};

/*
 * One packet. `data` starts at the IP header; data_len < packet_len when only
 * the headers were wanted. The ring reserves one of the WIRE_RECORD_* sizes, so
 * bytes after data_len are undefined and must not be read.
 */
struct packet_record {
  __u64 time_ns; /* CLOCK_BOOTTIME */
  __u32 cpu;
  __u32 ifindex;
  __u32 packet_len; /* whole packet, from the IP header */
  __u32 data_len;
  __u32 net_ns; /* inode number of the socket's network namespace, 0: not known */
  __u16 gso_segments;
  __u8 direction; /* enum wire_direction */
  __u8 pad;
  struct owner owner;
  __u8 data[];
};

/* Whole reservations, header included; a record takes the smallest that fits. */
#define WIRE_RECORD_SMALL 384
#define WIRE_RECORD_MEDIUM 2304
#define WIRE_RECORD_LARGE (65536 + 512)

/* Per-CPU counters. Law: seen == filtered + ring_full + load_failed + emitted. */
struct wire_counters {
  __u64 seen;        /* packets that reached the program */
  __u64 filtered;    /* no enabled event wants the packet */
  __u64 ring_full;   /* wanted, no room in the ring */
  __u64 load_failed; /* wanted, its bytes could not be read */
  __u64 emitted;     /* in the ring */
};

/* What the enabled events need of a packet; bits of wire_config.wanted. */
#define WIRE_WANT_IPV4 (1u << 0)   /* the header of every IPv4 packet */
#define WIRE_WANT_IPV6 (1u << 1)   /* the header of every IPv6 packet */
#define WIRE_WANT_TCP (1u << 2)    /* headers */
#define WIRE_WANT_UDP (1u << 3)    /* headers */
#define WIRE_WANT_ICMP (1u << 4)   /* whole packet */
#define WIRE_WANT_ICMPV6 (1u << 5) /* whole packet */
#define WIRE_WANT_DNS (1u << 6)    /* whole packet on a DNS port; with it and HTTP: each SYN */
#define WIRE_WANT_HTTP (1u << 7)   /* whole TCP packet of a socket that may talk HTTP */

#define WIRE_DNS_PORTS 16

/* Read-only for the program, set before it is loaded. */
struct wire_config {
  __u32 wanted;     /* WIRE_WANT_* */
  __u32 own_pid;    /* the tracer's host pid: it never reports itself */
  __u32 wake_bytes; /* wake a napping reader when this much waits in the ring */
  __u32 dns_port_count;
  __u16 dns_ports[WIRE_DNS_PORTS]; /* host order */
  __u8 can_read_kernel; /* bpf_probe_read_kernel is allowed (no confidentiality lockdown) */
  __u8 can_read_regs;   /* cgroup programs may call bpf_task_pt_regs */
  __u8 can_find_mptcp;  /* and bpf_skc_to_mptcp_sock */
  __u8 notes_accepts;   /* accept(2) is seen by its system call, see src/bpf/accept.h */
  __u8 pad[4];
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
WIRE_ASSERT(sizeof(struct packet_record) == 144);
WIRE_ASSERT(sizeof(struct wire_counters) == 40);
WIRE_ASSERT(sizeof(struct wire_config) == 56);
WIRE_ASSERT(WIRE_RECORD_SMALL % 8 == 0 && WIRE_RECORD_MEDIUM % 8 == 0 &&
            WIRE_RECORD_LARGE % 8 == 0);

#endif
