#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one live case: run.py --tracee TRACEE CASE.live

A case is a list of statements, one a line; a line that begins with a blank
continues the one above, `#` begins a comment. They are carried out in order.

  GIVEN netns NAME ADDRESS/BITS… [-- NAME ADDRESS/BITS…]
      One network namespace (the addresses are on `lo`), or two with a cable
      between. Packets from or to these addresses are the case's packets; of
      all others on this host nothing is expected.
  NEED io_uring                      } else the case is skipped
  NEED attribution BACK_END…         }
  NEED linux before VERSION          }
  START NAME [OPTIONS]: COMMAND      begins to run, and is ended with the case
  RUN NAME [OPTIONS]: COMMAND        runs to its end, with exit status 0
      in NETNS            where it runs; without: the host's network
      as UID              as that user, without any privilege
      boxed               in process, mount and UTS namespaces of its own
      sends TEXT          its standard input; a started one has an open pipe
      exits STATUS        RUN: this exit status
      threads PATTERN     it may have further threads of such names
      becomes NAME        it takes that name later, by exec
      listening TCP:PORT  START: go on when it does; tcp, tcp6, udp or udp6
      prints TEXT         START: go on when it has; RUN: must have
  TELL NAME: TEXT         a line for its standard input; go on when it says `ok`
  SAY NAME: TEXT          the same without the `ok`
  FINISH NAME…            closes their standard inputs and waits for their ends
  GONE NAME               go on when it has ended
  AWAIT NAME: TEXT        go on when it has printed TEXT
  CHILDREN NAME: NAME…    names for all the children of a process
  TRACE [NAME] [OPTIONS]: ARGUMENTS
      Starts tracee with these arguments (and `--output json` when there is no
      --output) and goes on when it traces. Several may run: what is expected is
      expected of each.
      as UID · without cgroup2|btf   as that user; where these are not visible
      exits STATUS        it must end with this before it traces
      into COMMAND        its output goes to a pipe; the command's is looked at
  SIGNAL NAME: STOP       a signal for one process
  END [SIGNAL] [NAME]     ends every tracee, or one, with SIGTERM or that, and waits; the exit
                          status must be 0 (but for SIGKILL)
  EXPECT EVENT [of NAME,…] [by TRACER]: PATH=VALUE PATH!=VALUE…
      Some event is like that; waits for it while tracee runs. EVENT and VALUE
      may hold `*`; the owner `nobody` is the kernel; PATH is dotted and begins
      in the arguments or, failing that, in the envelope; through lists it means
      any element.
  EXPECT NOT EVENT …      no event is like that   } these END
  EXPECT N EVENT …        exactly N are           } the tracees
  EXPECT OWNERS           the owner of every packet of the case is a process of  } first
                          the case, all its fields are those of /proc, or nobody }
  EXPECT ORDER EVENT EVENT…: CONDITIONS   the events of one packet, of which one meets these
  EXPECT SAME ONE OTHER   both tell the same of the case, and fewer packets came up to ONE
  EXPECT CHURN N          each event of the N connections of churn.py has the right owner
  EXPECT ACCOUNT [lost]   the counters add up; with lost: something was lost and told
  EXPECT LINES N          on standard output
  EXPECT EXIT STATUS      tracee ends by itself
  EXPECT STDERR TEXT      it has said that
  EXPECT DETACHED         nothing of it is left in the kernel

$DIR is this folder, $TMP an own one, $TRACEE the program, $BUILD its folder, $NAME.pid a
process id, $CONNECTIONS 10000 or what TRACEE_CONNECTIONS says. Exit status: 0 the
case holds, 1 it does not, 77 the machine lacks something, which is said.
"""
import argparse
import ctypes
import errno
import fcntl
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

from churn import Judge
from expect import Condition, addresses, matches, owner_complaints, shown
from process import (Cgroup, Failure, PR_SET_CHILD_SUBREAPER, Process, Skip, await_, boot_epoch_ns,
                     call, children_of, facts, libc, listening, make_netns, read, reap)

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS, MANY = {"boxed"}, {"listening"}


class Tracer:
    """One run of tracee."""

    def __init__(self, process, reader, of_interest):
        """`of_interest`: texts of which one is in every line that matters. The host may be busy
        with other traffic, and lines are parsed at 10 microseconds each."""
        self.process, self.reader = process, reader
        self.path = (reader or process).output_path
        self.pattern = re.compile(b"|".join(re.escape(text.encode()) for text in of_interest))
        self.offset, self.lines, self.kept = 0, 0, []
        self.held = []

    def says(self):
        return read(self.process.error_path)

    def events(self):
        """Those of interest in the whole lines so far."""
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.offset += len(line)
                self.lines += 1
                if self.pattern.search(line):
                    self.kept.append(json.loads(line))
        return self.kept

    def look_at_kernel(self):
        """Notes what it holds in the kernel: (kind, id)."""
        folder = f"/proc/{self.process.pid}/fdinfo"
        for fd in os.listdir(folder):
            for kind, number in re.findall(r"^(prog|link|map)_id:\t(\d+)$", read(f"{folder}/{fd}"),
                                           re.MULTILINE):
                self.held.append((kind, int(number)))

    def still_held(self):
        left = []
        for kind in ("prog", "link", "map"):
            listed = subprocess.run(["bpftool", "-j", kind], stdout=subprocess.PIPE, check=True)
            ids = {each["id"] for each in json.loads(listed.stdout or "[]")}
            left += [held for held in self.held if held[0] == kind and held[1] in ids]
        return left

    def numbers(self, line, pattern):
        found = re.search(rf"^tracee: {line}: {pattern}$", self.says(), re.MULTILINE)
        if not found:
            raise Failure(f"no line `{line}: …` in the account:\n{self.says()}")
        return [int(number) for number in found.groups()]


class Case:
    """Carries out the statements; the methods are named after them."""

    def __init__(self, tracee, always, under, folder):
        self.tracee, self.always, self.folder = os.path.abspath(tracee), always, folder
        self.under = under
        self.boot_epoch_ns = boot_epoch_ns()
        self.cgroup = Cgroup()
        self.spaces, self.processes, self.tracers, self.threads = {}, {}, {}, {}
        self.addresses = set()

    def run(self, statements):
        for number, text in statements:
            keyword = re.match(r"\w*", text)[0]
            step = getattr(self, "do_" + keyword.lower(), None)
            try:
                if step is None:
                    raise SyntaxError(f"unknown statement '{keyword}'")
                step(self.expanded(text[len(keyword):].strip()))
            except (Failure, SyntaxError) as error:
                raise type(error)(f"line {number}: {text}\n{error}") from error

    def expanded(self, text):
        text = text.replace("$DIR", HERE).replace("$TMP", self.folder)
        text = text.replace("$BUILD", os.path.dirname(os.path.abspath(self.tracee)))
        text = text.replace("$CONNECTIONS", os.environ.get("TRACEE_CONNECTIONS", "10000"))
        text = text.replace("$TRACEE", self.tracee)
        return re.sub(r"\$(\w+)\.pid", lambda match: str(self.processes[match[1]].pid), text)

    # --- statements ---

    def do_given(self, text):
        kind, _, rest = text.partition(" ")
        if kind != "netns":
            raise SyntaxError("write GIVEN netns NAME ADDRESS/BITS…")
        ends = [(words[0], words[1:]) for words in (end.split() for end in rest.split(" -- "))]
        for space in make_netns(ends, self.cgroup):
            self.spaces[space.name] = space
        self.addresses |= {each.partition("/")[0] for _, those in ends for each in those}

    def do_need(self, text):
        what, *rest = text.split()
        if what == "io_uring":
            # Without parameters it is a bad address, if it is there and allowed.
            if libc.syscall(425, 1, None) < 0 and ctypes.get_errno() != errno.EFAULT:
                raise Skip(f"needs io_uring: {os.strerror(ctypes.get_errno())}")
        elif what == "attribution":
            done = subprocess.run([self.tracee, *self.always, "check"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            found = re.search(r"attribution +(\w+):", done.stdout)
            if not found:
                raise Failure(f"tracee check says nothing of attribution:\n{done.stdout}")
            if found[1] not in rest:
                raise Skip(f"needs attribution by {' or '.join(rest)}, not {found[1]}")
        elif what == "linux":
            ours, theirs = (tuple(map(int, re.findall(r"\d+", version)[:2]))
                            for version in (platform.release(), rest[1]))
            if ours >= theirs:
                raise Skip(f"needs Linux {text.partition(' ')[2]}")
        else:
            raise SyntaxError(f"cannot say whether there is {what}")

    def start(self, text, keep_input):
        names, options, command = header(text)
        sends = options.get("sends")
        process = Process(names[0], shlex.split(command), cgroup=self.cgroup,
                          net=self.spaces[options["in"]] if "in" in options else None,
                          uid=int(options["as"]) if "as" in options else None,
                          boxed="boxed" in options,
                          stdin=sends.encode() if sends else None if keep_input else b"")
        self.processes[process.name] = process
        if "threads" in options:
            self.threads[process.pid] = options["threads"]
        if "becomes" in options:
            process.facts["laterName"] = options["becomes"]
        return process, options

    def do_start(self, text):
        process, options = self.start(text, keep_input=True)
        for place in options.get("listening", []):
            await_(f"{process.name} on {place}", lambda: listening(process, place),
                   alive=lambda: not process.ended())
        if "prints" in options:
            self.do_await(f"{process.name}: {options['prints']}")

    def do_run(self, text):
        process, options = self.start(text, keep_input=False)
        status, wanted = process.wait(), int(options.get("exits", 0))
        if status != wanted:
            raise Failure(f"exit status {status}, not {wanted}:\n{process.output()}")
        if options.get("prints", "") not in process.output():
            raise Failure(f"it has printed:\n{process.output()}")

    def do_tell(self, text):
        name, _, line = text.partition(": ")
        process = self.processes[name]
        said = process.output().count("ok\n")
        process.tell(line)
        self.await_output(process, "its ok", lambda: process.output().count("ok\n") > said)

    def do_say(self, text):
        name, _, line = text.partition(": ")
        self.processes[name].tell(line)

    def do_finish(self, text):
        for name in text.split():
            os.close(self.processes[name].stdin)
        for name in text.split():
            self.processes[name].wait()

    def do_gone(self, text):
        self.processes[text].wait()

    def do_await(self, text):
        name, _, wanted = text.partition(": ")
        process = self.processes[name]
        self.await_output(process, f"'{wanted}'", lambda: wanted in process.output())

    @staticmethod
    def await_output(process, what, condition):
        try:
            await_(what, condition, alive=lambda: not process.ended())
        except Failure as error:
            raise Failure(f"{error}; {process.name} has printed:\n{process.output()}") from error

    def do_children(self, text):
        name, _, names = text.partition(": ")
        parent, names = self.processes[name], names.split()
        pids = await_(f"{len(names)} children of {name}",
                      lambda: (lambda pids: pids if len(pids) == len(names) else None)(
                          children_of(parent.pid)))
        for child, pid in zip(names, pids):
            self.processes[child] = Child(pid, facts(pid, read(f"/proc/{pid}/comm").strip(),
                                                     parent.facts["hostName"]))

    def do_trace(self, text):
        names, options, command = header(text)
        name = names[0] if names else "tracee"
        arguments = shlex.split(command)
        if "--output" not in arguments:
            arguments += ["--output", "json"]
        arguments[:0] = self.always
        reader, pipe = None, None
        if "into" in options:
            reader = Process("reader", shlex.split(options["into"]), cgroup=self.cgroup, stdin=None)
            pipe = reader.stdin
        process = Process(name, [*self.under, self.tracee, *arguments], cgroup=self.cgroup, stdout=pipe,
                          uid=int(options["as"]) if "as" in options else None,
                          without=options.get("without"))
        if pipe is not None:
            os.close(pipe)
        tracer = self.tracers[name] = Tracer(
            process, reader, [f'"{address}"' for address in self.addresses] + ['"lost_events"'])
        self.processes[name] = process
        if "exits" in options:
            if process.wait() != int(options["exits"]):
                raise Failure(f"exit status {process.status}:\n{tracer.says()}")
            return
        await_(f"`tracee: tracing`\n{tracer.says()}", lambda: "tracee: tracing" in tracer.says(),
               alive=lambda: not process.ended())
        tracer.look_at_kernel()

    def do_signal(self, text):
        name, _, number = text.partition(": ")
        self.processes[name].kill(getattr(signal, "SIG" + number))

    def do_end(self, text):
        words = text.split()
        number = getattr(signal, words.pop(0)) if text.startswith("SIG") else signal.SIGTERM
        for tracer in [self.tracers[name] for name in words] or self.tracers.values():
            if tracer.process.ended():
                continue
            tracer.process.kill(number)
            status = tracer.process.wait()
            if status != (-number if number == signal.SIGKILL else 0):
                raise Failure(f"tracee's exit status is {status}:\n{tracer.says()}")

    # --- expectations ---

    def do_expect(self, text):
        keyword, _, rest = text.partition(" ")
        judge = getattr(self, "expect_" + keyword.lower(), None) if keyword.isupper() else None
        if keyword == "SAME":
            self.expect_same(*(self.tracers[name] for name in rest.split()))
        elif judge:
            for tracer in self.tracers.values():
                judge(tracer, rest)
        elif keyword.isdigit():
            self.expect_number(rest, int(keyword))
        else:
            self.expect_event(text)

    def wanted(self, text):
        """EVENT [of NAME,…] [by TRACER]: CONDITION… as a test of an event, and whose events."""
        names, options, conditions = header(text)
        pids = None
        if "of" in options:
            pids = {0 if name == "nobody" else self.processes[name].pid
                    for name in options["of"].split(",")}
        conditions = [Condition(each) for each in shlex.split(conditions)]
        tracers = [self.tracers[options["by"]]] if "by" in options else self.tracers.values()
        return tracers, lambda event: (
            matches(event, names[0], pids, conditions)
            and (addresses(event) & self.addresses or not addresses(event)))

    def expect_event(self, text):
        tracers, wanted = self.wanted(text)
        for tracer in tracers:
            try:
                await_("such an event", lambda: any(map(wanted, tracer.events())), seconds=20,
                       alive=lambda: not tracer.process.ended())
            except Failure as error:
                raise Failure(f"{error}; the case's events are:\n{self.listing(tracer)}") from error

    def expect_number(self, text, number):
        self.do_end("")
        tracers, wanted = self.wanted(text)
        for tracer in tracers:
            found = [event for event in tracer.events() if wanted(event)]
            if len(found) != number:
                raise Failure(f"there are {len(found)}; the case's events are:\n"
                              f"{self.listing(tracer)}")

    def expect_not(self, _, text):
        self.expect_number(text, 0)

    def of_case(self, tracer):
        return [event for event in tracer.events() if addresses(event) & self.addresses]

    def listing(self, tracer):
        lines = [shown(event) for event in self.of_case(tracer)]
        known = [f"{name} {process.pid}" for name, process in self.processes.items()]
        return "\n".join(lines[:100] + (["…"] if len(lines) > 100 else []) + [
            "processes: " + ", ".join(known)])

    def expect_owners(self, tracer, _):
        self.do_end("")
        owners = {process.pid: process.facts for process in self.processes.values()}
        events, wrong = self.of_case(tracer), []
        if not events:
            raise Failure("no event of the case at all")
        for event in events:
            complaints = owner_complaints(event, owners, self.threads, self.boot_epoch_ns)
            wrong += [f"{shown(event)}\n  {each}" for each in complaints]
        if wrong:
            raise Failure("\n".join(wrong[:20] + [self.listing(tracer)]))

    def expect_churn(self, tracer, text):
        self.do_end("")
        judge = Judge(f"{self.folder}/churn.log", self.processes["churn"].pid, self.boot_epoch_ns)
        with open(tracer.path, "rb") as file:
            for line in file:
                if tracer.pattern.search(line):
                    judge.look_at(line)
        if judge.wrong:
            raise Failure("\n".join(
                [f"{len(judge.wrong)} of {judge.events} events are wrong"] +
                [f"{shown(event)}\n  {why}" for event, why in judge.wrong[:20]]))
        against = judge.verdict(int(text))
        if tracer.numbers("packets", r"seen \d+, filtered \d+, emitted \d+, lost (\d+) .*") != [0]:
            against = "packets were lost"
        if against:
            raise Failure(f"{against}\n{tracer.says()}")
        print(f"{judge.events} events of {text} connections, {judge.nobody} of them nobody's")

    def expect_order(self, tracer, text):
        names, _, conditions = header(text)
        _, wanted = self.wanted(f"*: {conditions}")

        def found():
            packets = {}
            for event in tracer.events():
                packets.setdefault((event["timestamp"], event["processorId"]), []).append(event)
            return any([event["eventName"] for event in packet] == names
                       for packet in packets.values() if any(map(wanted, packet)))

        try:
            await_("such a packet", found, seconds=20, alive=lambda: not tracer.process.ended())
        except Failure as error:
            raise Failure(f"{error}; the case's events are:\n{self.listing(tracer)}") from error

    def expect_same(self, one, other):
        self.do_end("")
        told = []
        for tracer in (one, other):
            events = [{key: value for key, value in event.items() if key != "timestamp"}
                      for event in self.of_case(tracer)]
            told.append(sorted(json.dumps(event) for event in events))
        if told[0] != told[1]:
            only = [[line for line in told[i] if line not in told[1 - i]] for i in (0, 1)]
            raise Failure("\n".join(f"only by {tracer.process.name}: {line}" for tracer, lines in
                                    zip((one, other), only) for line in lines[:5])
                          or "the same events, but not as often")
        if not told[0]:
            raise Failure("no event of the case at all")
        came_up = [tracer.numbers("decode", r"received (\d+), .*")[0] for tracer in (one, other)]
        if came_up[0] >= came_up[1]:
            raise Failure(f"{came_up[0]} packets came up to the one, {came_up[1]} to the other")

    def expect_account(self, tracer, text):
        self.do_end("")
        number = r"(\d+)"
        seen, filtered, emitted, lost, ring_full, unreadable = tracer.numbers(
            "packets", rf"seen {number}, filtered {number}, emitted {number}, lost {number} "
                       rf"\(ring full {number}, unreadable {number}\)")
        shed, cut = (tracer.numbers("shed", rf"packets {number}, payloads {number}")
                     if "tracee: shed:" in tracer.says() else (0, 0))
        received, *_ = tracer.numbers("decode", rf"received {number}, .*")
        decoded, dropped_here, matched = tracer.numbers(
            "events", rf"decoded {number}, filtered {number}, matched {number}")
        offered, written, dropped = tracer.numbers(
            "output json", rf"matched {number}, written {number}, dropped {number}")
        if "tracee: detectors:" in tracer.says():
            findings, = tracer.numbers("detectors", rf"\d+ on, findings {number}, .*")
            decoded += findings
        events = tracer.events()
        losses = [event for event in events if event["eventName"] == "lost_events"]
        told = sum(argument["value"] for event in losses for argument in event["args"]
                   if argument["name"] == "count")
        laws = {
            "seen = filtered + shed + ring full + unreadable + emitted":
                seen == filtered + shed + ring_full + unreadable + emitted,
            "lost = shed + ring full + unreadable": lost == shed + ring_full + unreadable,
            "emitted = received": emitted == received,
            "decoded = filtered + matched": decoded == dropped_here + matched,
            "matched, and what tells of losses, is offered to the output":
                offered == matched + len(losses),
            "offered = written + dropped": offered == written + dropped,
            "written = lines": written == tracer.lines,
            "lost + cut payloads = the counts of lost_events": told == lost + cut,
            "something was lost": "lost" not in text or lost > 0,
            "something was shed": "shed" not in text or shed > 0,
            "some payload was cut": "cut" not in text or cut > 0,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            raise Failure("broken: " + "; ".join(broken) + "\n" + tracer.says())

    def expect_lines(self, tracer, text):
        tracer.events()
        if tracer.lines != int(text):
            raise Failure(f"there are {tracer.lines}")

    def expect_exit(self, tracer, text):
        status = tracer.process.wait()
        if tracer.reader:
            tracer.reader.wait()
        if status != int(text):
            raise Failure(f"exit status {status}:\n{tracer.says()}")

    def expect_stderr(self, tracer, text):
        if text not in tracer.says():
            raise Failure(f"it has said:\n{tracer.says()}")

    def expect_detached(self, tracer, _):
        if not any(kind == "link" for kind, _ in tracer.held):
            raise Failure(f"it held no link while it traced, only {tracer.held}")
        await_("the end of its programs, links and maps", lambda: not tracer.still_held(), 20)


class Child:
    """A process that a process of the case has started."""

    def __init__(self, pid, truth):
        self.pid, self.facts = pid, truth


def header(text):
    """`NAME… OPTION… : REST` as names, options and the rest."""
    match = re.match(r"(.*?):(?:\s+|$)(.*)", text, re.DOTALL)
    words = shlex.split(match[1] if match else text)
    known = {"in", "as", "sends", "exits", "threads", "listening", "prints", "without", "into", "of",
             "by", "becomes"}
    names, options = [], {}
    while words:
        word = words.pop(0)
        if word in FLAGS:
            options[word] = True
        elif word in known and words:
            value = words.pop(0)
            if word in MANY:
                options.setdefault(word, []).append(value)
            else:
                options[word] = value
        else:
            names.append(word)
    return names, options, match[2] if match else ""


def statements_of(path):
    """(line number, text), with continuations joined."""
    statements = []
    for number, line in enumerate(read(path).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t":
            first, text = statements[-1]
            statements[-1] = (first, text + " " + line.strip())
        else:
            statements.append((number, line.strip()))
    return statements


def need_capabilities():
    if os.geteuid() != 0:
        raise Skip("needs root")
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        raise Skip("needs a kernel with BTF")
    # The smallest array map there is tells whether bpf(2) is allowed.
    bpf = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
    attributes = (ctypes.c_uint32 * 32)(2, 4, 4, 1)
    fd = libc.syscall(bpf, 0, attributes, ctypes.sizeof(attributes)) if bpf else -1
    if fd < 0:
        raise Skip(f"needs bpf(2): {os.strerror(ctypes.get_errno())}")
    os.close(fd)


def stop(number, _):
    raise Failure(f"interrupted by signal {number}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tracee", required=True)
    parser.add_argument("--with", dest="given", default="", metavar="ARGUMENTS",
                        help="for every tracee, as in --with '--attribution cgroup'")
    parser.add_argument("--under", default="", metavar="COMMAND",
                        help="that runs every tracer, as in --under 'valgrind -q'")
    parser.add_argument("--keep", action="store_true", help="keep what the processes printed")
    parser.add_argument("case")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.environ["LC_ALL"] = "C"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    folder, case = None, None
    try:
        need_capabilities()
        call("prctl", PR_SET_CHILD_SUBREAPER, 1)
        # One case at a time on this machine, whoever runs it: they share addresses.
        lock = open("/run/tracee-live.lock", "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = Process.folder = tempfile.mkdtemp(prefix="tracee-live-")
        os.chmod(folder, 0o755)
        case = Case(options.tracee, shlex.split(options.given), shlex.split(options.under), folder)
        case.run(statements_of(options.case))
        print(f"{os.path.basename(options.case)}: holds")
        return 0
    except Skip as missing:
        print(f"{os.path.basename(options.case)}: skipped: {missing}")
        return 77
    except (Failure, SyntaxError) as error:
        print(f"{os.path.basename(options.case)}: {error}")
        return 1
    finally:
        if case:
            Cgroup.end(case.cgroup.path)
        reap()
        if folder and not options.keep:
            shutil.rmtree(folder)
        elif folder:
            print(f"kept: {folder}")


if __name__ == "__main__":
    sys.exit(main())
