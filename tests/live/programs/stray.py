#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""stray.py FROM PORT TO PORT: one TCP segment (ACK) that fits no window, as a network may
deliver it late, on a raw socket."""
import socket
import struct
import sys

source, source_port, target, target_port = sys.argv[1:]
segment = struct.pack("!HHIIBBHHH", int(source_port), int(target_port), 1, 1, 5 << 4, 0x10, 1024, 0, 0)
pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 6, len(segment))
total = sum(struct.unpack(f"!{len(pseudo + segment) // 2}H", pseudo + segment))
total = (total & 0xffff) + (total >> 16)
total = ~(total + (total >> 16)) & 0xffff
segment = segment[:16] + struct.pack("!H", total) + segment[18:]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.bind((source, 0))
raw.sendto(segment, (target, 0))
