"""Probes: packets as the model sees them, with the frames that put a real one of the kind on the wire.

Input: the fields of a packet. Output: its frames, and those that must have passed before for its connection state.
"""

import dataclasses
import ipaddress
import struct

from murenger.model.packet import Packet

from . import topology

TCP, UDP, ICMP, ICMPV6, GRE, ESP = 6, 17, 1, 58, 47, 50
PROTOCOLS = {4: (TCP, UDP, ICMP, GRE, ESP), 6: (TCP, UDP, ICMPV6, GRE, ESP)}
_MAGIC = b"MRGR"
_ICMP_REPLIES = {4: {0: 8, 14: 13, 16: 15, 18: 17}, 6: {129: 128}}
_ICMP_REQUESTS = {4: frozenset({8, 13, 15, 17}), 6: frozenset({128, 139})}
_ICMP_ERRORS = {4: frozenset({3, 11, 12}), 6: frozenset({1, 2, 3, 4})}
_ICMPV6_UNTRACKED = frozenset({130, 131, 132, 133, 134, 135, 136, 143})
# Source: RFC 9293, 3.1, and which combinations conntrack takes for a packet at all.
_FLAGS = {
    "syn": (0x02, 0x22, 0x42, 0x03),
    "ack": (0x10, 0x12, 0x18, 0x11, 0x14, 0x04),
    "none": (0x00, 0x01, 0x20, 0x08),
}
_OPENING_FLAGS = frozenset({0x02, 0x22, 0x42})
_SYN, _SYN_ACK, _ACK = 0x02, 0x12, 0x10

Frame = tuple[int, str]
"""Number of the link that it is sent into, and its bytes as hexadecimal digits."""

Tuples = list[tuple[object, ...]]
Made = tuple[str, str, int, int, bytes, list[Frame], Tuples]
"""State, class of flags, source and destination port, what follows the IP header, frames before, tuples."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One packet.

    Attributes:
        packet: as the model sees it.
        frame: what is sent.
        before: what is sent while everything is still let through.
        tuples: what identifies its connection, both ways; no other probe may share it.
    """

    packet: Packet
    frame: Frame
    before: tuple[Frame, ...]
    tuples: tuple[object, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A packet that would be good to have; its state and egress may turn out otherwise."""

    family: int
    src: int
    dst: int
    proto: int
    sport: int
    dport: int
    variant: int
    ingress: str
    has_connection: bool


def probe(wish: Wish, index: int) -> Probe | None:
    """Return the packet nearest to a wish, or None where the kernel would not route it."""
    own = topology.OWN[wish.family]
    usable = all(topology.is_usable(wish.family, address) for address in (wish.src, wish.dst))
    if not usable or wish.src in own:
        return None
    egress = topology.egress_of(wish.family, wish.dst)
    made = _MAKERS.get(wish.proto, _plain)(wish, index, is_local=not egress)
    if made is None:
        return None
    state, flags, sport, dport, payload, before, tuples = made
    packet = Packet(
        family=wish.family,
        src=wish.src,
        dst=wish.dst,
        proto=wish.proto,
        sport=sport,
        dport=dport,
        flags=flags,
        state=state,
        ingress=wish.ingress,
        egress=egress,
    )
    frame = _frame(wish, (wish.src, wish.dst), payload, wish.ingress)
    return Probe(packet=packet, frame=frame, before=tuple(before), tuples=tuple(tuples))


def _mark(index: int) -> bytes:
    return _MAGIC + struct.pack("!I", index) + bytes(4)


def _frame(wish: Wish, addresses: tuple[int, int], payload: bytes, link: str, proto: int = 0) -> Frame:
    number = topology.INTERFACES.index(link)
    ethernet = bytes.fromhex((topology.mac(0, number) + topology.mac(1, number)).replace(":", ""))
    kind = b"\x08\x00" if wish.family == 4 else b"\x86\xdd"
    return number, (ethernet + kind + _ip(wish.family, *addresses, proto or wish.proto, payload)).hex()


def _ip(family: int, src: int, dst: int, proto: int, payload: bytes) -> bytes:
    if family == 6:
        addresses = src.to_bytes(16, "big") + dst.to_bytes(16, "big")
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, 64) + addresses + payload
    head = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(payload), 1, 0x4000, 64, proto, 0, src, dst)
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + payload


def _checksum(content: bytes) -> int:
    total = sum(struct.unpack(f"!{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _tcp(sport: int, dport: int, flags: int, numbers: tuple[int, int], content: bytes = b"") -> bytes:
    # The checksum is wrong on purpose: routers do not look, and a host drops the segment before it would answer.
    return struct.pack("!HHIIBBHHH", sport, dport, *numbers, 0x50, flags, 65535, 0xDEAD, 0) + content


def _udp(sport: int, dport: int, content: bytes = b"") -> bytes:
    return struct.pack("!HHHH", sport, dport, 8 + len(content), 0xDEAD) + content


def _of_tcp(wish: Wish, index: int, *, is_local: bool) -> Made:
    """A connection is opened from the other side, so that the probe is its reply."""
    flags = _FLAGS[("syn", "ack", "none")[wish.variant % 3]][wish.variant // 3 % 4]
    name = "ack" if flags & 0x14 else "syn" if flags & 0x02 else "none"
    sport, dport, mark = wish.sport, wish.dport, _mark(index)
    tuples = _both(wish, sport, dport)
    if name == "ack" and wish.has_connection and not is_local:
        opener = _back(wish, _tcp(dport, sport, _SYN, (1000, 0)))
        if flags == _SYN_ACK:
            return "established", name, sport, dport, _tcp(sport, dport, flags, (5000, 1001), mark), [opener], tuples
        answer = _frame(wish, (wish.src, wish.dst), _tcp(sport, dport, _SYN_ACK, (5000, 1001)), wish.ingress)
        last = _back(wish, _tcp(dport, sport, _ACK, (1001, 5001)))
        payload = _tcp(sport, dport, flags, (5001, 1001), mark)
        return "established", name, sport, dport, payload, [opener, answer, last], tuples
    state = "new" if flags in _OPENING_FLAGS else "invalid"
    return state, name, sport, dport, _tcp(sport, dport, flags, (1000, 0), mark), [], tuples


def _of_udp(wish: Wish, index: int, *, is_local: bool) -> Made:
    payload = _udp(wish.sport, wish.dport, _mark(index))
    tuples = _both(wish, wish.sport, wish.dport)
    if wish.has_connection and not is_local:
        before = [_back(wish, _udp(wish.dport, wish.sport))]
        if wish.variant % 2:
            # The probe is of the direction that opened the connection, and has been answered.
            opener = _frame(wish, (wish.src, wish.dst), _udp(wish.sport, wish.dport), wish.ingress)
            before = [opener, *before]
        return "established", "none", wish.sport, wish.dport, payload, before, tuples
    return "new", "none", wish.sport, wish.dport, payload, [], tuples


def _of_icmp(wish: Wish, index: int, *, is_local: bool) -> Made:
    kind, code = wish.sport & 0xFF, wish.dport & 0xFF
    replies, errors = _ICMP_REPLIES[wish.family], _ICMP_ERRORS[wish.family]
    identity = struct.pack("!HH", index & 0xFFFF, index >> 16)
    content, before, state = _mark(index), [], "invalid"
    if kind in _ICMP_REQUESTS[wish.family]:
        state = "new"
    elif wish.family == 6 and kind in _ICMPV6_UNTRACKED:
        state = "untracked"
    elif kind in replies and wish.has_connection and not is_local:
        state = "established"
        request = bytes((replies[kind], code, 0, 0)) + identity
        before = [_back(wish, _icmp_checked(wish, wish.dst, wish.src, request))]
    elif kind in errors and wish.has_connection and not is_local:
        state = "related"
        port = 20000 + index % 40000
        quoted = _udp(port, 7)
        content = _ip(wish.family, wish.dst, wish.src, UDP, quoted) + content
        before = [_back(wish, quoted, UDP)]
        identity = bytes(4)
    payload = _icmp_checked(wish, wish.src, wish.dst, bytes((kind, code, 0, 0)) + identity + content)
    # Identified by the index alone, or by ports that no other probe uses.
    return state, "none", kind, code, payload, before, [("icmp", index)]


def _icmp_checked(wish: Wish, src: int, dst: int, content: bytes) -> bytes:
    pseudo = b""
    if wish.family == 6:
        pseudo = src.to_bytes(16, "big") + dst.to_bytes(16, "big") + struct.pack("!II", len(content), ICMPV6)
    return content[:2] + struct.pack("!H", _checksum(pseudo + content)) + content[4:]


def _plain(wish: Wish, index: int, *, is_local: bool) -> Made:  # noqa: ARG001 - as the others
    mark = _mark(index)
    payload = struct.pack("!HH", 0, 0x0800) + mark if wish.proto == GRE else struct.pack("!II", index + 1, 1) + mark
    return "new", "none", 0, 0, payload, [], _both(wish, 0, 0)


def _both(wish: Wish, sport: int, dport: int) -> Tuples:
    there, back = (wish.src, sport), (wish.dst, dport)
    return [(wish.proto, there, back), (wish.proto, back, there)]


def _back(wish: Wish, payload: bytes, proto: int = 0) -> Frame:
    """Return a frame of the opposite direction; it comes in by wherever the probe will leave."""
    link = topology.egress_of(wish.family, wish.dst)
    return _frame(wish, (wish.dst, wish.src), payload, link, proto)


_MAKERS = {TCP: _of_tcp, UDP: _of_udp, ICMP: _of_icmp, ICMPV6: _of_icmp}


def text_of(address: int, family: int) -> str:
    """Return an address as text."""
    return str(ipaddress.IPv4Address(address) if family == 4 else ipaddress.IPv6Address(address))
