#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""burst.py COUNT ADDRESS PORT [SIZE [FLOWS]]: that many datagrams of so many octets, from so many
sockets in turn, as fast as they go; nobody need listen."""
import socket
import sys

count, address, port, size, flows = [*sys.argv[1:], *("5", "1")[len(sys.argv) - 4:]]
bursts = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(int(flows))]
payload = (b"burst" * (int(size) // 5 + 1))[:int(size)]
for number in range(int(count)):
    bursts[number % len(bursts)].sendto(payload, (address, int(port)))
