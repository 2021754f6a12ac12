#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""http_typist.py ADDRESS PORT one|all: one request, a segment a byte, as somebody
types it; or three at once in one segment. Prints what comes back."""
import socket
import sys
import time

address, port, how = sys.argv[1:]
with socket.create_connection((address, int(port))) as server:
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if how == "one":
        for byte in b"FROB /typed HTTP/1.1\r\nHost: x\r\n\r\n":
            server.send(bytes([byte]))
            time.sleep(0.005)
        last = b"/typed"
    else:
        server.sendall(b"GET /first HTTP/1.1\r\n\r\nPOST /second HTTP/1.1\r\nContent-Length: 5"
                       b"\r\n\r\nGET /GET /third HTTP/1.1\r\n\r\n")
        last = b"/third"
    got = b""
    while last + b" GET" not in got:
        got += server.recv(65536)
    print(got.decode())
