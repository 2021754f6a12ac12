#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpora from tests/captures: IP packets, DNS messages and HTTP
heads of real traffic, one file each, named by content. Run it after make.sh."""
import hashlib
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
PER_TARGET = 40


def packets(path):
    """IP packets of a classic little-endian Ethernet capture"""
    data = path.read_bytes()
    if data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        return
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        frame = data[at + 16 : at + 16 + size]
        at += 16 + size
        if frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
            yield frame[14:]


def payload(packet):
    """(protocol, ports, payload) of an unfragmented packet without extensions"""
    if packet[0] >> 4 == 4:
        protocol, l4 = packet[9], packet[(packet[0] & 15) * 4 : struct.unpack_from(">H", packet, 2)[0]]
    else:
        protocol, l4 = packet[6], packet[40 : 40 + struct.unpack_from(">H", packet, 4)[0]]
    if protocol == 17:
        return protocol, struct.unpack_from(">HH", l4), l4[8:]
    if protocol == 6:
        return protocol, struct.unpack_from(">HH", l4), l4[(l4[12] >> 4) * 4 :]
    return protocol, (0, 0), b""


def write(target, inputs):
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    distinct = sorted(set(inputs), key=lambda x: (len(x), x))
    step = max(1, len(distinct) // PER_TARGET)
    for data in distinct[::step][:PER_TARGET]:
        (folder / hashlib.sha1(data).hexdigest()[:12]).write_bytes(data)


def main():
    ip, dns, http = [], [], []
    for path in sorted((HERE.parent / "captures").glob("*.pcap")):
        for packet in packets(path):
            if len(packet) > 2000:
                continue
            ip.append(packet)
            protocol, ports, data = payload(packet)
            if protocol == 17 and 53 in ports:
                dns.append(data)
            if protocol == 6 and 80 in ports and data:
                http.append(data)
    write("packet", ip)
    write("dns", dns)
    write("http", http)
    write("selection", [b"event", b"-event", b"tag=default", b"event.data.src=10.0.0.0/8,fe80::*",
                        b"event.data.src_port>=1024\nevent.data.src_port!=0x50,80-90",
                        b"event.data.flag=true", b"event.data.length=-5--1",
                        b"event.data.name=*x*", b"event.data.map.User-Agent!=curl*", b"ev*"])


main()
