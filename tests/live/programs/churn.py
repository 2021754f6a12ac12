#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""churn.py CONNECTIONS ADDRESS LOG: so many TCP connections over ADDRESS:7000 by processes that
live for four of them and die. Four workers, forked beforehand, share the listener.
Process ids are used again at once (ns_last_pid). LOG gets a line for each
connection from each end: `client|worker PORT PID START NAME TIME`, where PORT is
the client's, START in clock ticks, TIME of connect or after accept (CLOCK_BOOTTIME);
and `closing …`, right before the worker closes."""
import ctypes
import os
import signal
import socket
import struct
import sys
import time

PORT, FIRST_PORT, WORKERS, EACH, AT_ONCE = 7000, 20000, 4, 4, 3
libc = ctypes.CDLL(None, use_errno=True)
connections, address, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def become(name):
    """Returns what stands in the log for this process."""
    libc.prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME
    with open("/proc/self/stat", encoding="ascii") as file:
        start = file.read().rpartition(")")[2].split()[19]
    return f"{os.getpid()} {start} {name}"


def write(end, port, who):
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    os.write(log, f"{end} {port} {who} {now}\n".encode())


def reset(fd):
    fd.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def work(listener, number):
    """Half of the workers do not ask who the peer is."""
    who = become(f"worker{number}")
    while True:
        if number % 2:
            taken = socket.socket(fileno=libc.accept(listener.fileno(), None, None))
            port = taken.getpeername()[1]
        else:
            taken, (_, port) = listener.accept()
        write("worker", port, who)
        kind = port % 5
        with taken:
            try:
                if kind == 0:
                    taken.send(b"first")   # speaks before it is asked
                if kind != 4:              # 4: closes at once
                    while taken.recv(100):
                        if kind == 1:
                            break          # closes first
                        taken.send(b"answer")
            except ConnectionError:
                pass                       # 3: the client resets
            write("closing", port, who)


def connect(port, who):
    with socket.socket() as own:
        own.bind((address, port))
        write("client", port, who)
        own.connect((address, PORT))
        kind = port % 5
        try:
            own.send(b"question")
            own.recv(100)
            if kind == 3:
                reset(own)
        except ConnectionError:
            pass


def main():
    listener = socket.create_server((address, PORT), backlog=1024)
    become("churn.py")
    workers = []
    for number in range(WORKERS):
        pid = os.fork()
        if pid == 0:
            work(listener, number)
        workers.append(pid)
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last_pid:
        running = 0
        for first in range(0, connections, EACH):
            if running == AT_ONCE:
                os.wait()
                running -= 1
            last_pid.seek(0)
            last_pid.write(str(os.getpid()))
            last_pid.flush()
            if os.fork() == 0:
                who = become(f"client{first}")
                for port in range(first, min(first + EACH, connections)):
                    connect(FIRST_PORT + port, who)
                os._exit(0)
            running += 1
        for _ in range(running):
            os.wait()
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


main()
