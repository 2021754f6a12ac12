# SPDX-License-Identifier: Apache-2.0
"""The fields of Kubernetes objects that deploy/ uses, with their types. A field that is not
here is a mistake, or is to be added after a look at the API reference.

A type is a Python type, a set of values, [element], {name: type} (`!` behind a name: must be
there), Map(type) for free keys, or a function that says whether a value is right."""
import re


class Map:
    def __init__(self, element):
        self.element = element


def name(value):
    return isinstance(value, str) and re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", value) \
        and len(value) <= 253


def label(value):
    return isinstance(value, str) and len(value) <= 63 and \
        re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", value)


def quantity(value):
    return re.fullmatch(r"\d+(\.\d+)?(m|Ki|Mi|Gi|k|M|G)?", str(value)) is not None


def path(value):
    return isinstance(value, str) and value.startswith("/")


def port(value):
    return isinstance(value, int) and 0 < value < 65536


def port_or_name(value):
    return port(value) or bool(name(value))


def percent_or_number(value):
    return isinstance(value, int) or re.fullmatch(r"\d+%", value) is not None


LABELS = Map(label)
META = {"name!": name, "namespace": name, "labels": LABELS, "annotations": Map(str)}
SELECTOR = {"matchLabels!": LABELS}
PROBE = {"exec": {"command!": [str]}, "httpGet": {"path!": path, "port!": port_or_name},
         "periodSeconds": int, "timeoutSeconds": int, "failureThreshold": int}
CAPABILITIES = {"BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"}
CONTAINER = {
    "name!": name, "image!": str, "imagePullPolicy": {"IfNotPresent", "Always", "Never"},
    "args": [str],
    "securityContext!": {
        "privileged!": {False}, "allowPrivilegeEscalation!": {False},
        "readOnlyRootFilesystem!": {True}, "runAsUser": int, "runAsGroup": int,
        "capabilities!": {"drop!": [{"ALL"}], "add!": [CAPABILITIES]},
        "seccompProfile!": {"type!": {"RuntimeDefault"}}},
    "ports": [{"name!": name, "containerPort!": port, "protocol": {"TCP"}}],
    "startupProbe!": PROBE, "livenessProbe": PROBE, "readinessProbe": PROBE,
    "resources!": {"requests!": Map(quantity), "limits!": Map(quantity)},
    "volumeMounts!": [{"name!": name, "mountPath!": path, "readOnly!": {True}}]}
POD = {
    "serviceAccountName!": name, "automountServiceAccountToken!": {False}, "hostPID!": {True},
    "hostNetwork!": {True}, "dnsPolicy": {"ClusterFirstWithHostNet"}, "priorityClassName": name,
    "terminationGracePeriodSeconds": int, "imagePullSecrets": [{"name!": name}],
    "tolerations!": [{"operator": {"Exists", "Equal"}, "key": str, "value": str,
                      "effect": {"NoSchedule", "PreferNoSchedule", "NoExecute"}}],
    "nodeSelector": LABELS, "affinity": Map(dict), "containers!": [CONTAINER],
    "volumes!": [{"name!": name, "configMap": {"name!": name},
                  "hostPath": {"path!": path, "type!": {"Directory"}}}]}

# By apiVersion and kind.
OBJECTS = {
    ("v1", "Namespace"): {"metadata!": META},
    ("v1", "ServiceAccount"): {"metadata!": META, "automountServiceAccountToken": bool},
    ("v1", "ConfigMap"): {"metadata!": META, "data!": Map(str)},
    ("v1", "Service"): {"metadata!": META, "spec!": {
        "clusterIP": {"None"}, "selector!": LABELS,
        "ports!": [{"name!": name, "port!": port, "targetPort": port_or_name}]}},
    ("apps/v1", "DaemonSet"): {"metadata!": META, "spec!": {
        "selector!": SELECTOR,
        "updateStrategy": {"type!": {"RollingUpdate"},
                           "rollingUpdate": {"maxUnavailable": percent_or_number}},
        "template!": {"metadata!": {"labels!": LABELS, "annotations": Map(str)}, "spec!": POD}}},
    ("networking.k8s.io/v1", "NetworkPolicy"): {"metadata!": META, "spec!": {
        "podSelector!": SELECTOR, "policyTypes!": [{"Ingress", "Egress"}],
        "ingress!": [{"from!": [Map(dict)], "ports!": [{"port!": port, "protocol!": {"TCP"}}]}]}},
    ("monitoring.coreos.com/v1", "ServiceMonitor"): {"metadata!": META, "spec!": {
        "selector!": SELECTOR,
        "endpoints!": [{"port!": name, "path!": path, "interval": str}]}},
}


def complaints(value, wanted, place):
    if isinstance(wanted, Map):
        if not isinstance(value, dict):
            yield f"{place}: not a map: {value!r}"
            return
        for key, each in value.items():
            yield from complaints(each, wanted.element, f"{place}.{key}")
    elif isinstance(wanted, dict):
        if not isinstance(value, dict):
            yield f"{place}: not an object: {value!r}"
            return
        fields = {key.rstrip("!"): element for key, element in wanted.items()}
        for key in wanted:
            if key.endswith("!") and key[:-1] not in value:
                yield f"{place}.{key[:-1]}: is missing"
        for key, each in value.items():
            if key not in fields:
                yield f"{place}.{key}: no such field"
            else:
                yield from complaints(each, fields[key], f"{place}.{key}")
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            yield f"{place}: not a list: {value!r}"
            return
        for number, each in enumerate(value):
            yield from complaints(each, wanted[0], f"{place}[{number}]")
    elif isinstance(wanted, set):
        if value not in wanted:
            yield f"{place}: {value!r} is none of {sorted(wanted, key=str)}"
    elif isinstance(wanted, type):
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            yield f"{place}: {value!r} is no {wanted.__name__}"
    elif not wanted(value):
        yield f"{place}: {value!r} is no {wanted.__name__.replace('_', ' ')}"


def object_complaints(document):
    kind = (document.get("apiVersion"), document.get("kind"))
    if kind not in OBJECTS:
        yield f"{kind}: no such kind of object"
        return
    body = {key: value for key, value in document.items() if key not in ("apiVersion", "kind")}
    yield from complaints(body, OBJECTS[kind], kind[1])
