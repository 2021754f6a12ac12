# SPDX-License-Identifier: Apache-2.0
"""Packets that are made to cost much: each attack is a function that gives its packets, from
their IP headers on, and takes how large it is to be: twice as large must cost twice as much.
"""
import random
import struct

CLIENT, SERVER = b"\x0a\x00\x00\x02", b"\x0a\x00\x00\x01"
SEGMENT = 1448
SYN, ACK, PUSH = 0x02, 0x10, 0x18
NS, TXT, IN = 2, 16, 1


def ip4(protocol, inside, source=CLIENT, target=SERVER, fragment=0, number=0):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(inside), number, fragment, 64, protocol,
                       0, source, target) + inside


def udp(inside, ports=(53, 40000)):
    return ip4(17, struct.pack("!HHHH", *ports, 8 + len(inside), 0) + inside)


def tcp(inside, seq, flags=PUSH, ports=(40000, 80), source=CLIENT, target=SERVER):
    return ip4(6, struct.pack("!HHIIBBHHH", *ports, seq & 0xffffffff, 1, 0x50, flags, 65535, 0, 0)
               + inside, source, target)


def stream(data, size, ports=(40000, 80)):
    """A connection whose client sends `data`, so many bytes a segment."""
    yield tcp(b"", 999, SYN, ports)
    for at in range(0, len(data), size):
        yield tcp(data[at:at + size], 1000 + at, PUSH, ports)


def dns(counts, body, flags=0x8180):
    return struct.pack("!HHHHHH", 7, flags, *counts) + body


QUESTION = b"\x07example\x04test\x00" + struct.pack("!HH", 1, IN)


def dns_long_names(scale):
    """every record's two names are pointers to one of 127 labels"""
    name = b"\x01\x01" * 126 + b"\x00"  # octets that are escaped
    body = name + struct.pack("!HH", NS, IN)
    record = b"\xc0\x0e" + struct.pack("!HHIH", NS, IN, 1, 2) + b"\xc0\x0e"
    count = (60000 - len(body)) // len(record)
    return [udp(dns((1, count, 0, 0), body + record * count)) for _ in range(4 * scale)]


def dns_pointer_maze(scale):
    """names that are 250 pointers long, each record's two"""
    chain = b"".join(struct.pack("!H", 0xc000 | (12 + len(QUESTION) + 11 + 2 * number + 2))
                     for number in range(250)) + b"\x01a\x00"
    body = QUESTION + b"\x00" + struct.pack("!HHIH", 65280, IN, 1, len(chain)) + chain
    start = 12 + len(QUESTION) + 11
    record = struct.pack("!HHHIHH", 0xc000 | start, NS, IN, 1, 2, 0xc000 | start)
    count = (60000 - len(body)) // len(record)
    return [udp(dns((1, count + 1, 0, 0), body + record * count)) for _ in range(20 * scale)]


def dns_loop(scale):
    """a name that points to itself"""
    body = struct.pack("!HHH", 0xc00c, 1, IN)
    return [udp(dns((1, 0, 0, 0), body)) for _ in range(2000 * scale)]


def dns_65535_answers(scale):
    """65,535 answers by the header, as many as 64 KiB hold by the data"""
    record = b"\x00" + struct.pack("!HHIH", 1, IN, 1, 4) + CLIENT
    count = (65000 - len(QUESTION)) // len(record)
    whole = udp(dns((1, 65535, 65535, 65535), QUESTION + record * count))
    return [whole, udp(dns((65535, 65535, 65535, 65535), b""))] * (8 * scale)


def dns_byte_a_segment(scale):
    """DNS over TCP, one byte a segment"""
    record = b"\xc0\x0c" + struct.pack("!HHIH", TXT, IN, 1, 200) + b"\xc7" + b"x" * 199
    message = dns((1, 10 * scale, 0, 0), QUESTION + record * (10 * scale))
    return stream(struct.pack("!H", len(message)) + message, 1, (53, 40000))


def http_pipelined(scale):
    """tiny requests, one behind the other"""
    return stream(b"GET / HTTP/1.1\r\n\r\n" * (5000 * scale), SEGMENT)


def http_byte_a_segment(scale):
    """a head of one byte a segment"""
    fields = b"".join(b"X-%d: y\r\n" % number for number in range(200 * scale))
    return stream(b"GET / HTTP/1.1\r\n" + fields + b"\r\n", 1)


def http_many_names(scale):
    """heads of 4,000 names that differ in their ends only"""
    names = [b"Xxxxxxxxx%04d:\r\n" % number for number in range(4000)]
    random.Random(1).shuffle(names)
    head = b"GET / HTTP/1.1\r\n" + b"".join(names) + b"\r\n"
    return stream(head * (4 * scale), SEGMENT)


def http_folds(scale):
    """a header that goes on for 16,000 lines"""
    head = b"GET / HTTP/1.1\r\nA: x\r\n" + b" y\r\n" * 16000 + b"\r\n"
    return stream(head * (4 * scale), SEGMENT)


def http_chunks(scale):
    """a body in chunks of one byte"""
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    return stream(head + b"1\r\nx\r\n" * (25000 * scale) + b"0\r\n\r\n", SEGMENT)


def fragments_overlap(scale):
    """fragments of 200 datagrams in turn, each over half of the one before"""
    for offset in range(20 * scale):
        for number in range(200):
            yield ip4(17, b"x" * 1480, fragment=0x2000 | (offset % 40) * 92, number=number)


def segments_ahead(scale):
    """256 pieces of one byte ahead of what is due, then one segment over all of them"""
    for number in range(20 * scale):
        start = 1000 + number * 1000
        yield from (tcp(b"x", start + 1 + 2 * piece) for piece in range(256))
        yield tcp(b"y" * 512, start + 1)
        yield tcp(b"z" * 1000, start)


def segments_backwards(scale):
    """pieces of one byte, the last first"""
    for number in range(20 * scale):
        start = 1000 + number * 1000
        yield from (tcp(b"x", start + 512 - 2 * piece) for piece in range(256))
        yield tcp(b"z" * 1000, start)


def flows(scale, spread):
    """Connections with a segment each, from addresses and ports that `spread` gives."""
    for number in range(10000 * scale):
        source, target, ports = spread(number)
        yield tcp(b"x", 1000, ports=ports, source=source, target=target)


def flows_random(scale):
    """connections of any addresses and ports, a segment each"""
    chance = random.Random(2)
    return flows(scale, lambda _: (chance.randbytes(4), chance.randbytes(4),
                                   (chance.randrange(1, 65536), chance.randrange(1, 65536))))


def flows_collide(scale):
    """connections of which every sum and exclusive or of addresses and ports is the same"""
    def spread(number):
        low, high = number & 0xff, number >> 8
        source = bytes((10, 0, high & 0xff, low))
        target = bytes((10, 0, high & 0xff ^ 0xff, low ^ 0xff))
        return source, target, (1024 + (high >> 8), (1024 + (high >> 8)) ^ 0xffff)
    return flows(scale, spread)


def syn_flood(scale):
    """SYNs of any address, and nothing else"""
    chance = random.Random(3)
    return [tcp(b"", 1, SYN, (chance.randrange(1, 65536), 80), chance.randbytes(4))
            for _ in range(10000 * scale)]


def ipv6_chain(scale):
    """a packet of nothing but 8,000 extension headers"""
    chain = b"\x3c\x00\x01\x04\x00\x00\x00\x00" * 8000
    head = struct.pack("!IHBB16s16s", 6 << 28, len(chain), 0x3c, 64, CLIENT * 4, SERVER * 4)
    return [head + chain] * (20 * scale)


def tcp_options(scale):
    """forty bytes of options of one byte"""
    segment = tcp(b"\x01" * 40, 1)
    segment = segment[:32] + b"\xf0" + segment[33:]
    return [segment] * (5000 * scale)


def wildcard_answers(scale):
    """60 answers each for names without number, all with one address, which a detector asks for"""
    for number in range(1000 * scale):
        name = b"\x07n%06d\x04test\x00" % number
        data = struct.pack("!HHIH", 1, IN, 9, 4) + SERVER
        records = b"".join(b"\x04a%03d\xc0\x0c" % answer + data for answer in range(60))
        yield udp(dns((1, 60, 0, 0), name + struct.pack("!HH", 1, IN) + records))


def regex_text(scale):
    """headers of 8 KiB that a pattern tries again and again"""
    chance = random.Random(4)
    for number in range(20 * scale):
        text = bytes(chance.choice(b"ab") for _ in range(8000))
        head = b"GET / HTTP/1.1\r\nX-Bomb: " + text + b"!\r\n\r\n"
        yield tcp(head, 1000, ports=(1024 + number, 80))


def capture(packets):
    """A capture file (link type 101: IP), a microsecond a packet; and how many there are."""
    parts = [struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101)]
    for number, packet in enumerate(packets):
        parts.append(struct.pack("<IIII", 1700000000, number % 1000000, len(packet), len(packet)))
        parts.append(packet)
    return b"".join(parts), max(len(parts) // 2, 1)


def of_ethernet(content):
    """The packets of a capture file of Ethernet frames."""
    at = 24
    while at < len(content):
        size = struct.unpack_from("<I", content, at + 8)[0]
        yield content[at + 16 + 14:at + 16 + size]
        at += 16 + size


ALL = ["--events", "net_packet_*"]
ASKING = ["--events", "net_packet_dns,asks"]
# Detectors that keep something for each name and address that comes by, and look it up.
DETECTORS = """type: detector
id: asks
produced_event: {name: asks, version: 1.0.0, fields: [{name: peer, type: string}]}
requirements: {events: [{name: net_packet_dns}]}
conditions: ['dns.getResponse("10.0.0.1").domains.exists(d, d == "x")']
threshold: {by: [data.proto_dns.questions.name], count: 3, within: 10s}
output: {fields: [{name: peer, expression: data.dst}]}
"""
BOMB = 'data.proto_http.headers["X-Bomb"].matches("%s")'
# Each with what is asked for.
ATTACKS = [(make, ALL) for make in (
    dns_long_names, dns_pointer_maze, dns_loop, dns_65535_answers, dns_byte_a_segment,
    http_pipelined, http_byte_a_segment, http_many_names, http_folds, http_chunks,
    fragments_overlap, segments_ahead, segments_backwards, flows_random, flows_collide, syn_flood,
    ipv6_chain, tcp_options)]
ATTACKS.append((wildcard_answers, ASKING))
ATTACKS += [(regex_text, ["--events", "net_packet_http", "--filter", BOMB % pattern])
            for pattern in ("(a+)+c", "([ab]*)*c", "(a|b)*a(a|b){14}c")]
