#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The image as a container of a real containerd, bounded as the DaemonSet says.

  container.py DEPLOY --binary TRACEE | --image IMAGE.tar

containerd is this test's own, and asked over CRI, as the kubelet does. Arguments,
capabilities, mounts and the probe are read from the DaemonSet; the container is not
privileged, its root is read-only, containerd's own seccomp profile holds, and process ids
and network are the host's. The probe, `tracee check`, must be green, and a packet that a
process of the host sends must come out as an event that names it. Exit status: 0 it holds, 1 it does not, 77 the machine lacks something, which is said.
"""
import argparse
import json
import os
import socket
import subprocess
import sys

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../live"))
# pylint: disable=wrong-import-position
from containerd import field, first_text, need_containerd, own_containerd  # noqa: E402
from process import Failure, alone, await_, outcome, read  # noqa: E402

IMAGE = "docker.io/library/tracee:test"
def daemon_set(deploy):
    """The pod's specification, and the policies by the names of their files."""
    with open(f"{deploy}/kubernetes/tracee.yaml", encoding="utf-8") as file:
        documents = list(yaml.safe_load_all(file))
    by_kind = {document["kind"]: document for document in documents}
    return by_kind["DaemonSet"]["spec"]["template"]["spec"], by_kind["ConfigMap"]["data"]


def texts(number, values):
    return b"".join(field(number, value) for value in values)


class Pod:
    """The DaemonSet's pod as the kubelet asks for it, over CRI."""

    def __init__(self, containerd, pod, policies):
        [container] = pod["containers"]
        context = container["securityContext"]
        if context["privileged"] or not (pod["hostPID"] and pod["hostNetwork"]):
            raise Failure("the DaemonSet is not what this test knows")
        self.containerd = containerd
        self.log = f"{containerd.folder}/tracee.log"
        spaces = field(1, 2) + field(2, 2)  # network and processes are the node's
        sandbox = (field(1, field(1, "tracee") + field(2, "uid") + field(3, "tracee"))
                   + field(3, containerd.folder)
                   + field(8, field(2, field(1, spaces) + field(9, b""))))
        self.sandbox = first_text(containerd.cri("RunPodSandbox", field(1, sandbox)))
        containerd.containers.append(("k8s.io", self.sandbox))
        security = (field(1, texts(1, context["capabilities"]["add"])
                          + texts(2, context["capabilities"]["drop"]))
                    + field(3, spaces) + field(7, int(context["readOnlyRootFilesystem"]))
                    + field(11, int(not context["allowPrivilegeEscalation"]))
                    + field(15, b""))  # RuntimeDefault
        sources = {volume["name"]: volume.get("hostPath", {"path": policies})["path"]
                   for volume in pod["volumes"]}
        mounts = [field(1, mount["mountPath"]) + field(2, sources[mount["name"]])
                  + field(3, int(mount["readOnly"])) for mount in container["volumeMounts"]]
        config = (field(1, field(1, "tracee")) + field(2, field(1, IMAGE))
                  + texts(4, container["args"]) + texts(7, mounts) + field(11, "tracee.log")
                  + field(15, field(2, security)))
        self.name = first_text(containerd.cri("CreateContainer", field(1, self.sandbox)
                                              + field(2, config) + field(3, sandbox)))
        containerd.containers.append(("k8s.io", self.name))
        containerd.cri("StartContainer", field(1, self.name))
        self.probe = container["startupProbe"]["exec"]["command"]

    def ask(self):
        """The exit status of the probe, and all it said, as protobuf left it."""
        answer = self.containerd.cri("ExecSync", field(1, self.name) + texts(2, self.probe)
                                     + field(3, 60))
        # exit_code is the last field, and left out when it is 0
        status = answer[-1] if answer[-2:-1] == b"\x18" else 0
        return status, answer.decode(errors="replace")

    def lines(self, stream):
        """What it has printed there; containerd puts time, stream and a tag before each line."""
        rows = [line.split(" ", 3) for line in read(self.log).splitlines()]
        return [row[3] for row in rows if len(row) == 4 and row[1:3] == [stream, "F"]]

    def pid(self):
        done = subprocess.run(["ctr", "-a", self.containerd.socket, "-n", "k8s.io", "task", "list"],
                              stdout=subprocess.PIPE, text=True, check=True)
        return next((int(line.split()[1]) for line in done.stdout.splitlines()
                     if line.startswith(self.name) and "RUNNING" in line), None)

    def stop(self):
        self.containerd.cri("StopContainer", field(1, self.name) + field(2, 30))


def check(containerd, deploy, folder):
    wanted, config = daemon_set(deploy)
    policies = f"{folder}/policies"
    os.mkdir(policies)
    for name, text in config.items():
        with open(f"{policies}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    pod = Pod(containerd, wanted, policies)
    try:
        await_("tracing", lambda: any("tracee: tracing" in line for line in pod.lines("stderr")),
               alive=lambda: pod.pid() is not None)
        status, said = pod.ask()
        if status != 0 or "BTF" not in said:
            raise Failure(f"tracee check: status {status}\n{said}")
        question = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\5image\4test\0\0\1\0\1"

        def seen():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.sendto(question, ("127.0.0.1", 53))
            return next((event for event in map(json.loads, pod.lines("stdout"))
                         if event["hostProcessId"] == os.getpid()
                         and '"image.test"' in json.dumps(event["args"])), None)
        event = await_("an event of this process", seen)
        comm = read("/proc/self/comm").strip()
        if (event["processName"], event["containerId"]) != (comm, ""):
            raise Failure(f"another process: {event}")
        kept = dict(line.split(":\t", 1) for line in read(f"/proc/{pod.pid()}/status").splitlines())
        bound = sum(1 << bit for bit in (39, 38, 12, 19, 2))
        if (int(kept["CapBnd"], 16), kept["NoNewPrivs"], kept["Seccomp"]) != (bound, "1", "2"):
            raise Failure(f"the container is bounded otherwise: {kept}")
        pod.stop()
        if not any("matched" in line for line in pod.lines("stderr")):
            raise Failure("it did not end by itself with an account")
    except Failure as error:
        raise Failure(f"{error}\n{read(pod.log)[-3000:]}\n{containerd.says()}") from error


def build(deploy, binary, folder):
    """An image of the program and this machine's libraries, without a network."""
    subprocess.run(["strip", "-o", f"{folder}/tracee", binary], check=True)
    subprocess.run(["unshare", "--net", f"{deploy}/container/build-image.sh", "--binary",
                    f"{folder}/tracee", "--tag", "tracee:test", f"{folder}/tracee.tar"], check=True)
    return f"{folder}/tracee.tar"


def work(options):
    need_containerd()
    with alone(), own_containerd() as (containerd, folder):
        image = options.image or build(options.deploy, os.path.abspath(options.binary), folder)
        containerd.ctr("-n", "k8s.io", "images", "import", "--snapshotter", "native", image)
        check(containerd, options.deploy, folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("deploy")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--binary")
    source.add_argument("--image")
    options = parser.parse_args()
    return outcome(lambda: work(options))


if __name__ == "__main__":
    sys.exit(main())
