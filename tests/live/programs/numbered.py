#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends numbered datagrams to ADDRESS, in turn to two ports, until its input ends.

numbered.py ADDRESS PORT PORT: the length of datagram N is 1 + N % 1000; prints how many were
sent to each.
"""
import select
import socket
import sys

address, ports = sys.argv[1], [int(port) for port in sys.argv[2:4]]
sink = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in ports]
for one, port in zip(sink, ports):
    one.bind((address, port))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sent = 0
print("going", flush=True)
while not select.select([sys.stdin], [], [], 0.0005)[0]:
    for port in ports:
        sender.sendto(b"x" * (1 + sent % 1000), (address, port))
    sent += 1
print(f"sent {sent}", flush=True)
