#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The bill of materials names what the binary loads, at its start or later, once, with versions.

sbom.py TRACEE
"""
import json
import os
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KINDS = {"DESCRIBES", "DEPENDS_ON", "BUILD_TOOL_OF"}


def expect(condition, what):
    if not condition:
        sys.exit(f"sbom: {what}")


def make(binary):
    return subprocess.run([f"{TREE}/packaging/sbom.py", binary], stdout=subprocess.PIPE,
                          check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}).stdout


def main():
    text = make(sys.argv[1])
    expect(text == make(sys.argv[1]), "two of one binary differ")
    document = json.loads(text)
    expect(document["spdxVersion"] == "SPDX-2.3", "another version")
    expect(document["creationInfo"]["created"] == "2023-11-14T22:13:20Z", "another time")
    packages = {one["SPDXID"]: one for one in document["packages"]}
    expect(len(packages) == len(document["packages"]), "an SPDXID twice")
    related = document["relationships"]
    for one in related:
        expect(one["relationshipType"] in KINDS, one)
        for end in ("spdxElementId", "relatedSpdxElement"):
            expect(one[end] in packages or one[end] == "SPDXRef-DOCUMENT", f"{one[end]} is nowhere")
    linked = {packages[one["relatedSpdxElement"]]["name"] for one in related
              if one["relationshipType"] == "DEPENDS_ON"}
    for library in ("libbpf1", "libc6", "libre2-9", "libyaml-cpp0.7", "libseccomp2", "librdkafka1",
                    "libssl3"):
        expect(library in linked, f"{library} is missing among {sorted(linked)}")
    names = [one["name"] for one in document["packages"][1:]]
    known = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *names],
                           stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    for one in document["packages"][1:]:
        expect(f"{one['name']} {one['versionInfo']}" in known, f"{one['name']}: another version")
    refused = subprocess.run([f"{TREE}/packaging/sbom.py"], stderr=subprocess.PIPE, check=False)
    expect(refused.returncode != 0 and b"BINARY" in refused.stderr, "no usage")


if __name__ == "__main__":
    main()
