"""Statements: what each statement of an nftables rule is to a packet filter.

Input: a statement as libnftables writes it. Output: which part it plays.
"""

import enum
from collections.abc import Iterable
from types import MappingProxyType

from murenger.adapters.parsers.nftables.document import JsonObject, text_of
from murenger.adapters.parsers.nftables.opaque import described
from murenger.model.json_value import JsonValue


class Part(enum.Enum):
    """What a statement does."""

    CONDITION = "condition"
    """The rule goes on only if it holds."""
    GATE = "gate"
    """The rule goes on or not, and nobody here knows: a limit, a quota, adding to a set that may be full."""
    NOTE = "note"
    """Notes the packet: counts it, logs it."""
    EFFECT = "effect"
    """Changes something about the packet or its connection that no field of the rule model shows."""
    REWRITE = "rewrite"
    """Changes a field by which rules decide, or takes the packet elsewhere."""
    VERDICT = "verdict"
    """Says what becomes of the packet, or where it goes on."""
    UNKNOWN = "unknown"
    """Nobody here knows; it may be a verdict."""


_PARTS = MappingProxyType(
    {
        **dict.fromkeys(
            ("accept", "drop", "continue", "return", "jump", "goto", "reject", "vmap", "queue"), Part.VERDICT
        ),
        **dict.fromkeys(("counter", "log"), Part.NOTE),
        **dict.fromkeys(("limit", "quota", "ct count", "set", "map", "last"), Part.GATE),
        **dict.fromkeys(
            ("notrack", "ct helper", "ct timeout", "ct expectation", "secmark", "dup", "flow"), Part.EFFECT
        ),
        "match": Part.CONDITION,
        "tproxy": Part.REWRITE,
    }
)
_DECIDING = frozenset({"saddr", "daddr", "protocol", "nexthdr", "sport", "dport", "type", "code", "flags"})
_HEADERS_OF_NOTHING = frozenset({"ether", "vlan", "arp"})


def part_of(statement: JsonObject) -> Part:
    """Return which part a statement plays."""
    for kind in statement:
        part = _PARTS.get(kind)
        if part is not None:
            return part
        if kind == "mangle":
            return _part_of_mangle(statement[kind])
    return Part.UNKNOWN


def _part_of_mangle(said: JsonValue) -> Part:
    key = said.get("key") if isinstance(said, dict) else None
    if not isinstance(key, dict) or len(key) != 1:
        return Part.REWRITE
    ((kind, inner),) = key.items()
    if kind in {"meta", "ct", "tcp option", "ip option", "exthdr"}:
        return Part.EFFECT
    if kind == "payload" and isinstance(inner, dict):
        field, header = text_of(inner.get("field")), text_of(inner.get("protocol"))
        if header and field and (header in _HEADERS_OF_NOTHING or field not in _DECIDING):
            return Part.EFFECT
    return Part.REWRITE


def noted(statements: Iterable[JsonObject]) -> str:
    """Return how a rule notes and refuses packets, as text without counts; none of it decides a packet."""
    return "; ".join(filter(None, (_noted(one) for one in statements)))


def _noted(statement: JsonObject) -> str:
    ((kind, said),) = statement.items()
    if kind == "counter":
        return f"counter {said}" if isinstance(said, str) else "counter"
    if kind == "log":
        options = said if isinstance(said, dict) else {}
        return " ".join(["log", *(f"{name} {described(options[name])}" for name in sorted(options))])
    if kind == "reject":
        options = said if isinstance(said, dict) else {}
        return " ".join(["reject", *(str(options[name]) for name in ("type", "expr") if name in options)])
    return ""


def doubtful_negations(statements: list[JsonObject]) -> list[JsonValue]:
    """Return the matches of a rule that nft 1.0.6 may have joined into one: unless *both* values are met, it matches.

    It joins `!=` of neighbouring fields of a header, and lists them apart; a later nft does not join them.
    """
    negated = [match for one in statements if isinstance(match := one.get("match"), dict) and match.get("op") == "!="]
    if len(negated) < 2:
        return []
    by_header: dict[str, list[JsonValue]] = {}
    for match in negated:
        left, right = match.get("left"), match.get("right")
        payload = left.get("payload") if isinstance(left, dict) else None
        if not isinstance(payload, dict) or not isinstance(right, (str, int)) or str(right)[:1] == "@":
            continue
        if text_of(payload.get("field")) not in {"saddr", "daddr"}:
            by_header.setdefault(text_of(payload.get("protocol")), []).append({"match": match})
    return [one for found in by_header.values() if len(found) > 1 for one in found]
