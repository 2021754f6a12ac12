#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Part of dns_types.live: every record of two zones, as dig and as tracee show it.

  dns_types.py prepare SOURCES FOLDER   the server's files: copies of those in SOURCES,
                                        and a zone signed with fresh keys
  dns_types.py ask SERVER FOLDER        dig asks for each record, over UDP and over TCP;
                                        its answers go to FOLDER
  dns_types.py compare FOLDER           tracee's events in FOLDER/events against them
"""
import collections
import json
import re
import shutil
import subprocess
import sys

TRANSPORTS = {"udp": ["+notcp"], "tcp": ["+tcp"]}
KEY = "hmac-sha256:example:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def prepare(sources, folder):
    for name in ("dns_types.conf", "dns_types.zone"):
        shutil.copy(f"{sources}/{name}", folder)
    for flag in (["-f", "KSK"], []):
        subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flag, "signed.test"],
                       cwd=folder, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["dnssec-signzone", "-S", "-q", "-3", "aabbccdd", "-H", "2", "-o", "signed.test",
                    "-f", "signed.zone", f"{sources}/dns_types_signed.zone"],
                   cwd=folder, stdout=subprocess.DEVNULL, check=True)


def queries(folder):
    """The lines of dig's batch: name, type, options"""
    with open(f"{folder}/dns_types.zone", encoding="utf-8") as file:
        for line in file:
            if re.match(r"[a-z0-9]", line):
                name, kind = line.split()[:2]
                # Of a delegation the server tells in the authority section.
                yield f"{name}.example.test. {kind} +norecurse +authority"
    for question in ("absent.signed.test. A", "signed.test. DNSKEY", "signed.test. NSEC3PARAM"):
        yield f"{question} +norecurse +dnssec +authority"


def ask(server, folder):
    with open(f"{folder}/batch", "w", encoding="utf-8") as batch:
        batch.write("".join(line + "\n" for line in queries(folder)))
    for transport, options in TRANSPORTS.items():
        with open(f"{folder}/dig.{transport}", "w", encoding="utf-8") as out:
            subprocess.run(["dig", f"@{server}", "+noall", "+answer", "+authority", "+norecurse",
                            "+tries=5", *options, "-f", f"{folder}/batch"], stdout=out, check=True)
    # A signed message: the only way to see a TSIG.
    with open(f"{folder}/dig.tsig", "w", encoding="utf-8") as out:
        subprocess.run(["dig", f"@{server}", "+norecurse", "+tries=5", "-y", KEY, "ns.example.test.",
                        "TXT"], stdout=out, check=True)


def quoted(octets):
    """A character-string. Texts of an event are UTF-8, which the zone's are."""
    escape = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escape.get(chr(c), chr(c)) if 0x20 <= c < 0x7F else f"\\{c:03}"
                         for c in octets.encode()) + '"'


def text_of(record):
    """What a zone file has for a record of an event"""
    soa, srv, mx, uri = record["SOA"], record["SRV"], record["MX"], record["URI"]
    members = {
        "A": lambda: record["IP"],
        "AAAA": lambda: record["IP"],
        "NS": lambda: record["NS"] + ".",
        "CNAME": lambda: record["CNAME"] + ".",
        "PTR": lambda: record["PTR"] + ".",
        "SOA": lambda: f'{soa["MName"]}. {soa["RName"]}. {soa["serial"]} {soa["refresh"]} '
                       f'{soa["retry"]} {soa["expire"]} {soa["minimum"]}',
        "MX": lambda: f'{mx["preference"]} {mx["name"]}.',
        "SRV": lambda: f'{srv["priority"]} {srv["weight"]} {srv["port"]} {srv["name"]}.',
        "URI": lambda: f'{uri["priority"]} {uri["weight"]} {quoted(uri["target"])}',
        "TXT": lambda: " ".join(quoted(text) for text in record["TXTs"]),
        "HINFO": lambda: " ".join(quoted(text) for text in record["TXTs"]),
    }
    return members[record["type"]]() if record["type"] in members else record.get("data", "")


def dig_records(path):
    """Counts of (name, type, data) of dig's lines"""
    out = collections.Counter()
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, 4)
            if line.startswith(";") or len(fields) < 4:
                continue
            name, _, _, kind = fields[:4]
            kind = "Unknown" if kind.startswith("TYPE") else kind
            out[name.rstrip("."), kind, fields[4].strip() if len(fields) > 4 else ""] += 1
    return out


def tracee_records(path):
    """The same of the events, and the texts of the TSIG records"""
    out, signatures = collections.Counter(), set()
    with open(path, encoding="utf-8") as file:
        for line in file:
            message = {each["name"]: each["value"] for each in json.loads(line)["args"]}["proto_dns"]
            signed = [record for record in message["additionals"] if record["type"] == "TSIG"]
            signatures.update(record["data"] for record in signed)
            for record in [] if signed else message["answers"] + message["authorities"]:
                out[record["name"], record["type"], text_of(record)] += 1
    return out, signatures


def compare(folder):
    complaints = []
    expected = collections.Counter()
    asked = list(queries(folder))
    for transport in TRANSPORTS:
        answers = dig_records(f"{folder}/dig.{transport}")
        have = {(name, kind) for name, kind, _ in answers}
        for line in asked:
            name, kind = line.split()[:2]
            kind = "Unknown" if kind.startswith("TYPE") else kind
            if (name.rstrip("."), kind) not in have and not name.startswith("absent"):
                complaints.append(f"{transport}: dig has no answer for {name} {kind}")
        if not any(kind == "NSEC3" for _, kind in have):
            complaints.append(f"{transport}: dig has no NSEC3")
        # Each packet is seen where it leaves and where it arrives.
        for record, count in answers.items():
            expected[record] += 2 * count
    seen, signatures = tracee_records(f"{folder}/events")
    for (name, kind, data), count in sorted((expected - seen).items()):
        complaints.append(f"{name} {kind}: tracee lacks {count} times: {data}")
    for (name, kind, data), count in sorted((seen - expected).items()):
        complaints.append(f"{name} {kind}: tracee has {count} times, but dig has not: {data}")
    with open(f"{folder}/dig.tsig", encoding="utf-8") as file:
        # dig shows a TSIG in a section of its own, with a blank at the end.
        shown = re.findall(r"^\S+\s+0\s+ANY\s+TSIG\s+(.*?)\s*$", file.read(), re.MULTILINE)
    if not shown or not signatures.issuperset(shown):
        complaints.append(f"TSIG: dig has {shown}, tracee has {signatures}")
    for complaint in complaints:
        print(complaint)
    print(f"{len(asked)} questions over {' and '.join(TRANSPORTS)}: {len(complaints)} complaints")
    return not complaints


def main():
    verb, *arguments = sys.argv[1:]
    if {"prepare": prepare, "ask": ask, "compare": compare}[verb](*arguments) is False:
        sys.exit(1)


main()
