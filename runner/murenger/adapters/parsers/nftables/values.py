"""Values of nftables fields: which integers a value, prefix, range or name stands for.

Input: JSON as libnftables writes it. Output: interval sets. Source: nft(8) 1.0.6 and IANA's registries of protocol
numbers, ICMP types and codes; nft names code 0 of any ICMP type `net-unreachable`, so a name is its number, no more.
"""

import dataclasses
import ipaddress
from collections.abc import Mapping
from types import MappingProxyType

from murenger.model.json_value import JsonValue
from murenger.semantics.intervals import NOTHING, IntervalSet

MAX_SPANS = 4_096
"""A mask that stands for more intervals than this is not expanded."""

MAX_ENUMERATED = 255
"""The highest value of a field whose values are tried one by one under a mask."""

JsonObject = Mapping[str, JsonValue]

_PROTOCOLS = MappingProxyType(
    {
        "ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "ipv4": 4, "ipip": 4, "st": 5, "tcp": 6,
        "egp": 8, "igp": 9, "pup": 12, "udp": 17, "hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33,
        "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46,
        "gre": 47, "esp": 50, "ipsec-esp": 50, "ah": 51, "ipsec-ah": 51, "skip": 57, "ipv6-icmp": 58, "icmpv6": 58,
        "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89, "ospfigp": 89,
        "ax.25": 93, "etherip": 97, "encap": 98, "pim": 103, "ipcomp": 108, "comp": 108, "vrrp": 112, "l2tp": 115,
        "isis": 124, "sctp": 132, "fc": 133, "mobility-header": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138,
        "hip": 139, "shim6": 140, "wesp": 141, "rohc": 142, "ethernet": 143,
    }
)  # fmt: skip
_ICMP_TYPES = MappingProxyType(
    {
        "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
        "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12,
        "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16,
        "address-mask-request": 17, "address-mask-reply": 18,
    }
)  # fmt: skip
_ICMP_CODES = MappingProxyType(
    {
        "net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
        "net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13,
    }
)  # fmt: skip
_ICMPV6_TYPES = MappingProxyType(
    {
        "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4,
        "echo-request": 128, "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131,
        "mld-listener-done": 132, "mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134,
        "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138,
        "ind-neighbor-solicit": 141, "ind-neighbor-advert": 142, "mld2-listener-report": 143,
    }
)  # fmt: skip
_ICMPV6_CODES = MappingProxyType(
    {
        "no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5,
        "reject-route": 6,
    }
)  # fmt: skip
_STATES = MappingProxyType({"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64})
_TCP_FLAGS = MappingProxyType(
    {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "ece": 64, "cwr": 128}
)
_OCTETS = MappingProxyType({str(octet): octet for octet in range(256)})
_ETHERTYPES = MappingProxyType({"ip": 0x0800, "arp": 0x0806, "ip6": 0x86DD, "vlan": 0x8100, "8021q": 0x8100})


class UnknownValueError(ValueError):
    """A value that cannot be told; what uses it becomes opaque."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A type of values.

    Attributes:
        types: nft's names of it, as sets declare it.
        top: the highest value.
        names: value of each symbolic name.
    """

    types: frozenset[str]
    top: int
    names: Mapping[str, int]


def _kind(types: str, top: int, names: Mapping[str, int] = MappingProxyType({})) -> Kind:
    return Kind(frozenset(types.split()), top, names)


IPV4_ADDRESS = _kind("ipv4_addr", (1 << 32) - 1)
IPV6_ADDRESS = _kind("ipv6_addr", (1 << 128) - 1)
PORT = _kind("inet_service", 65_535)
PROTOCOL = _kind("inet_proto", 255, _PROTOCOLS)
ICMP_TYPE = _kind("icmp_type", 255, _ICMP_TYPES)
ICMP_CODE = _kind("icmp_code", 255, _ICMP_CODES)
ICMPV6_TYPE = _kind("icmpv6_type", 255, _ICMPV6_TYPES)
ICMPV6_CODE = _kind("icmpv6_code", 255, _ICMPV6_CODES)
STATE = _kind("ct_state", 127, _STATES)
TCP_FLAG = _kind("tcp_flag", 255, _TCP_FLAGS)
NF_PROTO = _kind("nf_proto", 255, MappingProxyType({"ipv4": 2, "ipv6": 10}))
ETHERTYPE = _kind("ether_type", 65_535, _ETHERTYPES)


def spans(value: JsonValue, kind: Kind) -> IntervalSet:
    """Return what a value, prefix, range, or combination of flags stands for.

    Raises:
        UnknownValueError: nobody here knows.
    """
    if isinstance(value, dict):
        if len(value) != 1:
            raise UnknownValueError
        if "prefix" in value:
            return _prefix(value["prefix"], kind)
        if "range" in value:
            ends = value["range"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise UnknownValueError
            low, high = number(ends[0], kind), number(ends[1], kind)
            if low > high:
                raise UnknownValueError
            return IntervalSet(((low, high),))
    if value == "*":
        return IntervalSet(((0, kind.top),))
    return IntervalSet.single(number(value, kind))


def number(value: JsonValue, kind: Kind) -> int:
    """Return the integer of one value: a number, a name, an address, or flags joined by `|` or listed.

    Raises:
        UnknownValueError: nobody here knows.
    """
    if isinstance(value, dict) and len(value) == 1 and "|" in value:
        value = value["|"]
    if isinstance(value, list):
        if kind not in (STATE, TCP_FLAG):
            raise UnknownValueError
        found = 0
        for one in value:
            found |= number(one, kind)
        return found
    if isinstance(value, str):
        found = _named(value, kind)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    else:
        raise UnknownValueError
    if not 0 <= found <= kind.top:
        raise UnknownValueError
    return found


def _named(name: str, kind: Kind) -> int:
    if kind is IPV4_ADDRESS:
        try:
            first, second, third, fourth = name.split(".", 4)
            return _OCTETS[first] << 24 | _OCTETS[second] << 16 | _OCTETS[third] << 8 | _OCTETS[fourth]
        except (KeyError, ValueError):
            raise UnknownValueError from None
    if kind is IPV6_ADDRESS:
        try:
            address = ipaddress.IPv6Address(name)
        except ValueError:
            raise UnknownValueError from None
        if address.scope_id is not None:
            raise UnknownValueError
        return int(address)
    try:
        return kind.names[name]
    except KeyError:
        pass
    if len(name) > 20:
        raise UnknownValueError
    try:
        return int(name, 16) if name.startswith("0x") else int(name) if name.isdecimal() else _unknown()
    except ValueError:
        raise UnknownValueError from None


def _unknown() -> int:
    raise UnknownValueError


def _prefix(value: JsonValue, kind: Kind) -> IntervalSet:
    if not isinstance(value, dict) or set(value) != {"addr", "len"}:
        raise UnknownValueError
    bits, length = kind.top.bit_length(), value["len"]
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= bits:
        raise UnknownValueError
    free = (1 << (bits - length)) - 1
    address = number(value["addr"], kind)
    return IntervalSet(((address & ~free, address | free),))


def masked(mask: int, value: int, kind: Kind) -> IntervalSet:
    """Return the numbers whose bits under a mask are those of a value.

    Raises:
        UnknownValueError: they are too many intervals.
    """
    if value & ~mask:
        return NOTHING
    free = kind.top & ~mask
    run = ((free + 1) & -(free + 1)).bit_length() - 1
    low = (1 << run) - 1
    others = free & ~low
    if 1 << others.bit_count() > MAX_SPANS:
        raise UnknownValueError
    found, part = [], others
    while True:
        found.append((value | part, value | part | low))
        if not part:
            return IntervalSet.of(*found)
        part = (part - 1) & others


def bits(mask: int, kind: Kind, *, some: bool) -> IntervalSet:
    """Return the numbers that have some of a mask's bits, or none of them.

    Raises:
        UnknownValueError: the field has too many values.
    """
    if kind.top > MAX_ENUMERATED:
        raise UnknownValueError
    return IntervalSet.of(*((n, n) for n in range(kind.top + 1) if bool(n & mask) is some))
