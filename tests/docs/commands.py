# SPDX-License-Identifier: Apache-2.0
"""commands.py TRACEE ROOT: runs every command of README.md and docs/.

A command is a line of a ```sh block, a line behind `# ` or `$ ` of a ```console block, or
an indented line that begins with `tracee`. It has to end with status 0. A folder of its own
holds the files that the documents speak of; tracing stops after a moment by itself. Commands
that cannot run here stand in a block behind a line `<!-- not run: REASON -->`, and are listed.
Without root those that trace are checked with --explain only."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

TRACEE, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SECONDS = 90
MARK = re.compile(r"<!-- not run: (.+?) -->")
# By what they begin with.
NOT_HERE = {"./dev": "the front door; CI runs it", "tracee top": "needs a terminal; cli.top runs it in one"}
# Stands for tracee in the commands: what would trace for ever is given an end.
WRAPPER = """#!/bin/sh
for word in "$@"; do
	case "$word" in
	list | explain | check | docs | filter | detectors | top | report | bench | \\
	--version | --help | -h | --input* | -r | --duration* | --explain) exec "$REAL" "$@" ;;
	--) break ;;
	esac
done
exec "$REAL" $STOP "$@"
"""
DETECTOR = """\
type: detector
id: port
produced_event: {name: some_port, version: 1.0.0, description: A port is used}
requirements: {events: [{name: net_packet_udp}]}
threat: {description: Nothing, severity: high}
conditions: [data.dst_port == 9999]
"""


class Command:
    def __init__(self, path, line, text, reason):
        self.place, self.text, self.reason = f"{path}:{line}", text, reason


def commands(path):
    """The commands of a document, in order."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        lines = file.read().split("\n")
    block, reason, begun, start = None, None, "", 0
    for number, line in enumerate(lines, 1):
        mark = MARK.search(line)
        if mark:
            reason = mark[1]
            continue
        fence = re.match(r"\s*```(\w*)", line)
        if fence:
            if block is None:
                block = fence[1] or "text"
            else:
                block, reason = None, None
            continue
        if block is None:
            if re.match(r"    tracee( |$)", line):
                yield Command(path, number, line.strip(), reason)
            elif line.strip():
                reason = None
            continue
        text = line
        if block == "console" and not begun:
            prompt = re.match(r"[#$] (.*)", line)
            if not prompt:
                continue
            text = prompt[1]
        if block not in ("sh", "console") or not text.strip() or (not begun and
                                                                  text.lstrip().startswith("#")):
            continue
        start = start if begun else number
        begun += text + "\n"
        # A command goes on while a quote, a backslash or a here-document is open.
        if block == "console" and not text.endswith("\\") or whole(begun):
            yield Command(path, start, begun.strip(), reason)
            begun = ""
    assert not begun, f"{path}:{start}: a command without an end"


def whole(text):
    return not text.rstrip("\n").endswith("\\") and \
        subprocess.run(["sh", "-n"], input=text, text=True, stderr=subprocess.PIPE,
                       check=False).returncode == 0


def write_shown_files(path, folder):
    """A ```yaml block that begins with `# NAME.yaml` is that file."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        for block in re.findall(r"(?ms)^```yaml\n(.*?)^```", file.read()):
            named = re.match(r"# ([\w-]+\.yaml)\n", block)
            if named:
                with open(os.path.join(folder, named[1]), "w", encoding="utf-8") as shown:
                    shown.write(block)


def lay_out(folder):
    """The files that documents name."""
    captures = os.path.join(ROOT, "tests/captures")
    for name, source in (("capture.pcap", "dns.pcap"), ("file.pcap", "dns.pcap"),
                         ("capture.pcapng", "mixed.pcapng"), ("trace.pcapng", "mixed.pcapng")):
        shutil.copy(os.path.join(captures, source), os.path.join(folder, name))
    os.mkdir(os.path.join(folder, "build"))
    os.symlink(os.path.join(os.path.dirname(TRACEE), "detectors"),
               os.path.join(folder, "build/detectors"))
    os.symlink("build/detectors/e2e", os.path.join(folder, "plugins"))
    os.mkdir(os.path.join(folder, "mine"))
    with open(os.path.join(folder, "mine/port.yaml"), "w", encoding="ascii") as file:
        file.write(DETECTOR)
    shutil.copy(os.path.join(ROOT, "packaging/tracee.yaml"), folder)
    with open(os.path.join(folder, "tracee.yaml"), encoding="utf-8") as file:
        text = file.read().replace("/var/log/tracee/", folder + "/")
    with open(os.path.join(folder, "tracee.yaml"), "w", encoding="utf-8") as file:
        file.write(text)
    for name in ("examples", "detectors", "docs", "deploy", "packaging", "README.md", "tests"):
        if os.path.exists(os.path.join(ROOT, name)):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
    shutil.copytree(os.path.join(ROOT, "examples/policies"), os.path.join(folder, "policies"))
    rules = os.path.join(ROOT, "detectors/rules")
    shutil.copy(os.path.join(folder, "mine/port.yaml"), os.path.join(folder, "rule.yaml"))
    for name, source in (("a.pcap", "captures/port_scan.pcap"),
                         ("office.pcap", "captures/dns_resolver_bypass.pcap")):
        shutil.copy(os.path.join(rules, source), os.path.join(folder, name))
    bin_folder = os.path.join(folder, ".bin")
    os.mkdir(bin_folder)
    with open(os.path.join(bin_folder, "tracee"), "w", encoding="ascii") as file:
        file.write(WRAPPER)
    os.chmod(file.name, 0o755)
    # The world outside is not here; what is shown of curl is that it is traced.
    with open(os.path.join(bin_folder, "curl"), "w", encoding="ascii") as file:
        file.write("#!/bin/bash\necho hello >/dev/udp/127.0.0.1/9\n")
    os.chmod(file.name, 0o755)
    return bin_folder


def main():
    paths = ["README.md", *sorted(os.path.relpath(path, ROOT)
                                  for path in glob.glob(os.path.join(ROOT, "docs/*.md")))]
    all_commands = [command for path in paths for command in commands(path)]
    for each in all_commands:
        for start, reason in NOT_HERE.items():
            if each.text.startswith(start):
                each.reason = reason
    left_out = [each for each in all_commands if each.reason]
    failed, ran = [], 0
    folder = tempfile.mkdtemp(prefix="tracee-commands-")
    try:
        path = lay_out(folder)
        for each in paths:
            write_shown_files(each, folder)
        environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}", "REAL": TRACEE,
                       "NO_COLOR": "1",
                       "STOP": "--duration 100ms" if os.geteuid() == 0 else "--explain"}
        for each in all_commands:
            if each in left_out:
                continue
            ran += 1
            print(f"{each.place}: {each.text}", flush=True)
            try:
                done = subprocess.run(["sh", "-c", each.text], cwd=folder, env=environment,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=SECONDS, check=False)
            except subprocess.TimeoutExpired:
                failed.append(f"{each.place}: {each.text}\n    not done after {SECONDS} seconds")
                continue
            said = done.stderr.decode(errors="replace")
            lacks = done.returncode == 3 and os.geteuid() != 0
            if done.returncode != 0 and not lacks:
                failed.append(f"{each.place}: {each.text}\n    status {done.returncode}: {said}")
    finally:
        shutil.rmtree(folder)
    for each in left_out:
        print(f"not run: {each.place}: {each.text} ({each.reason})")
    for text in failed:
        print(text)
    print(f"{ran} commands ran, {len(failed)} failed, {len(left_out)} left out")
    sys.exit(1 if failed or ran < 20 else 0)


main()
