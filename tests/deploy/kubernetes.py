#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kubernetes.py TRACEE DEPLOY: the DaemonSet and the chart. See chart.py and schema.py for
what is and is not checked; no helm and no cluster are needed."""
import copy
import os
import subprocess
import sys
import tempfile
import unittest

import yaml

from chart import Chart
from schema import object_complaints

TRACEE, DEPLOY = os.path.abspath(sys.argv[1]), sys.argv[2]
FULL = {"config": "output: [json]\n", "detectors": {"a.yaml": "id: a\n"},
        "pullSecrets": [{"name": "registry"}], "image": {"tag": "1.2.3"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "metrics": {"enabled": True, "serviceMonitor": True, "arguments": ["--metrics", ":3366"],
                    "allowFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]}}


def plain():
    with open(os.path.join(DEPLOY, "kubernetes/tracee.yaml"), encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def chart(values=None):
    rendered = Chart(os.path.join(DEPLOY, "helm/tracee")).render(values)
    return [document for documents in rendered.values() for document in documents]


class Kubernetes(unittest.TestCase):
    def every_set(self):
        return {"plain": plain(), "defaults": chart(), "full": chart(FULL),
                "least": chart({"policies": {}, "networkPolicy": False})}

    def test_fields(self):
        for which, documents in self.every_set().items():
            for document in documents:
                self.assertEqual(list(object_complaints(document)), [], which)

    def test_the_check_finds_mistakes(self):
        pod = of_kind(plain(), "DaemonSet")[0]
        def broken(change):
            document = copy.deepcopy(pod)
            change(document["spec"]["template"]["spec"])
            return list(object_complaints(document))
        def container(spec):
            return spec["containers"][0]
        self.assertEqual(broken(lambda spec: None), [])
        for change in (
                lambda spec: container(spec)["securityContext"].update(privileged=True),
                lambda spec: container(spec)["securityContext"]["capabilities"]["add"].append(
                    "SYS_ADMIN"),
                lambda spec: container(spec)["volumeMounts"][0].pop("readOnly"),
                lambda spec: container(spec).update(livenesProbe={}),
                lambda spec: container(spec)["resources"]["limits"].update(memory="much"),
                lambda spec: spec.update(hostPid=True)):
            self.assertEqual(len(broken(change)), 1)

    def test_names_fit(self):
        """Selectors select, mounts have volumes, volumes have ConfigMaps, probes have ports."""
        for which, documents in self.every_set().items():
            daemon = of_kind(documents, "DaemonSet")[0]
            template = daemon["spec"]["template"]
            labels = template["metadata"]["labels"]
            for document in documents:
                spec = document.get("spec", {})
                for selector in ("selector", "podSelector"):
                    wanted = spec.get(selector, {})
                    for key, value in wanted.get("matchLabels", wanted).items():
                        self.assertEqual(labels.get(key), value, which)
                if document["kind"] != "Namespace":
                    self.assertEqual(document["metadata"]["namespace"],
                                     daemon["metadata"]["namespace"], which)
            volumes = {each["name"]: each for each in template["spec"]["volumes"]}
            maps = {each["metadata"]["name"] for each in of_kind(documents, "ConfigMap")}
            container = template["spec"]["containers"][0]
            self.assertEqual({each["name"] for each in container["volumeMounts"]}, set(volumes))
            for volume in volumes.values():
                if "configMap" in volume:
                    self.assertIn(volume["configMap"]["name"], maps)
            ports = {each["name"] for each in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if "httpGet" in container.get(probe, {}):
                    self.assertIn(container[probe]["httpGet"]["port"], ports)
            self.assertEqual(template["spec"]["serviceAccountName"],
                             of_kind(documents, "ServiceAccount")[0]["metadata"]["name"])

    def test_values_arrive(self):
        documents = chart(FULL)
        container = of_kind(documents, "DaemonSet")[0]["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(container["image"], "tracee:1.2.3")
        for words in (["--config", "/etc/tracee/config/tracee.yaml"],
                      ["--policy", "/etc/tracee/policies"],
                      ["--detectors", "/etc/tracee/detectors"], ["--metrics", ":3366"]):
            at = container["args"].index(words[0])
            self.assertEqual(container["args"][at:at + 2], words)
        self.assertEqual(len(of_kind(documents, "ServiceMonitor")), 1)
        self.assertEqual(of_kind(documents, "NetworkPolicy")[0]["spec"]["ingress"][0]["from"],
                         FULL["metrics"]["allowFrom"])
        texts = {each["metadata"]["name"]: each["data"] for each in of_kind(documents, "ConfigMap")}
        self.assertEqual(texts["tracee-config"]["tracee.yaml"], FULL["config"])
        self.assertEqual(texts["tracee-detectors"], FULL["detectors"])
        self.assertEqual(of_kind(chart(), "ServiceMonitor"), [])
        def checksums(values):
            return of_kind(chart(values), "DaemonSet")[0]["spec"]["template"]["metadata"][
                "annotations"]
        self.assertNotEqual(checksums({}), checksums({"policies": {"b.yaml": "x"}}))

    def test_tracee_takes_policies_and_arguments(self):
        for documents in (plain(), chart()):
            with tempfile.TemporaryDirectory() as folder:
                for document in of_kind(documents, "ConfigMap"):
                    if not document["metadata"]["name"].endswith("policies"):
                        continue
                    for name, text in document["data"].items():
                        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                            file.write(text)
                container = of_kind(documents, "DaemonSet")[0]["spec"]["template"]["spec"][
                    "containers"][0]
                arguments = [folder if word == "/etc/tracee/policies" else word
                             for word in container["args"]]
                done = subprocess.run([TRACEE, *arguments, "--explain"], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("net_packet_dns_request", done.stdout)

    def test_same_bounds_as_the_service(self):
        with open(os.path.join(DEPLOY, "../packaging/tracee.service"), encoding="utf-8") as file:
            line = next(each for each in file if each.startswith("CapabilityBoundingSet="))
        names = {name.removeprefix("CAP_") for name in line.strip().partition("=")[2].split()}
        for documents in (plain(), chart()):
            container = of_kind(documents, "DaemonSet")[0]["spec"]["template"]["spec"][
                "containers"][0]
            self.assertEqual(set(container["securityContext"]["capabilities"]["add"]), names)


unittest.main(argv=sys.argv[:1])
