#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""load.py ADDRESS SECONDS: processes that live for a few requests, at a rate that changes every
ten seconds. Each asks nginx (port 80) or dnsmasq (port 53, UDP and TCP) of ADDRESS, from ports
of its own, which are told on standard output right before: `open PORT PID NAME`. The last
line is `asked HTTP DNS`. The server's first answer is waited for, so nothing is asked twice."""
import ctypes
import os
import socket
import struct
import sys
import time

# Ports come again only after minutes, when nothing of the last connection is left.
FIRST_PORT, PORTS, EACH = 30000, 30000, 8
CLIENTS_PER_SECOND = [10, 60, 3, 30, 120, 1]
libc = ctypes.CDLL(None)


def tell(*words):
    """In one write: all clients share the pipe."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def dns_query(number):
    name = b"".join(bytes([len(part)]) + part
                    for part in (f"n{number}".encode(), b"example", b"test"))
    return struct.pack(">6H", number & 0xffff, 0x0100, 1, 0, 0, 0) + name + b"\0\0\1\0\1"


def ask_http(address, port, who):
    with socket.socket() as own:
        own.bind((address, port))
        tell("open", port, who)
        own.connect((address, 80))
        own.sendall(b"GET /%d HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n" % port)
        while own.recv(4096):
            pass


def ask_dns(address, port, who):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind((address, port))
        tell("open", port, who)
        own.sendto(dns_query(port), (address, 53))
        own.settimeout(20)
        own.recv(4096)


def ask_dns_tcp(address, port, who):
    with socket.socket() as own:
        own.bind((address, port))
        tell("open", port, who)
        own.connect((address, 53))
        query = dns_query(port)
        own.sendall(struct.pack(">H", len(query)) + query)
        own.settimeout(20)
        own.recv(4096)


ASK = [ask_http, ask_dns, ask_http, ask_dns_tcp]


def client(address, number):
    name = f"soak{number % 100000}"
    libc.prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME
    who = f"{os.getpid()} {name}"
    for i in range(EACH):
        ASK[i % 4](address, FIRST_PORT + (number * EACH + i) % PORTS, who)


def main():
    address, seconds = sys.argv[1], float(sys.argv[2])
    begin = time.monotonic()
    number, failed = 0, 0
    children = set()
    while (now := time.monotonic()) < begin + seconds:
        rate = CLIENTS_PER_SECOND[int((now - begin) / 10) % len(CLIENTS_PER_SECOND)]
        pid = os.fork()
        if pid == 0:
            try:
                client(address, number)
            except OSError as error:
                print(f"load: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        children.add(pid)
        number += 1
        while len(children) > 20 or (children and rate < 50):
            pid, status = os.wait()
            children.discard(pid)
            failed += status != 0
        time.sleep(1 / rate)
    for _ in children:
        failed += os.wait()[1] != 0
    if failed:
        sys.exit(f"load: {failed} of {number} clients failed")
    tell("asked", number * EACH // 2, number * EACH // 2)


main()
