#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""uring.py plain|worker FD TEXT: sends TEXT on an open socket by io_uring, `worker` on a
thread of the kernel's (IOSQE_ASYNC). With no FD but ADDRESS:PORT a UDP socket is made."""
import ctypes
import mmap
import os
import socket
import struct
import sys

SETUP, ENTER, SEND, ASYNC, GETEVENTS = 425, 426, 26, 1 << 4, 1
libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        # 77: there is no io_uring here
        sys.exit(77 if error in (1, 38) else f"io_uring: {os.strerror(error)}")
    return result


def send(fd, text, in_worker):
    parameters = ctypes.create_string_buffer(120)
    ring = call(SETUP, 4, parameters)
    words = struct.unpack("=30I", parameters.raw)
    sq_tail, sq_mask, sq_array = words[11], words[12], words[16]
    cq_head, cq_mask, cq_entries = words[20], words[22], words[25]
    size = max(sq_array + 4 * words[0], cq_entries + 16 * words[1])
    rings = mmap.mmap(ring, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, offset=0)
    entries = mmap.mmap(ring, 64 * words[0], flags=mmap.MAP_SHARED | mmap.MAP_POPULATE,
                        offset=0x10000000)
    data = ctypes.create_string_buffer(text.encode(), len(text))
    entries[:64] = struct.pack("=BBHiQQII", SEND, ASYNC if in_worker else 0, 0, fd, 0,
                               ctypes.addressof(data), len(text), 0).ljust(64, b"\0")
    tail, mask = struct.unpack_from("=I", rings, sq_tail)[0], struct.unpack_from("=I", rings, sq_mask)[0]
    struct.pack_into("=I", rings, sq_array + 4 * (tail & mask), 0)
    struct.pack_into("=I", rings, sq_tail, tail + 1)
    call(ENTER, ring, 1, 1, GETEVENTS, None, 0)
    head, mask = struct.unpack_from("=I", rings, cq_head)[0], struct.unpack_from("=I", rings, cq_mask)[0]
    result = struct.unpack_from("=i", rings, cq_entries + 16 * (head & mask) + 8)[0]
    if result != len(text):
        sys.exit(f"io_uring sent {result}")


if __name__ == "__main__":
    if ":" in sys.argv[2]:
        address, _, port = sys.argv[2].rpartition(":")
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.connect((address, int(port)))
        number = made.fileno()
    else:
        number = int(sys.argv[2])
    send(number, sys.argv[3], sys.argv[1] == "worker")
