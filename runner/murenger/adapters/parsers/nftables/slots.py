"""Slots: the boxes of packets whose field has one of some values, for each field that the rule model has.

Input: a field, the values that it may have, and how to make an opaque condition. Output: boxes.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import TypeAlias

from murenger.adapters.parsers.nftables.boxes import FAMILY_4, FAMILY_6, Box
from murenger.adapters.parsers.nftables.fields import Field
from murenger.model.packet import PORT_PROTOCOLS
from murenger.semantics.intervals import ANY_PROTOCOL, IntervalSet
from murenger.semantics.ir import OpaqueKey, TcpFlags

Key: TypeAlias = Callable[[], OpaqueKey]

PORTED = IntervalSet.of(*((number, number) for number in PORT_PROTOCOLS))
_PORTLESS = ANY_PROTOCOL - PORTED
# First headers of IPv6 that are no transport protocol: who asks for one asks for an extension header.
_EXTENSIONS = IntervalSet.of(*((n, n) for n in (0, 43, 44, 51, 60)))
_STATE_BITS = ((1, 8), (2, 2), (4, 4), (8, 1), (16, 64))
"""Each state's bit in the rule model, and in the kernel."""
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16


def placed(field: Field, allowed: IntervalSet, key: Key) -> tuple[Box, ...]:
    """Return the boxes of packets whose field has an allowed value.

    Args:
        field: the field; its kind is not None.
        allowed: the values, not empty.
        key: makes the opaque condition for packets of which the rule model cannot tell the value.
    """
    special = _SPECIAL.get(field.slot)
    if special is not None:
        return special(field, allowed, key)
    return (_set(field, field.slot, allowed),)


def _set(field: Field, slot: str, allowed: IntervalSet) -> Box:
    if field.kind is not None and allowed.spans == ((0, field.kind.top),):
        return field.implied
    family, _, _, proto, *_ = field.implied
    match slot:
        case "src":
            return Box(family, src=allowed)
        case "dst":
            return Box(family, dst=allowed)
        case "proto":
            return Box(family, proto=allowed)
        case "sport":
            return Box(family, proto=proto, sport=allowed)
    return Box(family, proto=proto, dport=allowed)


def _family(_: Field, allowed: IntervalSet, key: Key) -> tuple[Box, ...]:
    del key
    return _families(2 in allowed, 10 in allowed)


def _ethertype(_: Field, allowed: IntervalSet, key: Key) -> tuple[Box, ...]:
    del key
    return _families(0x0800 in allowed, 0x86DD in allowed)


def _families(four: bool, six: bool) -> tuple[Box, ...]:  # noqa: FBT001 - IPv4, IPv6
    found = FAMILY_4 * four | FAMILY_6 * six
    return (Box(family=found),) if found else ()


def _state(_: Field, allowed: IntervalSet, key: Key) -> tuple[Box, ...]:
    del key
    found = sum(bit for bit, kernel in _STATE_BITS if kernel in allowed)
    return (Box(state=found),) if found else ()


def _flags(field: Field, allowed: IntervalSet, key: Key) -> tuple[Box, ...]:
    """Split the classes of TCP flags into those that are allowed whole and those that are allowed in part.

    A class is allowed whole if each combination of it that TCP uses is; one that it never uses (SYN with FIN or RST)
    makes no difference, unless nothing else of the class is allowed.
    """
    whole = part = 0
    for one, used, unused in _CLASSES:
        if all(value in allowed for value in used):
            whole |= one
        elif any(value in allowed for value in (*used, *unused)):
            part |= one
    boxes: list[Box] = []
    if whole:
        boxes.append(field.implied._replace(flags=whole))
    if part:
        boxes.append(field.implied._replace(flags=part, opaque=((key(), True),)))
    return tuple(boxes)


def _class_of(flags: int) -> int:
    if flags & (_ACK | _RST):
        return TcpFlags.ACK_OR_RST.value
    return TcpFlags.SYN.value if flags & _SYN else TcpFlags.OTHER.value


def _is_used(flags: int) -> bool:
    return not (flags & _SYN and flags & (_FIN | _RST))


_CLASSES = tuple(
    (
        one,
        tuple(value for value in range(256) if _class_of(value) == one and _is_used(value)),
        tuple(value for value in range(256) if _class_of(value) == one and not _is_used(value)),
    )
    for one in (TcpFlags.SYN.value, TcpFlags.ACK_OR_RST.value, TcpFlags.OTHER.value)
)


def _nexthdr(field: Field, allowed: IntervalSet, key: Key) -> tuple[Box, ...]:
    """Take the first header for the transport protocol, except where extension headers are asked for by number."""
    boxes = (_set(field, "proto", allowed),)
    asked = allowed & _EXTENSIONS
    if asked and asked != _EXTENSIONS:
        return (Box(family=FAMILY_6, opaque=((key(), True),)),)
    return boxes


def _transport(slot: str) -> Callable[[Field, IntervalSet, Key], tuple[Box, ...]]:
    """Return how ports of any protocol are placed: what has no ports has other bytes where they would be."""

    def place(field: Field, allowed: IntervalSet, key: Key) -> tuple[Box, ...]:
        ported = _set(field, slot, allowed)
        return ported._replace(proto=PORTED), Box(proto=_PORTLESS, opaque=((key(), True),))

    return place


_SPECIAL = MappingProxyType(
    {
        "family": _family,
        "ethertype": _ethertype,
        "state": _state,
        "flags": _flags,
        "nexthdr": _nexthdr,
        "th-sport": _transport("sport"),
        "th-dport": _transport("dport"),
    }
)
