#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""numbered.py TOTAL ADDRESS PORT PORT: that many datagrams to each of the two ports, in turn.

Half of them come slowly, for as long as it takes until a line comes in; then the rest. Nobody
need listen.
"""
import select
import socket
import sys
import time

total, address, ports = int(sys.argv[1]), sys.argv[2], [int(port) for port in sys.argv[3:]]
sink = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in ports]
for one, port in zip(sink, ports):
    one.bind((address, port))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("going", flush=True)
told = False
for number in range(total):
    for port in ports:
        sender.sendto(b"x" * (1 + number % 1000), (address, port))
    if not told and number > total // 2:
        print("half, and nobody has told me to go on", flush=True)
        break
    told = told or bool(select.select([sys.stdin], [], [], 0.005)[0])
    if told:
        time.sleep(0.0002)
print("ok", flush=True)
sys.exit(0 if told else 1)
