# SPDX-License-Identifier: Apache-2.0
"""completion.py TRACEE DOCS: what a tab key gives in bash, zsh and fish.

bash and zsh run on a terminal of their own and are typed at; fish has a command for it."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TRACEE, DOCS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
COMPLETE = os.path.join(DOCS, "complete")
SECONDS = 60
# What is typed, and what the line becomes or what is offered.
SHARED = [
    ("tracee --pcap-f", "tracee --pcap-filter"),
    ("tracee --events net_packet_icmpv", "tracee --events net_packet_icmpv6"),
    ("tracee -e net_packet_tcp,net_packet_ud", "tracee -e net_packet_tcp,net_packet_udp"),
    ("tracee --events net_packet_tcp.data.dst_p",
     "tracee --events net_packet_tcp.data.dst_port"),
    ("tracee --events net_packet_dns.data.proto_dns.answers.MX.pref",
     "tracee --events net_packet_dns.data.proto_dns.answers.MX.preference"),
    ("tracee --events net_packet_tcp.scope.podNames",
     "tracee --events net_packet_tcp.scope.podNamespace"),
    ("tracee --events tag=network_e", "tracee --events tag=network_events"),
    ("tracee --output option:ext", "tracee --output option:extended"),
    ("tracee --scope execu", "tracee --scope executable"),
    ("tracee expl", "tracee explain"),
    ("tracee explain net_packet_icmpv", "tracee explain net_packet_icmpv6"),
    ("tracee docs --format comp", "tracee docs --format complete"),
    ("tracee detectors li", "tracee detectors list"),
    ("tracee detectors list capt", "tracee detectors list captured.pcap"),
    ("tracee --attribution trace", "tracee --attribution tracepoint"),
    ("tracee --output web", "tracee --output webhook"),
]


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, *command, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="dumb", HOME=folder, LC_ALL="C.UTF-8", PS1="> ")
            os.execvp(command[0], command)
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def await_(self, pattern):
        """Reads on until the pattern has come; gives the match."""
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Completion(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tracee-completion-")
        self.addCleanup(shutil.rmtree, self.folder)
        with open(os.path.join(self.folder, "captured.pcap"), "wb"):
            pass

    def test_bash(self):
        terminal = Terminal("bash", "--norc", "--noprofile", "-i", folder=self.folder)
        terminal.type(f"source {COMPLETE}/bash/tracee; bind 'set enable-bracketed-paste off';"
                      " echo ready-$((1+1))\n")
        terminal.await_("ready-2")
        self.lines(terminal, [*SHARED, ("tracee --input capt", "tracee --input captured.pcap"),
                              ("tracee --output json:capt", "tracee --output json:captured.pcap"),
                              ("tracee --output=js", "tracee --output=json"),
                              ("tracee --events 'net_packet_tcp.data.dst_p",
                               "tracee --events 'net_packet_tcp.data.dst_port")])

    def test_zsh(self):
        terminal = Terminal("zsh", "-f", "-i", folder=self.folder)
        terminal.type(f"fpath=({COMPLETE}/zsh $fpath); autoload -Uz compinit; compinit -u -D; "
                      "unsetopt zle_bracketed_paste; setopt no_beep; echo ready-$((1+1))\n")
        terminal.await_("ready-2")
        self.lines(terminal, [*SHARED, ("tracee --input capt", "tracee --input captured.pcap")])

    def lines(self, terminal, cases):
        """A line is completed, then given to `echo` by Enter; what echo prints is the line."""
        self.addCleanup(terminal.close)
        terminal.type("tracee() { printf 'got<%s>' \"tracee $*\"; echo; }\n")
        for line, becomes in cases:
            with self.subTest(line=line):
                terminal.type(f"{line}\t\n")  # an open quote is closed by the tab
                got = terminal.await_(r"got<([^>%]+)>")[1]
                self.assertEqual(got.rstrip(), becomes.replace("'", ""))

    def test_bash_values(self):
        """All that is offered, by calling the function as bash does."""
        for line, offered in (("tracee --events net_packet_tcp.data.proto_tcp.SYN=", {"0", "1"}),
                              ("tracee --output ", {"json", "table", "none"}),
                              ("tracee explain net_packet_http_", {
                                  "net_packet_http_request", "net_packet_http_response"})):
            script = (f"source {COMPLETE}/bash/tracee; COMP_LINE='{line}'; "
                      "COMP_POINT=${#COMP_LINE}; _tracee; printf '%s\\n' \"${COMPREPLY[@]}\"")
            done = subprocess.run(["bash", "--norc", "-c", script], stdout=subprocess.PIPE,
                                  text=True, check=True)
            self.assertLessEqual(offered, set(done.stdout.split()), line)
            self.assertNotIn("", done.stdout.splitlines(), line)

    def test_bash_offers_nothing_where_nothing_is_known(self):
        for line in ("tracee --events nonesuch", "tracee --filter x", "tracee list x"):
            script = (f"source {COMPLETE}/bash/tracee; COMP_LINE='{line}'; "
                      "COMP_POINT=${#COMP_LINE}; _tracee; echo ${#COMPREPLY[@]}")
            done = subprocess.run(["bash", "--norc", "-c", script], stdout=subprocess.PIPE,
                                  text=True, check=True)
            self.assertEqual(done.stdout, "0\n", line)

    def test_shellcheck(self):
        subprocess.run(["shellcheck", f"{COMPLETE}/bash/tracee"], check=True)

    def test_fish(self):
        for line, becomes in SHARED:
            word = becomes.split()[-1]
            done = subprocess.run(
                ["fish", "--no-config", "-c",
                 f"source {COMPLETE}/fish/tracee.fish; complete -C '{line}'"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                cwd=self.folder, env={**os.environ, "HOME": self.folder})
            offered = [each.split("\t")[0] for each in done.stdout.splitlines()]
            self.assertIn(word, offered, (line, done.stderr))

    def test_every_event_and_option_is_there(self):
        listed = subprocess.run([TRACEE, "list"], stdout=subprocess.PIPE, text=True,
                                check=True).stdout
        usage = subprocess.run([TRACEE, "--help"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        words = [line.split()[1] for line in listed.splitlines() if re.match(r"\d+ ", line)]
        words += [name.lstrip("-") for name in re.findall(r"^ +(?:-\w,)?(--[\w-]+)", usage, re.M)]
        self.assertGreater(len(words), 20)
        for path in ("bash/tracee", "zsh/_tracee", "fish/tracee.fish"):
            with open(os.path.join(COMPLETE, path), encoding="utf-8") as file:
                text = file.read()
            for word in words:
                self.assertRegex(text, rf"(?<![\w]){word}\b", path)


unittest.main(argv=sys.argv[:1])
