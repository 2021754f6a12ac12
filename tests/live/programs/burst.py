#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""burst.py COUNT ADDRESS PORT: that many datagrams, as fast as they go; nobody need listen."""
import socket
import sys

burst = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
target = (sys.argv[2], int(sys.argv[3]))
for _ in range(int(sys.argv[1])):
    burst.sendto(b"burst", target)
