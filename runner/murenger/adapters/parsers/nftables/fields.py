"""Fields: where in the rule model each field that an nftables rule looks at is.

Input: the left side of a match. Output: a `Field`, or the box that a rule implies by looking at a header.
"""

import dataclasses
from types import MappingProxyType

from murenger.adapters.parsers.nftables import values
from murenger.adapters.parsers.nftables.boxes import ALL, FAMILY_4, FAMILY_6, Box
from murenger.adapters.parsers.nftables.document import text_of
from murenger.adapters.parsers.nftables.values import Kind
from murenger.model.json_value import JsonValue
from murenger.semantics.intervals import IntervalSet


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field that the rule model has.

    Attributes:
        slot: which dimension it is: src, dst, proto, sport, dport, or one that needs care: th-sport, th-dport, family,
            ethertype, state, flags, ingress, egress.
        kind: type of its values; None for interfaces.
        implied: what a rule that looks at it implies.
    """

    slot: str
    kind: Kind | None
    implied: Box = ALL


def _proto(number: int, family: int = FAMILY_4 | FAMILY_6) -> Box:
    return Box(family=family, proto=IntervalSet.single(number))


_HEADERS = MappingProxyType(
    {
        "ip": Box(family=FAMILY_4),
        "ip6": Box(family=FAMILY_6),
        "tcp": _proto(6),
        "udp": _proto(17),
        "dccp": _proto(33),
        "sctp": _proto(132),
        "udplite": _proto(136),
        "icmp": _proto(1, FAMILY_4),
        "igmp": _proto(2, FAMILY_4),
        "icmpv6": _proto(58, FAMILY_6),
        "esp": _proto(50),
        "ah": _proto(51),
        "comp": _proto(108),
    }
)
"""What a rule implies by looking at a header; seen in what nft 1.0.6 hands to the kernel."""

_OPTIONS = MappingProxyType(
    {
        "exthdr": Box(family=FAMILY_6),
        "ip option": Box(family=FAMILY_4),
        "tcp option": _HEADERS["tcp"],
        "sctp chunk": _HEADERS["sctp"],
        "dccp option": _HEADERS["dccp"],
    }
)
_PAYLOAD = MappingProxyType(
    {
        ("ip", "saddr"): Field("src", values.IPV4_ADDRESS, _HEADERS["ip"]),
        ("ip", "daddr"): Field("dst", values.IPV4_ADDRESS, _HEADERS["ip"]),
        ("ip", "protocol"): Field("proto", values.PROTOCOL, _HEADERS["ip"]),
        ("ip6", "saddr"): Field("src", values.IPV6_ADDRESS, _HEADERS["ip6"]),
        ("ip6", "daddr"): Field("dst", values.IPV6_ADDRESS, _HEADERS["ip6"]),
        ("ip6", "nexthdr"): Field("nexthdr", values.PROTOCOL, _HEADERS["ip6"]),
        ("icmp", "type"): Field("sport", values.ICMP_TYPE, _HEADERS["icmp"]),
        ("icmp", "code"): Field("dport", values.ICMP_CODE, _HEADERS["icmp"]),
        ("icmpv6", "type"): Field("sport", values.ICMPV6_TYPE, _HEADERS["icmpv6"]),
        ("icmpv6", "code"): Field("dport", values.ICMPV6_CODE, _HEADERS["icmpv6"]),
        ("tcp", "flags"): Field("flags", values.TCP_FLAG, _HEADERS["tcp"]),
        ("th", "sport"): Field("th-sport", values.PORT),
        ("th", "dport"): Field("th-dport", values.PORT),
        **{
            (protocol, port): Field(port, values.PORT, _HEADERS[protocol])
            for protocol in ("tcp", "udp", "dccp", "sctp", "udplite")
            for port in ("sport", "dport")
        },
    }
)
_META = MappingProxyType(
    {
        "nfproto": Field("family", values.NF_PROTO),
        "protocol": Field("ethertype", values.ETHERTYPE),
        "l4proto": Field("proto", values.PROTOCOL),
        "iifname": Field("ingress", None),
        "iif": Field("ingress", None),
        "oifname": Field("egress", None),
        "oif": Field("egress", None),
    }
)
_STATE = Field("state", values.STATE)


def field_of(left: JsonValue) -> Field | None:
    """Return the field that the left side of a match names, or None where the rule model has no such field."""
    if not isinstance(left, dict) or len(left) != 1:
        return None
    ((kind, inner),) = left.items()
    if not isinstance(inner, dict):
        return None
    if kind == "payload" and len(inner) == 2:
        return _PAYLOAD.get((text_of(inner.get("protocol")), text_of(inner.get("field"))))
    if kind == "meta" and len(inner) == 1:
        return _META.get(text_of(inner.get("key")))
    if kind == "ct" and inner == {"key": "state"}:
        return _STATE
    return None


def implied_by(left: JsonValue) -> Box:
    """Return what a rule implies by having this on the left side of a match, whatever it is held against."""
    if not isinstance(left, dict) or len(left) != 1:
        return ALL
    ((kind, inner),) = left.items()
    if kind == "payload" and isinstance(inner, dict) and "tunnel" not in inner:
        return _HEADERS.get(text_of(inner.get("protocol")), ALL)
    if kind in {"&", "|", "^", "<<", ">>"} and isinstance(inner, list) and inner:
        return implied_by(inner[0])
    if kind == "several" and isinstance(inner, list) and inner:
        first = inner[0].get("match") if isinstance(inner[0], dict) else None
        return implied_by(first.get("left")) if isinstance(first, dict) else ALL
    return _OPTIONS.get(kind, ALL)
