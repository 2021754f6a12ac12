#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tracee top on a real terminal, which tmux is, fed from a capture file."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TRACEE = os.environ["TRACEE"]
CAPTURE = os.path.join(HERE, "..", "captures", "http.pcap")


class Terminal:
    """One program in a tmux of its own."""

    def __init__(self, command, width=80, height=24):
        self.folder = tempfile.mkdtemp(prefix="tracee-top-")
        self.socket = os.path.join(self.folder, "tmux")
        self.tmux("new-session", "-d", "-s", "top", "-x", str(width), "-y", str(height),
                  f"LC_ALL=C.UTF-8 {command} 2>&1; echo status $?; cat")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-u", "-f", "/dev/null", "-S", self.socket, *arguments],
                              stdout=subprocess.PIPE, text=True, check=True).stdout

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "top", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", "top").split("\n")[:-1]

    def await_text(self, text, seconds=60):
        """The screen once it shows the text."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            lines = self.screen()
            if any(text in line for line in lines):
                return lines
            time.sleep(0.05)
        raise AssertionError(f"'{text}' does not come; the screen is:\n" + "\n".join(lines))

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False)
        shutil.rmtree(self.folder)


def check(condition, what, lines):
    if not condition:
        raise AssertionError(f"{what}; the screen is:\n" + "\n".join(lines))


def use():
    terminal = Terminal(f"'{TRACEE}' top --input '{CAPTURE}'")
    try:
        lines = terminal.await_text("Processes")
        check(len(lines) == 24 and max(map(len, lines)) <= 80, "80 by 24 are filled", lines)
        check("http.pcap" in lines[0], "the title names the file", lines)
        terminal.keys("2")
        lines = terminal.await_text("REMOTE")
        check(any("198.51.100.2:80" in line for line in lines), "connections are listed", lines)
        check("…" not in "".join(line for line in lines[3:] if "192.0.2.2" in line),
              "IPv4 ends are whole at 80 columns", lines)
        terminal.keys("Enter")
        lines = terminal.await_text("EVENT")
        check(any("SYN" in line for line in lines), "the connection's events are listed", lines)
        terminal.keys("Escape", "4")
        terminal.await_text("PER S")
        terminal.keys("/")
        terminal.keys("-l", "data.dst_prt == 80")
        terminal.keys("Enter")
        terminal.await_text("did you mean 'dst_port'?")
        terminal.keys(*["BSpace"] * 20)
        terminal.keys("-l", "data.dst_port == 443")
        terminal.keys("Enter")
        terminal.await_text("nothing seen yet")
        terminal.tmux("resize-window", "-t", "top", "-x", "120", "-y", "30")
        terminal.keys("5")
        limit = time.monotonic() + 60
        while len(terminal.screen()[0].rstrip()) == 0 or len(terminal.screen()) != 30:
            check(time.monotonic() < limit, "it follows the new size", terminal.screen())
            time.sleep(0.05)
        terminal.keys("q")
        terminal.await_text("status 0")
    finally:
        terminal.end()


def refuse():
    done = subprocess.run([TRACEE, "top", "--input", CAPTURE], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2, done
    assert done.stdout == "" and "not a terminal" in done.stderr, done
    terminal = Terminal(f"TERM=nonsense '{TRACEE}' top --input '{CAPTURE}'")
    try:
        terminal.await_text("cannot draw on a terminal of the type 'nonsense'")
        terminal.await_text("status 2")
    finally:
        terminal.end()


if shutil.which("tmux") is None:
    print("skipped: tmux is not installed")
    sys.exit(77)
use()
refuse()
print("tracee top: holds")
