#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two VLAN switches and the trunk between them, for kernels without 802.1Q.

    trunk.py ACCESS0 TRUNK0 TRUNK1 ACCESS1 TAG...

Frames from an access interface leave its trunk interface with the tags, each
PROTOCOL:ID in hexadecimal and decimal, the first outermost; frames from a trunk
interface leave its access interface without any. TRUNK0 and TRUNK1 are the two
ends of one link. Runs until it is ended.
"""

import select
import socket
import struct
import sys

ALL_PROTOCOLS = 3  # linux/if_ether.h, ETH_P_ALL
TAG_PROTOCOLS = (0x8100, 0x88A8, 0x9100)
MACS = 12  # bytes of destination and source, which the tags come after


def open_interface(name):
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    opened.bind((name, 0))
    return opened


def parse_tag(text):
    protocol, vlan = text.split(":")
    return struct.pack("!HH", int(protocol, 16), int(vlan))


def without_tags(frame):
    # The kernel may have taken the outermost already.
    while struct.unpack_from("!H", frame, MACS)[0] in TAG_PROTOCOLS:
        frame = frame[:MACS] + frame[MACS + 4 :]
    return frame


def main():
    access0, trunk0, trunk1, access1 = map(open_interface, sys.argv[1:5])
    tags = b"".join(map(parse_tag, sys.argv[5:]))
    peers = {access0: trunk0, trunk0: access0, access1: trunk1, trunk1: access1}
    while True:
        for ready in select.select(list(peers), [], [])[0]:
            frame, address = ready.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            if ready in (access0, access1):
                frame = frame[:MACS] + tags + frame[MACS:]
            else:
                frame = without_tags(frame)
            peers[ready].send(frame)


if __name__ == "__main__":
    main()
