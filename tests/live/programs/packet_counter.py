#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""packet_counter.py PORT: another program on the root cgroup. A BPF program of its own
counts the UDP datagrams that leave for PORT; each new number is printed as `seen N`."""
import ctypes
import os
import platform
import socket
import struct
import sys
import time

MAP_CREATE, MAP_LOOKUP, PROG_LOAD, LINK_CREATE = 0, 1, 5, 28
CGROUP_SKB, EGRESS = 8, 1
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 321, "aarch64": 280}[platform.machine()]


def bpf(command, layout, *values):
    packed = struct.pack("=" + layout, *values).ljust(128, b"\0")
    attributes = ctypes.create_string_buffer(packed, len(packed))
    result = libc.syscall(number, command, attributes, len(packed))
    if result < 0:
        sys.exit(f"bpf command {command}: {os.strerror(ctypes.get_errno())}")
    return result


def instruction(code, to=0, source=0, offset=0, value=0):
    return struct.pack("=BBhi", code, source << 4 | to, offset, value)


def program(counter, port):
    """Stack: 24 bytes of packet (an IPv4 header without options, two ports) from -32, key at -4."""
    return b"".join((
        instruction(0xb7, 2),                       # r2 = offset 0, r1 is the packet
        instruction(0xbf, 3, 10),
        instruction(0x07, 3, value=-32),
        instruction(0xb7, 4, value=24),
        instruction(0x85, value=26),                # bpf_skb_load_bytes
        instruction(0x55, 0, offset=14),            # failed: to the end, as below
        instruction(0x71, 0, 10, offset=-32 + 9),   # r0 = protocol
        instruction(0x55, 0, offset=12, value=17),
        instruction(0x69, 0, 10, offset=-32 + 22),  # r0 = destination port
        instruction(0x55, 0, offset=10, value=socket.htons(port)),
        instruction(0x62, 10, offset=-4),           # key = 0
        instruction(0xbf, 2, 10),
        instruction(0x07, 2, value=-4),
        instruction(0x18, 1, 1, value=counter),     # r1 = the map
        instruction(0),
        instruction(0x85, value=1),                 # bpf_map_lookup_elem
        instruction(0x15, 0, offset=3),
        instruction(0xb7, 1, value=1),
        instruction(0xdb, 0, 1),                    # atomic add
        instruction(0x05),
        instruction(0xb7, 0, value=1),              # the end: let the packet through
        instruction(0x95)))


def cgroup_root():
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return next(line.split()[1] for line in file if line.split()[2] == "cgroup2")


counter = bpf(MAP_CREATE, "IIII", 2, 4, 8, 1)
code = program(counter, int(sys.argv[1]))
code_room, license = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
loaded = bpf(PROG_LOAD, "IIQQ", CGROUP_SKB, len(code) // 8, ctypes.addressof(code_room),
             ctypes.addressof(license))
link = bpf(LINK_CREATE, "IIII", loaded, os.open(cgroup_root(), os.O_RDONLY), EGRESS, 0)
key, value, before = ctypes.c_uint32(0), ctypes.c_uint64(0), -1
while True:
    bpf(MAP_LOOKUP, "IIQQ", counter, 0, ctypes.addressof(key), ctypes.addressof(value))
    if value.value != before:
        before = value.value
        print("seen", before, flush=True)
    time.sleep(0.02)
