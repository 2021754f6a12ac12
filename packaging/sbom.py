#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of a build, as SPDX 2.3 in JSON.

sbom.py BINARY

What the binary loads, at its start or later, is asked of the dynamic linker and dpkg; what it is
built with is packages.txt. The same build on the same machine gives the same document: its time
is that of the newest commit, or SOURCE_DATE_EPOCH.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def loaded_files(binary):
    """With their names resolved; the kernel's own object has no file."""
    listed = output(f"{TREE}/deploy/container/libraries.sh", os.path.realpath(binary))
    return sorted({os.path.realpath(line.split(" ", 1)[1]) for line in listed.splitlines()})


def owners_of(paths):
    """The Debian packages, by either name of a path where /lib is a link into /usr."""
    names = {name: path for path in paths for name in (path, path.removeprefix("/usr"))}
    found = subprocess.run(["dpkg-query", "-S", *names], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, check=False).stdout
    owners = {names[path]: package.split(":")[0] for package, _, path in
              (line.partition(": ") for line in found.splitlines()) if path in names}
    for path in paths:
        if path not in owners:
            sys.exit(f"sbom: {path} is of no package; is it of this distribution?")
    return sorted(set(owners.values()))


def build_packages():
    section = ""
    with open(f"{TREE}/packages.txt", encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("#"):
                section = line
            elif section.strip() == "# build":
                yield line


def versions_of(names):
    """NAME: (version, source package, its version)"""
    listed = output("dpkg-query", "-W", "-f",
                    "${Package}\t${Version}\t${source:Package}\t${source:Version}\n", *names)
    return {line.split("\t")[0]: line.split("\t")[1:] for line in listed.splitlines()}


def package(name, version, source, source_version):
    return {"SPDXID": f"SPDXRef-{re.sub('[^A-Za-z0-9.-]', '-', name)}", "name": name,
            "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION", "sourceInfo": f"Debian source {source} {source_version}",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": f"pkg:deb/debian/{name}@{version}"}]}


def document(binary):
    with open(binary, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or output(
        "git", "-c", f"safe.directory={TREE}", "-C", TREE, "log", "-1", "--format=%ct").strip()
    version = output(binary, "--version").split()[1]
    linked = owners_of(loaded_files(binary))
    built = sorted(set(build_packages()) - set(linked))
    ours = {"SPDXID": "SPDXRef-tracee", "name": "tracee", "versionInfo": version,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "Apache-2.0 AND (BSD-2-Clause OR GPL-2.0-only)",
            "licenseDeclared": "Apache-2.0 AND (BSD-2-Clause OR GPL-2.0-only)",
            "copyrightText": "NOASSERTION",
            "checksums": [{"algorithm": "SHA256", "checksumValue": digest}]}
    versions = versions_of([*linked, *built])
    others = {name: package(name, *versions[name]) for name in [*linked, *built]}
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-tracee")]
    relations += [("SPDXRef-tracee", "DEPENDS_ON", others[name]["SPDXID"]) for name in linked]
    relations += [(others[name]["SPDXID"], "BUILD_TOOL_OF", "SPDXRef-tracee") for name in built]
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"tracee-{version}", "documentNamespace": f"urn:tracee:sbom:{digest}",
            "creationInfo": {"creators": ["Tool: packaging/sbom.py"],
                             "created": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                                      time.gmtime(int(seconds)))},
            "packages": [ours, *others.values()],
            "relationships": [{"spdxElementId": one, "relationshipType": kind,
                               "relatedSpdxElement": other} for one, kind, other in relations]}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    json.dump(document(sys.argv[1]), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
