#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Containers of a real containerd, which this test starts with folders of its own.

  containerd.py --tracee TRACEE

A container in a network namespace of its own asks DNS and HTTP of itself: its
events carry id, name, image and digest. So do those of a pod that was made through
CRI, with pod name, namespace and uid. containerd is killed: events go on as before.
A container ends: none of its events had no name once one had. Exit status: 0 it
holds, 1 it does not, 77 the machine lacks something, which is said.
"""
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tarfile
import tempfile

from process import Failure, alone, await_, need_programs, read, script
from run import need_capabilities

IMAGE = "docker.io/library/tracee-test:1"
POD = {"io.kubernetes.pod.name": "pod1", "io.kubernetes.pod.namespace": "prod",
       "io.kubernetes.pod.uid": "11223344-5566-7788-99aa-bbccddeeff00"}
# httpd, wget and nslookup of busybox; nobody answers at port 53, the question counts.
WORK = ("ip link set lo up; mkdir -p /www; echo hello >/www/index.html; "
        "httpd -p 127.0.0.1:8080 -h /www; while :; do "
        "wget -q -O /dev/null http://127.0.0.1:8080/; "
        "timeout 1 nslookup www.example.test 127.0.0.1; sleep 1; done >/dev/null 2>&1")
CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{image}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{folder}/cni"
conf_dir = "{folder}/cni"
"""
# A network plug-in that leaves the pod with its loopback.
PLUGIN = """#!/bin/sh
case $CNI_COMMAND in
VERSION) echo '{"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0"]}' ;;
ADD) nsenter --net="$CNI_NETNS" ip link set lo up >&2
  echo '{"cniVersion":"0.3.1","interfaces":[{"name":"DEVICE","sandbox":"'"$CNI_NETNS"'"}],
"ips":[{"version":"4","interface":0,"address":"10.99.0.2/24"}]}' ;;
esac
"""


def add(archive, name, content, **members):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for member, value in members.items():
        setattr(entry, member, value)
    archive.addfile(entry, io.BytesIO(content))


def make_image(path, busybox):
    """An image of one layer, as `docker save` writes it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        for folder in ("bin", "dev", "etc", "proc", "sys", "tmp"):
            add(archive, folder, b"", type=tarfile.DIRTYPE, mode=0o755)
        with open(busybox, "rb") as file:
            add(archive, "bin/busybox", file.read(), mode=0o755)
        for name in ("sh", "ip", "httpd", "wget", "nslookup", "sleep", "timeout", "mkdir"):
            add(archive, "bin/" + name, b"", type=tarfile.SYMTYPE, linkname="busybox")
    layer = layer.getvalue()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    config = {"architecture": machine, "os": "linux",
              "config": {"Cmd": ["/bin/sleep", "1000000"], "Env": ["PATH=/bin"]},
              "rootfs": {"type": "layers",
                         "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        add(archive, "config.json", json.dumps(config).encode())
        add(archive, "manifest.json", json.dumps(manifest).encode())
        add(archive, "layer.tar", layer)


# --- CRI, by hand: the few messages that make a pod ---

def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def first_text(message):
    """The text of field 1, shorter than 128 bytes."""
    return message[2:2 + message[1]].decode()


def labels(number, texts):
    return b"".join(field(number, field(1, key) + field(2, value)) for key, value in texts.items())


class Containerd:
    def __init__(self, folder):
        self.folder, self.socket = folder, f"{folder}/containerd.sock"
        self.containers = []  # (namespace of containerd, id)
        os.mkdir(f"{folder}/cni")
        for name, device in (("loopback", "lo"), ("none", "eth0")):
            path = f"{folder}/cni/{name}"
            with open(path, "w", encoding="ascii") as file:
                file.write(PLUGIN.replace("DEVICE", device))
            os.chmod(path, 0o755)
        with open(f"{folder}/cni/1.conflist", "w", encoding="ascii") as file:
            file.write('{"cniVersion":"0.3.1","name":"none","plugins":[{"type":"none"}]}')
        with open(f"{folder}/config.toml", "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=folder, image=IMAGE))
        self.log = open(f"{folder}/log", "wb")
        self.process = subprocess.Popen(["containerd", "-c", f"{folder}/config.toml"],
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        await_(f"containerd\n{self.says()}", lambda: self.ctr("version", check=False) == 0,
               alive=lambda: self.process.poll() is None)

    def says(self):
        return read(f"{self.folder}/log")[-2000:]

    def ctr(self, *arguments, check=True):
        done = subprocess.run(["ctr", "-a", self.socket, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
        if check and done.returncode != 0:
            raise Failure(f"ctr {' '.join(arguments)}:\n{done.stdout.decode()}")
        return done.returncode

    def cri(self, method, message):
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--unix-socket",
             self.socket, "--header", "Content-Type: application/grpc", "--header", "TE: trailers",
             "--dump-header", f"{self.folder}/headers", "--data-binary", "@-",
             f"http://localhost/runtime.v1.RuntimeService/{method}"],
            input=b"\0" + struct.pack(">I", len(message)) + message, stdout=subprocess.PIPE,
            check=True)
        headers = read(f"{self.folder}/headers")
        if "grpc-status: 0" not in headers:
            raise Failure(f"{method}: {headers}")
        return done.stdout[5:]

    def run_pod(self):
        options = field(1, field(1, 0) + field(2, 1))  # a network namespace of the pod's
        sandbox = (field(1, field(1, POD["io.kubernetes.pod.name"])
                         + field(2, POD["io.kubernetes.pod.uid"])
                         + field(3, POD["io.kubernetes.pod.namespace"]))
                   + field(3, self.folder) + labels(6, POD) + field(8, field(2, options)))
        pod = first_text(self.cri("RunPodSandbox", field(1, sandbox)))
        self.containers.append(("k8s.io", pod))
        container = (field(1, field(1, "worker")) + field(2, field(1, IMAGE)) + field(3, "/bin/sh")
                     + field(4, "-c") + field(4, WORK)
                     + labels(9, {"io.kubernetes.container.name": "worker", **POD}))
        made = first_text(self.cri("CreateContainer",
                                   field(1, pod) + field(2, container) + field(3, sandbox)))
        self.containers.append(("k8s.io", made))
        self.cri("StartContainer", field(1, made))
        return made

    def end(self):
        """Its shims name this test's socket; runc keeps its own books, by container id."""
        for space, identity in self.containers:
            subprocess.run(["runc", "--root", f"/run/containerd/runc/{space}", "delete", "--force",
                            identity], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=False)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = read(f"/proc/{pid}/cmdline").split("\0")
            except OSError:
                continue
            if any(self.socket in word for word in words):
                self.end_shim(int(pid))
        for line in reversed(read("/proc/self/mounts").splitlines()):
            point = line.split()[1]
            if point.startswith(self.folder):
                subprocess.run(["umount", "-l", point], check=False)

    @staticmethod
    def end_shim(pid):
        try:
            tasks = [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]
            for task in [*tasks, pid]:
                os.kill(task, signal.SIGKILL)
        except (OSError, ValueError):
            pass


class Tracee:
    def __init__(self, program, folder, runtime, *scopes):
        name = "-".join(scopes) or "container"
        self.path, self.errors = f"{folder}/{name}.events", f"{folder}/{name}.errors"
        scopes = [word for scope in scopes or ["container"] for word in ("--scope", scope)]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [program, "--cri", f"containerd:{runtime}", "--output", f"json:{self.path}",
                 "--events", "net_packet_dns_request,net_packet_http_request,net_packet_tcp",
                 *scopes], stderr=errors)
        await_("tracing", lambda: "tracee: tracing" in read(self.errors),
               alive=lambda: self.process.poll() is None)

    def events(self):
        return [json.loads(line) for line in read(self.path).splitlines(True)
                if line.endswith("\n")]

    def await_event(self, what, condition, since=0):
        try:
            return await_(what, lambda: next((event for event in self.events()[since:]
                                              if condition(event)), None),
                          alive=lambda: self.process.poll() is None)
        except Failure as error:
            last = "\n".join(json.dumps(event)[:700] for event in self.events()[-3:])
            raise Failure(f"{error}\n{last}\n{read(self.errors)}") from error

    def end(self):
        self.process.terminate()
        if self.process.wait() != 0:
            raise Failure(f"tracee: status {self.process.returncode}\n{read(self.errors)}")


def named(event, identity, kind=None):
    container = event["container"]
    return (event["containerId"] == identity and container.get("id") == identity
            and container.get("image") == IMAGE and container.get("name")
            and re.fullmatch("sha256:[0-9a-f]{64}", container.get("imageDigest", ""))
            and event["contextFlags"]["containerStarted"]
            and (kind is None or event["eventName"] == kind))


class Scopes:
    """A tracer for each form of --scope that looks at containers. `new` ones were made after
    their tracer had started."""

    def __init__(self, start, web):
        self.web = web
        self.tracers = {scope: start(scope) for scope in (
            f"container={web[:7]}", f"container!={web}", "not-container", "container=new",
            "container!=new", "container=started")}

    def check(self, pod):
        """Both containers have done something, and so has the host."""
        expected = {f"container={self.web[:7]}": {self.web}, f"container!={self.web}": {pod, ""},
                    "not-container": {""}, "container=new": {pod}, "container!=new": {self.web, ""},
                    "container=started": {self.web, pod}}
        for scope, identities in expected.items():
            tracer = self.tracers[scope]
            for identity in identities:
                with socket.socket() as one:
                    one.connect_ex(("127.0.0.1", 1))
                tracer.await_event(f"an event of '{identity}' with {scope}",
                                   lambda e, identity=identity: e["containerId"] == identity)
            tracer.end()
            seen = {event["containerId"] for event in tracer.events()}
            if seen != identities:
                raise Failure(f"--scope {scope}: events of {seen}, not of {identities}")


def check(tracee, containerd, start):
    web = f"web-{os.getpid()}"
    containerd.containers.append(("default", web))
    containerd.ctr("run", "--detach", "--snapshotter", "native", "--cap-add", "CAP_NET_ADMIN",
                   IMAGE, web, "/bin/sh", "-c", WORK)
    for kind in ("net_packet_http_request", "net_packet_dns_request"):
        event = tracee.await_event(f"a named {kind} of the container",
                                   lambda e, kind=kind: named(e, web, kind))
        if event["container"]["name"] != web or event["kubernetes"] != {}:
            raise Failure(f"{event['container']} {event['kubernetes']}")

    scopes = Scopes(start, web)
    pod = containerd.run_pod()
    event = tracee.await_event("a named event of the pod",
                               lambda e: named(e, pod, "net_packet_http_request"))
    wanted = {"podName": "pod1", "podNamespace": "prod", "podUID": POD["io.kubernetes.pod.uid"]}
    if event["kubernetes"] != wanted or event["container"]["name"] != "worker":
        raise Failure(f"{event['container']} {event['kubernetes']}")

    scopes.check(pod)

    containerd.ctr("task", "kill", "--signal", "KILL", web)
    await_("the end of the container", lambda: containerd.ctr("task", "rm", web,
                                                              check=False) == 0)
    containerd.process.kill()
    containerd.process.wait()
    tracee.await_event("an event of the pod behind the end of containerd",
                       lambda e: named(e, pod), since=len(tracee.events()))
    tracee.end()
    for identity in (web, pod):
        events = [event for event in tracee.events() if event["containerId"] == identity]
        start = next(i for i, event in enumerate(events) if named(event, identity))
        nameless = [event for event in events[start:] if not named(event, identity)]
        if nameless:
            raise Failure(f"{len(nameless)} of {len(events)} without a name: {nameless[0]}")


@contextlib.contextmanager
def own_containerd():
    """A containerd of this test's own, with the image in its two namespaces; and its folder."""
    folder = tempfile.mkdtemp(prefix="tracee-live-")
    containerd = None
    try:
        containerd = Containerd(folder)
        make_image(f"{folder}/image.tar", shutil.which("busybox"))
        for space in ("default", "k8s.io"):
            containerd.ctr("-n", space, "images", "import", "--snapshotter", "native",
                           f"{folder}/image.tar")
        yield containerd, folder
    finally:
        if containerd:
            containerd.end()
        shutil.rmtree(folder, ignore_errors=True)


def need_containerd():
    need_capabilities()
    need_programs("containerd", "ctr", "runc", "curl", "busybox")


def work(program):
    need_containerd()
    with alone(), own_containerd() as (containerd, folder):
        tracers = []

        def start(*scopes):
            tracers.append(Tracee(program, folder, containerd.socket, *scopes))
            return tracers[-1]

        try:
            check(start(), containerd, start)
        finally:
            for tracer in tracers:
                if tracer.process.poll() is None:
                    tracer.process.kill()


if __name__ == "__main__":
    script(__doc__, work)
