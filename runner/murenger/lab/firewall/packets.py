"""Numbered packets: made on one side of the lab firewall, recognised on the other.

Input: flows, each a pair of namespaces and a service. Output: whole IP packets that carry their flow's place and a
number of their own. Each is the first of a connection of its own, so that rules decide about it and not the connection
table.
"""

import dataclasses
import ipaddress
import struct

from murenger.lab.failure import LabError
from murenger.lab.firewall import topology
from murenger.lab.firewall.values import IPV4, IPV6

SYN, ACK, UDP, ICMP = "syn", "ack", "udp", "icmp"
PROTOCOLS = (SYN, ACK, UDP, ICMP)
_MAGIC = b"murenger"
_NUMBER = struct.Struct("!8sHIH")
_FIRST_PORT, _PORTS, _LAST_PORT = 20000, 40000, 65535
_TCP_FLAGS = {SYN: 0x02, ACK: 0x10}
_TCP, _UDP = 6, 17
_ECHO = {IPV4: 8, IPV6: 128}
_ICMP = {IPV4: 1, IPV6: 58}
_HOPS = 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One kind of packet that is sent again and again.

    Attributes:
        name: what a report calls it.
        source: namespace that sends.
        target: namespace whose host is meant.
        protocol: `syn` (opens a TCP connection), `ack` (pretends to be in one), `udp` or `icmp` (an echo request).
        port: destination port, 1 to 65535; of no meaning for `icmp`.
        version: 4 or 6.
        share: packets in each round of all flows, > 0.

    Raises:
        LabError: a namespace, protocol, port, version or share does not exist.
    """

    name: str
    source: str
    target: str
    protocol: str = SYN
    port: int = 0
    version: int = IPV4
    share: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        topology.segment(self.source)
        topology.segment(self.target)
        if self.protocol not in PROTOCOLS:
            raise LabError(f"no protocol called {self.protocol!r}", hint=f"one of {', '.join(PROTOCOLS)}")
        if self.version not in (IPV4, IPV6) or self.share < 1 or not 0 <= self.port <= _LAST_PORT:
            raise LabError(f"the flow {self.name} has a port, version or share that does not exist")

    @property
    def addresses(self) -> tuple[str, str]:
        """Where its packets come from and go to."""
        source, target = topology.segment(self.source), topology.segment(self.target)
        return (source.host6, target.host6) if self.version == IPV6 else (source.host, target.host)


def packet(flow: Flow, place: int, number: int) -> bytes:
    """Make one packet.

    Args:
        flow: what kind.
        place: which flow of a stream this is, 0 to 65535.
        number: which packet of the flow, 0 to 2**32 - 1.

    Returns:
        The IP packet with its header.
    """
    source, target = (ipaddress.ip_address(text).packed for text in flow.addresses)
    payload = _NUMBER.pack(_MAGIC, place, number, 0)
    port = _FIRST_PORT + number % _PORTS
    protocol = {UDP: _UDP, ICMP: _ICMP[flow.version]}.get(flow.protocol, _TCP)
    body = _body(flow, port, number, payload)
    at = {_TCP: 16, _UDP: 6}.get(protocol, 2)
    # ICMP of IPv4 alone has a checksum over nothing but itself.
    pseudo = b"" if protocol == _ICMP[IPV4] else source + target + struct.pack("!II", len(body), protocol)
    body = body[:at] + struct.pack("!H", _checksum(pseudo + body)) + body[at + 2 :]
    return _header(flow.version, protocol, len(body), source, target) + body


def _body(flow: Flow, port: int, number: int, payload: bytes) -> bytes:
    if flow.protocol == UDP:
        return struct.pack("!HHHH", port, flow.port, 8 + len(payload), 0) + payload
    if flow.protocol == ICMP:
        return struct.pack("!BBHHH", _ECHO[flow.version], 0, 0, port, number & 0xFFFF) + payload
    flags = _TCP_FLAGS[flow.protocol]
    return struct.pack("!HHIIBBHHH", port, flow.port, number, number, 5 << 4, flags, 65535, 0, 0) + payload


def _header(version: int, protocol: int, length: int, source: bytes, target: bytes) -> bytes:
    if version == IPV6:
        return struct.pack("!IHBB", 6 << 28, length, protocol, _HOPS) + source + target
    # The kernel fills in identification and checksum.
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, _HOPS, protocol, 0) + source + target


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def recognise(data: bytes) -> tuple[int, int] | None:
    """Tell which packet this is.

    Args:
        data: a captured packet; what comes before the payload is of no interest.

    Returns:
        Place of the flow and number of the packet, or None if it is none of ours.
    """
    if len(data) < _NUMBER.size or data[-_NUMBER.size : -_NUMBER.size + len(_MAGIC)] != _MAGIC:
        return None
    _, place, number, _ = _NUMBER.unpack_from(data, len(data) - _NUMBER.size)
    return place, number
