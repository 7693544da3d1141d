"""Cisco IOS and IOS XE: access lists, the interfaces that they are bound to, and the zone-based firewall.

Input: `show running-config`, or bare access lists. Output: a ruleset. The library reads entries and object groups, from
a text in which each list is bound to an interface of its own and nothing is translated: it would compose the lists of
each pair of interfaces, and leave out entries that match replies. Access lists keep no connections: `established` is a
class of TCP flags.

A list that is bound without being defined, or that holds no entry, passes everything.

Source: Cisco IOS Security Configuration Guide, "IP Access List Overview".
"""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from murenger.adapters.parsers.fwshift import ios_zones, library
from murenger.adapters.parsers.fwshift.bindings import AccessList, acl_list, bound_list, passes
from murenger.adapters.parsers.fwshift.convert import Converter, Located
from murenger.adapters.parsers.fwshift.ios_lines import Line, check_groups, top_lines
from murenger.adapters.parsers.fwshift.lines import NOWHERE, Catalogue, Definition, Key, Span
from murenger.adapters.parsers.fwshift.opaque import Doubt, unknown_notes
from murenger.adapters.parsers.fwshift.residue import residue
from murenger.adapters.parsers.fwshift.resolve import Resolver
from murenger.errors import ParseError
from murenger.model.packet import ICMPV6, TCP
from murenger.semantics.intervals import IPV4, IPV6, IntervalSet
from murenger.semantics.ir import (
    ANY_PLACE,
    EVERYTHING,
    L4,
    Action,
    Hook,
    Match,
    Places,
    Provenance,
    Rule,
    RuleList,
    Ruleset,
    TcpFlags,
)

_STANDARD = ((1, 99), (1300, 1999))
_EXTENDED = ((100, 199), (2000, 2699))
_REFLECTED = re.compile(r"\breflect (\S+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A line of a named list.

    Attributes:
        line: 1-based.
        sequence: its number as written, or "".
        words: what it says.
    """

    line: int
    sequence: str
    words: tuple[str, ...]


@dataclasses.dataclass(slots=True)
class Named:
    """A named or numbered list.

    Attributes:
        name: its name.
        kind: standard, extended or ipv6.
        head: the lines that name it.
        entries: its entries and remarks.
    """

    name: str
    kind: str
    head: list[int]
    entries: list[Entry]


def read(platform: str, text: str) -> Ruleset:
    """Return what a configuration of a router or switch with IOS means.

    Raises:
        ParseError: it is none.
    """
    lines = top_lines(text)
    named = _named_lists(lines)
    interfaces = [line for line in lines if line.words[0] == "interface" and len(line.words) > 1]
    if not named and not interfaces:
        raise ParseError("no access list and no interface: not a configuration of IOS")
    check_groups(lines)
    catalogue = Catalogue(text.splitlines(), _definitions(lines, named))
    reading = library.read("ios", _for_library(lines, named, text))
    resolver = Resolver(reading, catalogue, lambda _, name: (("object-group", name),))
    general = [Doubt(kind="policy", label=code, bounded=False) for code in unknown_notes(reading.notes)]
    converter = Converter(resolver, catalogue, general=general)
    acls = _access_lists(named, reading, converter)
    bound, held = _bound(interfaces, acls, converter)
    zones = ios_zones.lists(lines, converter.carried, converter.remarks, text)
    covers = _covers(lines, has_interfaces=bool(interfaces))
    bound = [dataclasses.replace(one, hooks=one.hooks & covers) for one in bound]
    return Ruleset(
        platform=platform,
        lists=(*bound, *zones, *(acl_list(acl, bound=name in held) for name, acl in acls.items())),
        covers=covers,
        residue=residue(platform, text, converter.carried),
        addresses=resolver.named_addresses(),
        services=resolver.named_services(),
        remarks=tuple(converter.remarks),
    )


def _covers(lines: Sequence[Line], *, has_interfaces: bool) -> frozenset[Hook]:
    """Return the ways that lists alone decide: not to the device, where a policy of the control plane has a say."""
    if not has_interfaces:
        return frozenset()
    punts = any(
        (line.words[0] == "control-plane" and line.children) or (line.words[0] == "zone-pair" and "self" in line.words)
        for line in lines
    )
    return frozenset({Hook.FORWARD}) if punts else frozenset({Hook.FORWARD, Hook.INPUT})


# -- lists --------------------------------------------------------------------


def _named_lists(lines: Sequence[Line]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for line in lines:
        words = line.words
        kind = _numbered_kind(words)
        if kind:
            one = found.setdefault(words[1], Named(words[1], kind, [], []))
            one.entries.append(Entry(line.number, "", words[2:]))
            one.entries += [Entry(child.number, "", ("?", *child.words)) for child in line.children]
        elif words[:2] == ("ip", "access-list") and len(words) > 3 and words[2] in {"standard", "extended"}:
            _add(found, words[3], words[2], line)
        elif words[:2] == ("ipv6", "access-list") and len(words) > 2:
            _add(found, words[2], "ipv6", line)
    return found


def _numbered_kind(words: Sequence[str]) -> str:
    if words[0] != "access-list" or len(words) < 3 or not (words[1].isascii() and words[1].isdecimal()):
        return ""
    number = int(words[1][:6])
    for kind, spans in (("standard", _STANDARD), ("extended", _EXTENDED)):
        if any(low <= number <= high for low, high in spans):
            return kind
    return ""


def _add(found: dict[str, Named], name: str, kind: str, line: Line) -> None:
    one = found.setdefault(name, Named(name, kind, [], []))
    if (one.kind == "ipv6") != (kind == "ipv6"):
        raise ParseError(f"line {line.number}: access list {name[:40]} is of IPv4 and of IPv6")
    one.head.append(line.number)
    for child in line.children:
        words = child.words
        sequence = ""
        if words[0].isascii() and words[0].isdecimal():
            sequence, words = words[0], words[1:]
        elif words[0] == "sequence" and len(words) > 1 and words[1].isdecimal():
            sequence, words = words[1], words[2:]
        one.entries.append(Entry(child.number, sequence, words))
        one.entries += [Entry(deeper.number, "", ("?", *deeper.words)) for deeper in child.children]


def _definitions(lines: Sequence[Line], named: Mapping[str, Named]) -> dict[Key, Definition]:
    found: dict[Key, Definition] = {}
    for line in lines:
        if line.words[0] == "object-group" and len(line.words) > 2:
            key: Key = ("object-group", line.words[2])
        elif line.words[0] == "time-range" and len(line.words) > 1:
            key = ("time-range", line.words[1])
        else:
            continue
        children = list(_below(line))
        said = tuple(child.number for child in children if child.words[0] != "description")
        uses = tuple(use for child in children for use in _uses(child.words))
        before = found.get(key, Definition(span=NOWHERE))
        found[key] = Definition(
            span=Span((*before.span.lines, line.number, *said)),
            uses=(*before.uses, *uses),
            notes=(*before.notes, *(child.number for child in children if child.words[0] == "description")),
        )
    reflecting: dict[str, list[int]] = {}
    for one in named.values():
        for entry in one.entries:
            for name in _REFLECTED.findall(" ".join(entry.words)):
                reflecting.setdefault(name, []).append(entry.line)
    return found | {("reflect", name): Definition(span=Span(tuple(at))) for name, at in reflecting.items()}


def _below(line: Line) -> Iterator[Line]:
    for child in line.children:
        yield child
        yield from _below(child)


def _uses(words: Sequence[str]) -> list[Key]:
    found: list[Key] = []
    for before, word in itertools.pairwise(words):
        if before in {"object-group", "group-object"}:
            found.append(("object-group", word))
        elif before == "time-range":
            found.append(("time-range", word))
        elif before == "evaluate":
            found.append(("reflect", word))
    return found


# -- the library --------------------------------------------------------------


def _is_entry(entry: Entry) -> bool:
    return bool(entry.words) and entry.words[0] in {"permit", "deny", "dynamic"}


def _for_library(lines: Sequence[Line], named: Mapping[str, Named], text: str) -> str:
    """Return the text that the library is given: its lines stand where they stood."""
    out = [""] * (len(text.splitlines()) + 1)
    for line in lines:
        if line.words[0] == "object-group":
            out[line.number] = " ".join(line.words)
            for child in _below(line):
                out[child.number] = " " + " ".join(child.words)
    for one in named.values():
        for number in one.head:
            out[number] = (
                f"ipv6 access-list {one.name}" if one.kind == "ipv6" else f"ip access-list {one.kind} {one.name}"
            )
        counted = bool(one.head) and not any(entry.sequence for entry in one.entries)
        for position, entry in enumerate(one.entries, 1):
            if entry.words[:1] == ("remark",) or not entry.words:
                continue
            words = _words_for_library(entry, one.kind)
            sequence = str(position * 10) if counted else entry.sequence
            if one.head and entry.line not in one.head:
                label = (
                    f"sequence {sequence} " if one.kind == "ipv6" and sequence else f"{sequence} " if sequence else ""
                )
                out[entry.line] = f" {label}{words}"
            else:
                out[entry.line] = f"access-list {one.name} {words}"
    bound = []
    for position, one in enumerate(named.values()):
        how = "ipv6 traffic-filter" if one.kind == "ipv6" else "ip access-group"
        bound += [f"interface L{position}", f" {how} {one.name} in"]
    return "\n".join([*out[1:], *bound, "interface L", " ip address 192.0.2.1 255.255.255.255", ""])


def _words_for_library(entry: Entry, kind: str) -> str:
    """Return an entry without what the library leaves out; something that stands in for one that it cannot read."""
    if not _is_entry(entry):
        return {"standard": "permit any", "ipv6": "permit ipv6 any any"}.get(kind, "permit ip any any")
    words = [word for word in entry.words if word != "established"]
    if kind == "ipv6" and words[1:2] == [str(ICMPV6)]:
        words[1] = "icmp"  # the library reads its types after the name alone
    return " ".join(words)


def _access_lists(named: Mapping[str, Named], reading: library.Reading, converter: Converter) -> dict[str, AccessList]:
    order: dict[str, list[library.LibraryRule]] = {}
    for rule in reading.rules:
        if "ios.line" in rule.ids:
            order.setdefault(rule.ids["ios.acl"], []).append(rule)
    found = {}
    for name, one in named.items():
        converter.carried.update(one.head, (entry.line for entry in one.entries if entry.words[:1] == ("remark",)))
        entries = {entry.line: entry for entry in one.entries if entry.words[:1] != ("remark",)}
        rules: list[Rule] = []
        for rule in order.get(name, ()):
            entry = entries.pop(int(rule.ids["ios.line"]))
            rules += _entry_rules(name, entry, rule, converter)
        for entry in entries.values():
            rules += converter.unreadable(_located(name, entry))
        families = (IPV6,) if one.kind == "ipv6" else (IPV4,)
        if one.kind == "ipv6" and rules:
            rules += _neighbours()
        kept = tuple(
            dataclasses.replace(rule, any_of=tuple(match for match in rule.any_of if match.family in families))
            for rule in rules
        )
        found[name] = AccessList(name=name, entries=kept, families=families)
    return found


def _neighbours() -> tuple[Rule, ...]:
    """Return what an IPv6 list permits before its implicit deny: neighbour advertisements and solicitations."""
    kinds = (("neighbour solicitation", 135), ("neighbour advertisement", 136))
    return tuple(
        Rule(
            action=Action.PERMIT,
            any_of=(dataclasses.replace(EVERYTHING[1], l4=(L4(proto=_ICMPV6, sport=IntervalSet.single(kind)),)),),
            provenance=Provenance(rule=f"implicit {name}", synthetic=True),
        )
        for name, kind in kinds
    )


_ICMPV6 = IntervalSet.single(ICMPV6)


def _located(name: str, entry: Entry, sequence: str = "") -> Located:
    label = f"{name} {sequence or entry.sequence}".strip()
    return Located(name=label, span=Span((entry.line,)), uses=tuple(_uses(entry.words)))


def _entry_rules(name: str, entry: Entry, rule: library.LibraryRule, converter: Converter) -> Sequence[Rule]:
    at = _located(name, entry, rule.ids["ios.sequence"])
    if entry.words[:1] == ("evaluate",):
        reason = f"evaluate {' '.join(entry.words[1:])[:60]}: the replies of reflected connections"
        converted = dataclasses.replace(rule, unsupported=(reason,))
        return (converter.rule(converted, at),)
    if not _is_entry(entry):
        return converter.unreadable(at)
    plain = converter.rule(_scheduled(rule), at)
    return (_established(plain),) if "established" in entry.words else (plain,)


def _scheduled(rule: library.LibraryRule) -> library.LibraryRule:
    """Return a rule whose time range is a schedule."""
    ranges = [reason for reason in rule.unsupported if reason.startswith("time-range ")]
    if len(ranges) != 1:
        return rule
    rest = tuple(reason for reason in rule.unsupported if reason not in ranges)
    return dataclasses.replace(rule, schedule=ranges[0].split()[1].rstrip(":"), unsupported=rest)


def _established(rule: Rule) -> Rule:
    """Return a rule for TCP packets with ACK or RST alone."""

    def narrowed(match: Match) -> Match:
        tcp = IntervalSet.single(TCP)
        l4 = tuple(L4(proto=tcp, sport=one.sport, dport=one.dport) for one in match.l4 if TCP in one.proto)
        return dataclasses.replace(match, l4=l4, flags=TcpFlags.ACK_OR_RST)

    return dataclasses.replace(rule, any_of=tuple(found for match in rule.any_of if (found := narrowed(match)).l4))


# -- bindings -----------------------------------------------------------------


def _bound(
    interfaces: Sequence[Line], acls: Mapping[str, AccessList], converter: Converter
) -> tuple[list[RuleList], set[str]]:
    lists: list[RuleList] = []
    held: set[str] = set()
    for line in interfaces:
        name = line.words[1]
        places: dict[tuple[str, int], Line] = {}
        for child in line.children:
            place = _binding(child.words)
            if place is not None:
                places[place] = child
        for (direction, family), child in sorted(places.items()):
            acl = child.words[2]
            exact = child.words[3:] in {("in",), ("out",)}
            if exact and (acl not in acls or not acls[acl].entries or acls[acl].families != (family,)):
                continue
            converter.carried.update((line.number, child.number))
            lists.append(_list(name, direction, acls[acl] if exact else _unread(child, family, converter)))
            held |= {acl} if exact else set()
    return lists, held


def _binding(words: Sequence[str]) -> tuple[str, int] | None:
    if words[:2] not in {("ip", "access-group"), ("ipv6", "traffic-filter")} or len(words) < 4:
        return None
    return ("out" if words[-1] == "out" else "in"), IPV4 if words[0] == "ip" else IPV6


def _unread(child: Line, family: int, converter: Converter) -> AccessList:
    at = Located(name=" ".join(child.words)[:80], span=Span((child.number,)))
    return AccessList(name=at.name, entries=converter.unreadable(at), families=(family,))


def _list(interface: str, direction: str, acl: AccessList) -> RuleList:
    here = Places.of(interface)
    incoming = direction == "in"
    found = bound_list(
        [acl],
        name=f"{acl.name} {direction} on {interface}",
        hooks=frozenset({Hook.FORWARD, Hook.INPUT}) if incoming else frozenset({Hook.FORWARD}),
        ingress=here if incoming else ANY_PLACE,
        egress=ANY_PLACE if incoming else here,
    )
    return found if found.rules else dataclasses.replace(found, rules=(passes("nothing is bound here"),))
