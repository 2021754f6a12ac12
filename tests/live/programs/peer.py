#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does with sockets what it is told on standard input, one command a line, and
says `ok` behind each:

  udp ADDRESS PORT        bind udp ADDRESS PORT   a UDP socket, connected or bound
  connect ADDRESS PORT [FROM[/PORT]]   listen ADDRESS PORT   accept
  send TEXT               receive TEXT            what comes must be TEXT
  sendmsg TEXT            write TEXT              as `send`, by these calls
  reply TEXT              to whom the last datagram came from
  sendfile TEXT           splice TEXT             out of a file, out of a pipe
  uring TEXT              uring_worker TEXT       by io_uring, and on its own thread
  raw PROTOCOL ADDRESS [FROM]   a raw socket, connected
  offer PATH              take                    a Unix socket, and what is given on it
  give PATH               hands the current socket to who has offered
  close                   abort                   the current socket; abort sends RST
  shut                    no more to send
  exec PROGRAM            becomes another program, with the socket; PROGRAM is a link to this
  fork                    makes a child, the next of 0, 1, …
  thread NAME COMMAND…    the command, on a thread of that name
  NUMBER COMMAND…         the command, in that child
"""
import ctypes
import os
import socket
import struct
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import uring

current, listener, sender, taking, children = None, None, None, None, []


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def obey(words):
    global current, listener, sender, taking
    verb, rest = words[0], words[1:]
    if verb.isdigit():
        into, out = children[int(verb)]
        os.write(into, " ".join(rest).encode() + b"\n")
        if os.read(out, 3) != b"ok\n":
            sys.exit(1)
    elif verb == "udp":
        current = socket.socket(family(rest[0]), socket.SOCK_DGRAM)
        current.connect((rest[0], int(rest[1])))
    elif verb == "bind":
        current = socket.socket(family(rest[1]), socket.SOCK_DGRAM)
        current.bind((rest[1], int(rest[2])))
    elif verb == "connect":
        current = socket.socket(family(rest[0]), socket.SOCK_STREAM)
        if len(rest) > 2:
            address, _, port = rest[2].partition("/")
            current.bind((address, int(port or 0)))
        current.connect((rest[0], int(rest[1])))
    elif verb == "listen":
        listener = socket.socket(family(rest[0]), socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((rest[0], int(rest[1])))
        listener.listen()
    elif verb == "accept":
        current, _ = listener.accept()
    elif verb == "send":
        current.sendall(" ".join(rest).encode())
    elif verb == "sendmsg":
        current.sendmsg([" ".join(rest).encode()])
    elif verb == "write":
        os.write(current.fileno(), " ".join(rest).encode())
    elif verb == "receive":
        text, sender = current.recvfrom(4096)
        if text.decode() != " ".join(rest):
            sys.exit(f"received {text}")
    elif verb == "reply":
        current.sendto(" ".join(rest).encode(), sender)
    elif verb == "sendfile":
        with tempfile.TemporaryFile() as file:
            file.write(" ".join(rest).encode())
            file.flush()
            os.sendfile(current.fileno(), file.fileno(), 0, file.tell())
    elif verb == "splice":
        text = " ".join(rest).encode()
        out, into = os.pipe()
        os.write(into, text)
        os.splice(out, current.fileno(), len(text))
    elif verb in ("uring", "uring_worker"):
        uring.send(current.fileno(), " ".join(rest), verb == "uring_worker")
    elif verb == "raw":
        current = socket.socket(family(rest[1]), socket.SOCK_RAW, int(rest[0]))
        if len(rest) > 2:
            current.bind((rest[2], 0))
        current.connect((rest[1], 0))
    elif verb == "give":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            way.connect(rest[0])
            socket.send_fds(way, [b"x"], [current.fileno()])
        current.close()
    elif verb == "offer":
        taking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        taking.bind(rest[0])
        taking.listen()
    elif verb == "take":
        way, _ = taking.accept()
        with way:
            current = socket.socket(fileno=socket.recv_fds(way, 1, 1)[1][0])
    elif verb == "abort":
        current.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        current.close()
    elif verb == "shut":
        current.shutdown(socket.SHUT_WR)
    elif verb == "exec":
        os.set_inheritable(current.fileno(), True)
        os.execv(rest[0], [rest[0], str(current.fileno())])
    elif verb == "close":
        current.close()
    elif verb == "thread":
        def work():
            ctypes.CDLL(None).prctl(15, rest[0].encode(), 0, 0, 0)  # PR_SET_NAME
            obey(rest[1:])
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    elif verb == "fork":
        into_read, into_write = os.pipe()
        out_read, out_write = os.pipe()
        if os.fork() == 0:
            os.dup2(into_read, 0)
            os.dup2(out_write, 1)
            serve()
            os._exit(0)
        os.close(into_read)
        os.close(out_write)
        children.append((into_write, out_read))
    else:
        sys.exit(f"unknown command {verb}")


def serve():
    text = b""
    while True:
        got = os.read(0, 4096)
        if not got:
            return
        text += got
        while b"\n" in text:
            line, text = text.split(b"\n", 1)
            obey(line.decode().split(" "))
            os.write(1, b"ok\n")


if len(sys.argv) > 1:  # from `exec`
    current = socket.socket(fileno=int(sys.argv[1]))
    os.write(1, b"ok\n")
serve()
