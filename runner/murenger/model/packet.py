"""A packet: one concrete example of traffic, as `murenger trace` reads it and every witness is printed.

Input: the fields of a packet, or a JSON object. Output: a `Packet`, and its JSON object.
"""

import dataclasses
import ipaddress
from collections.abc import Mapping
from types import MappingProxyType

from murenger.model.json_value import JsonValue

PROTOCOLS = MappingProxyType(
    {
        "icmp": 1,
        "igmp": 2,
        "ipip": 4,
        "tcp": 6,
        "udp": 17,
        "dccp": 33,
        "gre": 47,
        "esp": 50,
        "ah": 51,
        "icmpv6": 58,
        "eigrp": 88,
        "ospf": 89,
        "pim": 103,
        "vrrp": 112,
        "sctp": 132,
        "udplite": 136,
    }
)
"""Names that are read and written; any other protocol is a number, 0..255. Source: IANA protocol numbers."""

PORT_PROTOCOLS = frozenset({6, 17, 33, 132, 136})
"""Protocols that have ports: TCP, UDP, DCCP, SCTP, UDP-Lite."""

ICMP = 1
TCP = 6
ICMPV6 = 58
IPV4 = 4
STATES = ("new", "established", "related", "invalid", "untracked")
SYN, ESTABLISHED_FLAGS, OTHER_FLAGS = "syn", "ack", "none"
"""The three classes of TCP flags that rules tell apart: SYN without ACK and RST; ACK or RST set; anything else."""

_NAMES = MappingProxyType({number: name for name, number in PROTOCOLS.items()})
_FIELDS = frozenset({"in", "out", "acl", "src", "dst", "proto", "sport", "dport", "type", "code", "flags", "state"})
_LETTERS = MappingProxyType({"S": "syn", "A": "ack", "R": "rst", "F": "fin", "P": "psh", "U": "urg"})
_MAX_NAME = 256
_OCTETS = {str(number): number for number in range(256)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One well-formed packet and where it passes.

    Attributes:
        family: 4 or 6.
        src: source address as an integer.
        dst: destination address as an integer.
        proto: IP protocol, 0..255.
        sport: source port; ICMP: type; 0 for protocols without ports.
        dport: destination port; ICMP: code; 0 for protocols without ports.
        flags: class of the TCP flags: `syn`, `ack` (ACK or RST set) or `none` (anything else); `none` unless TCP.
        state: connection state: new, established, related, invalid or untracked.
        ingress: interface or zone it comes in by, or "" where the device itself sends it.
        egress: interface or zone it leaves by, or "" where it is for the device itself.
        acl: name of a list that it is held against, bound or not; "" for the path that ingress and egress describe.
    """

    family: int
    src: int
    dst: int
    proto: int
    sport: int = 0
    dport: int = 0
    flags: str = OTHER_FLAGS
    state: str = "new"
    ingress: str = ""
    egress: str = ""
    acl: str = ""


def protocol_name(number: int) -> str:
    """Return a protocol's name, or its number where it has none here."""
    return _NAMES.get(number, str(number))


def packet_to_json(packet: Packet) -> dict[str, JsonValue]:
    """Return a packet as the JSON object that `packet_from_json` reads."""
    address = ipaddress.IPv4Address if packet.family == IPV4 else ipaddress.IPv6Address
    places = (("acl", packet.acl), ("in", packet.ingress), ("out", packet.egress))
    said: dict[str, JsonValue] = {name: value for name, value in places if value}
    # In an IPv6 packet `icmp` is read as ICMPv6, as people mean it; ICMP itself is then its number.
    is_stray_icmp = packet.proto == ICMP and packet.family != IPV4
    proto = str(ICMP) if is_stray_icmp else protocol_name(packet.proto)
    said |= {"src": str(address(packet.src)), "dst": str(address(packet.dst)), "proto": proto}
    if packet.proto in PORT_PROTOCOLS:
        said |= {"sport": packet.sport, "dport": packet.dport}
    if _is_icmp(packet.family, packet.proto):
        said |= {"type": packet.sport, "code": packet.dport}
    if packet.proto == TCP:
        said["flags"] = packet.flags
    return {**said, "state": packet.state}


def packet_from_json(said: Mapping[str, object]) -> Packet:
    """Return the packet that a JSON object describes.

    Without `state` it is new; a TCP packet without `flags` is a SYN if new, else an ACK; ports left out are 40000 -> 0,
    an ICMP message without `type` is an echo request.

    Args:
        said: fields `src`, `dst` (addresses of one family), `proto` (name or number), `sport`, `dport`, `type`, `code`,
            `flags` (`syn`, `ack`, `rst`, `none`, several as "syn,ack", or letters as "SA"), `state`, `in`, `out`,
            `acl`.

    Raises:
        ValueError: one clear line that names the field.
    """
    if not said.keys() <= _FIELDS:
        unknown = min(said.keys() - _FIELDS)
        raise ValueError(f"unknown field {unknown!r}: the fields are {', '.join(sorted(_FIELDS))}")
    family, src = _address(said.get("src"), "src")
    family_of_dst, dst = _address(said.get("dst"), "dst")
    if family != family_of_dst:
        raise ValueError("src and dst are of different address families")
    proto = _protocol(said.get("proto"), family)
    state = said.get("state", "new")
    if not isinstance(state, str) or state not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}")
    sport, dport = _ports(said, family, proto)
    return Packet(
        family=family,
        src=src,
        dst=dst,
        proto=proto,
        sport=sport,
        dport=dport,
        flags=_flags(said, proto, state),
        state=state,
        ingress=_name(said, "in"),
        egress=_name(said, "out"),
        acl=_name(said, "acl"),
    )


def _is_icmp(family: int, proto: int) -> bool:
    return (family, proto) in ((IPV4, ICMP), (6, ICMPV6))


def _address(value: object, field: str) -> tuple[int, int]:
    """Return family and number of an address; the plain way first, for there may be millions of them."""
    if not isinstance(value, str):
        raise ValueError(f"{field} must be an IPv4 or IPv6 address")  # noqa: TRY004 - bad input, not a bad call
    try:
        one, two, three, four = value.split(".")
        return IPV4, _OCTETS[one] << 24 | _OCTETS[two] << 16 | _OCTETS[three] << 8 | _OCTETS[four]
    except (ValueError, KeyError):
        return _any_address(value, field)


def _any_address(value: str, field: str) -> tuple[int, int]:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise ValueError(f"{field} must be an IPv4 or IPv6 address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise ValueError(f"{field} must not have a scope")
    return address.version, int(address)


def _protocol(value: object, family: int) -> int:
    if value == "tcp":
        return TCP
    if isinstance(value, str):
        name = value.lower()
        name = "icmpv6" if name in {"icmp6", "ipv6-icmp"} or (name == "icmp" and family != IPV4) else name
        if name in PROTOCOLS:
            return PROTOCOLS[name]
        value = int(name) if name.isdecimal() and len(name) <= 3 else None  # noqa: PLR2004 - up to 255
    return _integer(value, "proto", 255)


def _integer(value: object, field: str, top: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= top:
        raise ValueError(f"{field} must be a number from 0 to {top}" + (" or a name" if field == "proto" else ""))
    return value


def _ports(said: Mapping[str, object], family: int, proto: int) -> tuple[int, int]:
    has_ports, is_icmp = proto in PORT_PROTOCOLS, _is_icmp(family, proto)
    for field, allowed in (("sport", has_ports), ("dport", has_ports), ("type", is_icmp), ("code", is_icmp)):
        if field in said and not allowed:
            raise ValueError(f"protocol {protocol_name(proto)} has no {field} over IPv{family}")
    if has_ports:
        return _integer(said.get("sport", 40000), "sport", 65535), _integer(said.get("dport", 0), "dport", 65535)
    if is_icmp:
        request = 8 if family == IPV4 else 128
        return _integer(said.get("type", request), "type", 255), _integer(said.get("code", 0), "code", 255)
    return 0, 0


def _flags(said: Mapping[str, object], proto: int, state: str) -> str:
    if proto != TCP:
        if "flags" in said:
            raise ValueError(f"protocol {protocol_name(proto)} has no flags")
        return OTHER_FLAGS
    value = said.get("flags", SYN if state == "new" else ESTABLISHED_FLAGS)
    if value in (SYN, ESTABLISHED_FLAGS):
        return str(value)
    words = value.replace("|", ",").replace(" ", ",").split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError('flags must be text such as "syn,ack" or "SA"')
    if len(words) == 1 and words[0] and set(words[0]) <= set(_LETTERS):
        words = [_LETTERS[letter] for letter in words[0]]
    given = {word.lower() for word in words if word} - {OTHER_FLAGS}
    strange = given - set(_LETTERS.values()) - {"ecn", "cwr", "ece"}
    if strange:
        raise ValueError(f"unknown TCP flag {min(strange)!r}")
    if given & {"ack", "rst"}:
        return ESTABLISHED_FLAGS
    return SYN if "syn" in given else OTHER_FLAGS


def _name(said: Mapping[str, object], field: str) -> str:
    value = said.get(field, "")
    if not isinstance(value, str) or len(value) > _MAX_NAME:
        raise ValueError(f"{field} must be a name")
    return value
