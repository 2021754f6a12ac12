#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds reference.pcap from lines.jsonl: per line one packet that carries the
values in the line's "args", at the line's time. What the lines do not say (MAC
addresses, IP identification, TCP options, UDP payload size) is plausible and
fixed, so the file is the same on every run.

TCP checksums are the lines' own: they were taken over options that are not
known, so they do not verify. IP and UDP checksums do.
"""

import ipaddress
import json
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent

LOCAL_ADDRESS = "192.168.200.50"
LOCAL_MAC = bytes.fromhex("020000000050")
ROUTER_MAC = bytes.fromhex("020000000001")

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "AAAA": 28, "OPT": 41}
CLASSES = {"IN": 1}
OPCODES = {"query": 0}
RESPONSE_CODES = {"no error": 0}
UDP_PAYLOAD_SIZE = 512  # what OPT has in place of a class; none of the named classes


class DnsWriter:
    """A message under construction; names are compressed (RFC 1035, section 4.1.4)."""

    def __init__(self):
        self.message = bytearray()
        self.offsets = {}

    def number(self, layout, *values):
        self.message += struct.pack("!" + layout, *values)

    def name(self, text):
        labels = text.split(".") if text else []
        for i, label in enumerate(labels):
            rest = tuple(labels[i:])
            if rest in self.offsets:
                self.number("H", 0xC000 | self.offsets[rest])
                return
            if len(self.message) < 0x4000:
                self.offsets[rest] = len(self.message)
            self.message += bytes([len(label)]) + label.encode("ascii")
        self.message.append(0)

    def record(self, record):
        kind = record["type"]
        self.name(record["name"])
        is_opt = kind == "OPT"
        dns_class = UDP_PAYLOAD_SIZE if is_opt else CLASSES[record["class"]]
        self.number("HHIH", TYPES[kind], dns_class, record["TTL"], 0)
        start = len(self.message)
        if kind == "A":
            self.message += ipaddress.IPv4Address(record["IP"]).packed
        elif kind in ("CNAME", "PTR"):
            self.name(record[kind])
        elif kind == "SOA":
            soa = record["SOA"]
            self.name(soa["MName"])
            self.name(soa["RName"])
            fields = ("serial", "refresh", "retry", "expire", "minimum")
            self.number("5I", *(soa[field] for field in fields))
        elif not (is_opt and record["OPT"] == []):
            raise ValueError(f"no writer for {record}")
        struct.pack_into("!H", self.message, start - 2, len(self.message) - start)


def dns_message(dns):
    flags = (
        dns["QR"] << 15
        | OPCODES[dns["opCode"]] << 11
        | dns["AA"] << 10
        | dns["TC"] << 9
        | dns["RD"] << 8
        | dns["RA"] << 7
        | dns["Z"] << 4
        | RESPONSE_CODES[dns["responseCode"]]
    )
    counts = [dns[count] for count in ("QDCount", "ANCount", "NSCount", "ARCount")]
    writer = DnsWriter()
    writer.number("6H", dns["ID"], flags, *counts)
    for question in dns["questions"]:
        writer.name(question["name"])
        writer.number("HH", TYPES[question["type"]], CLASSES[question["class"]])
    for section in ("answers", "authorities", "additionals"):
        for record in dns[section]:
            writer.record(record)
    return bytes(writer.message)


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_segment(src, dst, src_port, dst_port, payload):
    length = 8 + len(payload)
    pseudo = src + dst + struct.pack("!BBH", 0, 17, length)
    header = struct.pack("!4H", src_port, dst_port, length, 0)
    header = header[:6] + struct.pack("!H", checksum(pseudo + header + payload) or 0xFFFF)
    return header + payload


def tcp_segment(tcp, index):
    flags = 0
    for bit, flag in enumerate(("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS")):
        flags |= tcp[flag] << bit
    # Two no-operations and timestamps (RFC 7323): what a data offset of 8 means in practice.
    options = struct.pack("!BBBBII", 1, 1, 8, 10, 1200000000 + index, 3400000000 + index)
    assert tcp["dataOffset"] * 4 == 20 + len(options)
    return (
        struct.pack(
            "!HHIIHHHH",
            tcp["srcPort"],
            tcp["dstPort"],
            tcp["seq"],
            tcp["ack"],
            tcp["dataOffset"] << 12 | flags,
            tcp["window"],
            tcp["checksum"],
            tcp["urgent"],
        )
        + options
    )


def ip_packet(src, dst, protocol, is_ours, index, payload):
    length = 20 + len(payload)
    ttl = 64 if is_ours else 118
    dont_fragment = 0x4000 if protocol == 6 else 0
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, length, 0x1000 + index, dont_fragment, ttl, protocol, 0, src, dst
    )
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def frame(line, index):
    args = {arg["name"]: arg["value"] for arg in line["args"]}
    src = ipaddress.IPv4Address(args["src"]).packed
    dst = ipaddress.IPv4Address(args["dst"]).packed
    if "proto_tcp" in args:
        protocol, segment = 6, tcp_segment(args["proto_tcp"], index)
    else:
        message = dns_message(args["proto_dns"])
        segment = udp_segment(src, dst, args["src_port"], args["dst_port"], message)
        protocol = 17
    is_ours = args["src"] == LOCAL_ADDRESS
    macs = ROUTER_MAC + LOCAL_MAC if is_ours else LOCAL_MAC + ROUTER_MAC
    return macs + b"\x08\x00" + ip_packet(src, dst, protocol, is_ours, index, segment)


def main():
    lines = (HERE / "lines.jsonl").read_text(encoding="utf-8").splitlines()
    # Nanosecond magic, version 2.4, snapshot length, Ethernet.
    pcap = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
    for index, text in enumerate(lines):
        line = json.loads(text)
        data = frame(line, index)
        seconds, nanoseconds = divmod(line["timestamp"], 10**9)
        pcap += struct.pack("<4I", seconds, nanoseconds, len(data), len(data)) + data
    (HERE / "reference.pcap").write_bytes(pcap)


if __name__ == "__main__":
    main()
