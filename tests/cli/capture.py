# SPDX-License-Identifier: Apache-2.0
"""The capture that the command-line tests replay, made byte by byte. Packet N (from
1) is stamped N seconds after 1970, which is how a test tells which ones came out."""
import struct


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(source, target, protocol, payload, ttl=64):
    addresses = bytes(map(int, f"{source}.{target}".split(".")))
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0x4000, ttl, protocol, 0)
    return head[:10] + struct.pack("!H", checksum(head + addresses)) + addresses + payload


def ipv6(source, target, protocol, payload):
    """Addresses fd00::SOURCE and fd00::TARGET."""
    address = [b"\xfd" + bytes(14) + bytes([last]) for last in (source, target)]
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + b"".join(address) + payload


def tcp(source, target, flags, payload=b"", seq=1):
    return struct.pack("!HHIIBBHHH", source, target, seq, 1, 5 << 4, flags, 1000, 0, 0) + payload


def udp(source, target, payload):
    return struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def dns(identity, flags, question, kind, records=()):
    head = struct.pack("!HHHHHH", identity, flags, 1, len(records), 0, 0)
    answers = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", of, 1, ttl, len(data)) + data
                       for of, ttl, data in records)
    return head + name(question) + struct.pack("!HH", kind, 1) + answers


SYN, PSH_ACK, SYN_ACK = 0x02, 0x18, 0x12
A, MX = 1, 15
REQUEST = (b"GET /index.html?q=1 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/8.1\r\n"
           b"Accept: */*\r\n\r\n")
RESPONSE = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"
PACKETS = (
    ipv4("10.0.0.1", "10.0.0.2", 6, tcp(40000, 80, SYN, seq=0)),                        # 1
    ipv4("10.0.0.2", "10.0.0.1", 6, tcp(80, 40000, SYN_ACK, seq=0), ttl=60),            # 2
    ipv4("10.0.0.1", "10.0.0.2", 6, tcp(40000, 80, PSH_ACK, REQUEST)),                  # 3
    ipv4("10.0.0.2", "10.0.0.1", 6, tcp(80, 40000, PSH_ACK, RESPONSE), ttl=60),         # 4
    ipv4("10.0.0.1", "10.9.9.9", 17, udp(5000, 53, dns(1, 0x0100, "www.example.com", A))),  # 5
    ipv4("10.9.9.9", "10.0.0.1", 17, udp(53, 5000, dns(1, 0x8180, "www.example.com", A, (  # 6
        (A, 60, bytes((192, 0, 2, 1))), (A, 60, bytes((192, 0, 2, 2))))))),
    ipv4("10.9.9.9", "10.0.0.1", 17, udp(53, 5001, dns(2, 0x8183, "mail.example.org", MX, (  # 7
        (MX, 30, struct.pack("!H", 10) + name("mx.example.org")),)))),
    ipv4("10.0.0.1", "172.16.0.9", 17, udp(1234, 9999, b"payload"), ttl=1),             # 8
    ipv4("10.0.0.1", "10.0.0.2", 1, struct.pack("!BBHHH", 8, 0, 0, 77, 3)),             # 9
    ipv6(1, 2, 17, udp(1234, 9999, b"payload")),                                        # 10
    ipv6(1, 2, 58, struct.pack("!BBHHH", 128, 0, 0, 77, 3)),                            # 11
)


def pcap(packets=PACKETS, link=101):
    """101: raw IP."""
    head = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack("<IIII", second, 0, len(packet), len(packet)) + packet
                           for second, packet in enumerate(packets, 1))
