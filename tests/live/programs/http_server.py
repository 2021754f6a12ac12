#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server that answers each request with its path, on port 80 of every
address: chunked for /chunked, without a body for HEAD, else with a length."""
import re
import socket


def answer(method, path):
    body = f"{path} GET /not HTTP/1.1\r\n\r\n" if path != "/big" else "length=0"
    head = f"HTTP/1.1 200 OK\r\nX-Path: {path}\r\n"
    if path == "/chunked":
        chunks = [f"{len(part):x};ext=1\r\n{part}\r\n" for part in (body, body, "tail")]
        return [head + "Transfer-Encoding: chunked\r\n\r\n", *chunks, "0\r\nTrailer: x\r\n\r\n"]
    if method == "HEAD":
        return [head + "Content-Length: 1000\r\n\r\n"]
    return [head + f"Content-Length: {len(body)}\r\n\r\n{body}"]


def serve(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = b""
    while True:
        got = client.recv(65536)
        if not got:
            return
        waiting += got
        while b"\r\n\r\n" in waiting:
            head, rest = waiting.split(b"\r\n\r\n", 1)
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                break
            waiting = rest[size:]
            method, path = head.decode().split(" ")[:2]
            for part in answer(method, path):
                client.sendall(part.encode())


def main():
    server = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        client, _ = server.accept()
        with client:
            serve(client)


main()
