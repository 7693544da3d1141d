"""The zone-based firewall of IOS.

Input: the lines of a configuration. Output: one list of rules for transit traffic, or none where it has no zones. The
library works out what each pair of zones passes; zones are named here by their interfaces, as the access lists are.
"""

import itertools
from collections.abc import Iterator, Sequence

from murenger.adapters.parsers.fwshift import library
from murenger.adapters.parsers.fwshift.bindings import in_state, passes
from murenger.adapters.parsers.fwshift.convert import Converter, Located, established
from murenger.adapters.parsers.fwshift.ios_lines import Line
from murenger.adapters.parsers.fwshift.library import ANY, LibraryRule
from murenger.adapters.parsers.fwshift.lines import NOWHERE, Catalogue, Definition, Key, Span
from murenger.adapters.parsers.fwshift.opaque import Doubt, unknown_notes
from murenger.adapters.parsers.fwshift.resolve import Resolver
from murenger.semantics.ir import ANY_PLACE, ANY_STATE, Hook, Places, Remark, RuleList, State

_KEPT = (
    ("zone", "security"),
    ("zone-pair", "security"),
    ("class-map", "type", "inspect"),
    ("policy-map", "type", "inspect"),
    ("ip", "port-map"),
    ("ip", "access-list"),
    ("ipv6", "access-list"),
    ("access-list",),
    ("object-group",),
    ("interface",),
)
_OF_INTERFACE = (("zone-member", "security"), ("ip", "address"), ("ipv6", "address"))
_ACTIONS = frozenset({"inspect", "pass", "drop", "service-policy"})
_KINDS = {"ios.zone-pair": "zone-pair", "ios.policy-map": "policy-map", "ios.class": "class-map"}


def lists(lines: Sequence[Line], carried: set[int], remarks: list[Remark], text: str) -> tuple[RuleList, ...]:
    """Return the list of the zone-based firewall.

    Args:
        lines: the configuration.
        carried: lines whose meaning the rules hold; added to.
        remarks: what became opaque; added to.
        text: the same configuration.

    Raises:
        ParseError: the library refused it.
    """
    if not any(child.words[:2] == _OF_INTERFACE[0] for line in lines for child in line.children):
        return ()
    catalogue = Catalogue(text.splitlines(), _definitions(lines))
    reading = library.read("ios", _for_library(lines, text))
    resolver = Resolver(reading, catalogue, lambda _, name: (("object-group", name),))
    general = [Doubt(kind="policy", label=code, bounded=False) for code in unknown_notes(reading.notes)]
    converter = Converter(resolver, catalogue, state=State.NEW, general=general)
    rules = []
    for rule in reading.rules:
        found = converter.rule(rule, _located(rule, reading, catalogue))
        rules.append(in_state(found, ANY_STATE) if "IOS_PASS" in rule.findings else found)
    carried |= converter.carried
    carried.update(_zone_lines(lines))
    remarks += converter.remarks
    return (
        RuleList(
            name="zone-based firewall",
            hooks=frozenset({Hook.FORWARD}),
            rules=(established(), *rules, passes("in no zone")),
        ),
    )


def _for_library(lines: Sequence[Line], text: str) -> str:
    out = [""] * (len(text.splitlines()) + 1)
    for line in lines:
        if not any(line.words[: len(kept)] == kept for kept in _KEPT):
            continue
        below = _below(line, 1)
        if line.words[0] == "interface":
            below = (pair for pair in below if pair[1].words[:2] in _OF_INTERFACE)
        out[line.number] = " ".join(line.words)
        for depth, child in below:
            out[child.number] = " " * depth + " ".join(child.words)
    return "\n".join([*out[1:], ""])


def _below(line: Line, depth: int) -> Iterator[tuple[int, Line]]:
    for child in line.children:
        yield depth, child
        yield from _below(child, depth + 1)


def _definitions(lines: Sequence[Line]) -> dict[Key, Definition]:
    found: dict[Key, Definition] = {}
    for line in lines:
        key = _defines(line.words)
        if key is None:
            continue
        below = list(_of_definition(line))
        numbers = (line.number, *(child.number for child in below if child.words[0] != "description"))
        notes = tuple(child.number for child in below if child.words[0] == "description")
        uses = tuple(use for one in (line, *below) for use in _uses(one.words))
        before = found.get(key, Definition(span=NOWHERE))
        found[key] = Definition(
            span=Span((*before.span.lines, *numbers)), uses=(*before.uses, *uses), notes=(*before.notes, *notes)
        )
    return found


def _of_definition(line: Line) -> Iterator[Line]:
    """Yield the lines below a definition that say something the library reads; the rest is residue."""
    for child in line.children:
        if line.words[0] == "policy-map" and child.words[:3] != ("class", "type", "inspect"):
            continue  # what class-default does may be what it would do unsaid
        yield child
        yield from (one for one in child.children if one.words[0] in _ACTIONS or line.words[0] != "policy-map")


def _defines(words: Sequence[str]) -> Key | None:
    if words[:2] == ("zone-pair", "security") and len(words) > 2:
        return "zone-pair", words[2]
    if words[:3] in {("class-map", "type", "inspect"), ("policy-map", "type", "inspect")} and len(words) > 3:
        return words[0], words[-1]
    if words[:2] == ("ip", "port-map") and len(words) > 2:
        return "port-map", words[2]
    if words[:2] in {("ip", "access-list"), ("ipv6", "access-list")} and len(words) > 2:
        return "access-list", words[-1]
    if words[0] in {"access-list", "object-group", "time-range"} and len(words) > 1:
        return words[0], words[2] if words[0] == "object-group" and len(words) > 2 else words[1]
    return None


def _uses(words: Sequence[str]) -> list[Key]:
    found: list[Key] = []
    if words[:2] == ("match", "protocol") and len(words) > 2:
        found.append(("port-map", words[2]))
    if words[:2] == ("match", "access-group"):
        found.append(("access-list", words[-1]))
    if words[0] in {"class", "service-policy"} or words[:2] == ("match", "class-map"):
        found.append(("policy-map" if words[0] == "service-policy" else "class-map", words[-1]))
    for before, word in itertools.pairwise(words):
        if before in {"object-group", "group-object"}:
            found.append(("object-group", word))
        elif before == "time-range":
            found.append(("time-range", word))
    return found


def _located(rule: LibraryRule, reading: library.Reading, catalogue: Catalogue) -> Located:
    uses = tuple((_KINDS[key], name) for key, name in rule.ids.items() if key in _KINDS)
    uses = tuple(key for key in uses if key in catalogue)
    spans = sorted(line for key in uses if key[0] == "class-map" for line in catalogue.lines_of((key,)))
    own = catalogue.span_of(("class-map", rule.ids.get("ios.class", ""))) if spans else NOWHERE
    return Located(
        name=_name(rule),
        span=own if own.lines else catalogue.span_of(("zone-pair", rule.ids.get("ios.zone-pair", ""))),
        uses=uses,
        ways=((_interfaces(rule.src_zones, reading), _interfaces(rule.dst_zones, reading)),),
    )


def _name(rule: LibraryRule) -> str:
    pair, kind = rule.ids.get("ios.zone-pair", ""), rule.ids.get("ios.class", "")
    return f"{pair} {kind}" if pair else f"zone {', '.join(rule.src_zones)} to {', '.join(rule.dst_zones)}"


def _interfaces(zones: Sequence[str], reading: library.Reading) -> Places:
    if ANY in zones:
        return ANY_PLACE
    return Places.of(*(name for zone in zones for name in reading.zones.get(zone, (zone,))))


def _zone_lines(lines: Sequence[Line]) -> Iterator[int]:
    for line in lines:
        for child in line.children:
            if line.words[0] == "interface" and child.words[:2] == _OF_INTERFACE[0]:
                yield line.number
                yield child.number
