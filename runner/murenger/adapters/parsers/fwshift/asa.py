"""Cisco ASA: access lists, the interfaces that they are bound to, and security levels.

Input: `show running-config`, or bare access lists. Output: a ruleset. The library reads entries and objects, from a
text in which each list is bound to an interface of its own name and nothing else decides: it would restrict entries to
the interfaces that it takes the routes to lead to, rewrite them for NAT, and leave outbound lists out.

A connection passes the list bound in to its ingress, then the global list, or without either the rule that it may go
from a higher security level to a lower one; then the list bound out to its egress. Between interfaces of one level, or
out of the interface it came in by, it passes only where `same-security-traffic` says so.

Source: Cisco ASA Series Firewall CLI Configuration Guide, chapters on access rules.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

from murenger.adapters.parsers.fwshift import library
from murenger.adapters.parsers.fwshift.asa_words import StandIns
from murenger.adapters.parsers.fwshift.bindings import AccessList, acl_list, bound_list, in_state
from murenger.adapters.parsers.fwshift.convert import Converter, Located, default, established
from murenger.adapters.parsers.fwshift.lines import Catalogue, Definition, Key, Span
from murenger.adapters.parsers.fwshift.opaque import Doubt, unknown_notes
from murenger.adapters.parsers.fwshift.residue import residue
from murenger.adapters.parsers.fwshift.resolve import Resolver
from murenger.errors import ParseError
from murenger.semantics.ir import ANY_PLACE, Action, Hook, Places, Rule, RuleList, Ruleset, State

_ENTRY_WORDS = frozenset({"permit", "deny", "trust"})
_OTHER_KINDS = frozenset({"standard", "ethertype", "webtype"})
_KEPT = frozenset({"ASA", "PIX", "NGFW", "name", "object", "object-group"})
_KINDS = frozenset({"network", "service", "protocol", "icmp-type", "user", "security"})


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A top-level line with the lines indented below it.

    Attributes:
        number: 1-based.
        words: its words.
        children: number and words of the lines below it.
    """

    number: int
    words: tuple[str, ...]
    children: tuple[tuple[int, tuple[str, ...]], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Interface:
    """An interface with a name.

    Attributes:
        hardware: what it is called in the box.
        level: its security level.
        forwards: False if it is for management only.
    """

    hardware: str
    level: int
    forwards: bool


def read(platform: str, text: str) -> Ruleset:
    """Return what a configuration of an ASA means.

    Raises:
        ParseError: it is none.
    """
    lines = top_lines(text)
    catalogue = Catalogue(text.splitlines(), _definitions(lines))
    reading = library.read("asa", _for_library(lines, catalogue))
    general = [Doubt(kind="policy", label=code, bounded=False) for code in unknown_notes(reading.notes)]
    resolver = Resolver(reading, catalogue, _keys_of)
    converter = Converter(resolver, catalogue, state=State.NEW, general=general)
    acls = _access_lists(lines, reading, converter)
    carried = converter.carried
    interfaces = _interfaces(lines, carried)
    lists = [*_lists(lines, acls, interfaces, carried)]
    if not acls and not interfaces:
        raise ParseError("no access list and no named interface: not a configuration of an ASA")
    held = _bound_names(lines) & set(acls)
    return Ruleset(
        platform=platform,
        lists=(
            *lists,
            *(acl_list(acl, first=(established(),), bound=name in held) for name, acl in acls.items()),
        ),
        covers=frozenset({Hook.FORWARD}) if interfaces or held else frozenset(),
        residue=(*converter.disabled(), *residue(platform, text, carried)),
        zones=tuple((name, frozenset({one.hardware})) for name, one in sorted(interfaces.items())),
        addresses=resolver.named_addresses(),
        services=resolver.named_services(),
        remarks=tuple(converter.remarks),
    )


def top_lines(text: str) -> list[Line]:
    """Return the top-level lines of a configuration with their children; comments are left out."""
    found: list[tuple[int, tuple[str, ...], list[tuple[int, tuple[str, ...]]]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = tuple(line.split())
        if not words or words[0][0] in "!:":
            continue
        if line[0] in " \t" and found:
            found[-1][2].append((number, words))
        else:
            found.append((number, words, []))
    return [Line(number, words, tuple(children)) for number, words, children in found]


# -- definitions --------------------------------------------------------------


def _definitions(lines: Sequence[Line]) -> dict[Key, Definition]:
    spans: dict[Key, list[int]] = {}
    notes: dict[Key, list[int]] = {}
    uses: dict[Key, list[Key]] = {}
    aliases = {line.words[2] for line in lines if line.words[0] == "name" and len(line.words) > 2}
    for line in lines:
        key = _defines(line)
        if key is None:
            continue
        children = [(number, words) for number, words in line.children if words[0] not in {"nat", "description"}]
        if line.children and not children:
            continue  # an object that is opened again for its NAT alone
        notes.setdefault(key, []).extend(number for number, words in line.children if words[0] == "description")
        spans.setdefault(key, []).extend((line.number, *(number for number, _ in children)))
        uses.setdefault(key, []).extend(use for _, words in children for use in _uses(words, aliases))
    return {
        key: Definition(span=Span(tuple(sorted(numbers))), uses=tuple(uses[key]), notes=tuple(notes[key]))
        for key, numbers in spans.items()
    }


def _defines(line: Line) -> Key | None:
    words = line.words
    if len(words) < 3:
        return ("time-range", words[1]) if words[0] == "time-range" and len(words) > 1 else None
    if words[0] in {"object", "object-group"} and words[1] in _KINDS:
        return words[0], words[2]
    return ("name", words[2]) if words[0] == "name" else None


def _uses(words: Sequence[str], aliases: set[str]) -> list[Key]:
    """Return the definitions that a line names."""
    found: list[Key] = []
    for before, word in itertools.pairwise(words):
        if before == "object":
            found.append(("object", word))
        elif before in {"object-group", "group-object", "object-group-user", "object-group-security"}:
            found.append(("object-group", word))
        elif before == "time-range":
            found.append(("time-range", word))
        elif word in aliases:
            found.append(("name", word))
    return found


def _keys_of(kind: str, name: str) -> tuple[Key, ...]:
    plain = name.removesuffix("-group").removesuffix("-object").removesuffix("-inline")
    return tuple((sort, one) for sort in ("object", "object-group") for one in {name, plain}) if kind else ()


# -- entries ------------------------------------------------------------------


def _entry(line: Line) -> tuple[str, tuple[str, ...]] | None:
    """Return list and words of a line of an access list, or None if it is no line of a list of IP traffic."""
    if line.words[0] != "access-list" or len(line.words) < 3:
        return None
    name, rest = line.words[1], line.words[2:]
    if rest[0] == "line" and len(rest) > 2:
        rest = rest[2:]
    if rest[0] in _OTHER_KINDS or (rest[0] == "rename"):
        return None
    return name, rest


def _is_plain(rest: Sequence[str]) -> bool:
    words = rest[1:] if rest[0] in {"extended", "advanced"} else rest
    return bool(words) and words[0] in _ENTRY_WORDS and "ifc" not in words


def _for_library(lines: Sequence[Line], catalogue: Catalogue) -> str:
    """Return the text that the library is given: entries that it can read, each list bound to its own interface."""
    out: list[str] = [] if _has_version(lines) else [_assumed_version(lines)]
    names = dict.fromkeys(found[0] for line in lines if (found := _entry(line)))
    stand_ins = StandIns({line.words[2] for line in lines if line.words[0] in _KEPT and len(line.words) > 2})
    for line in lines:
        entry = _entry(line)
        if entry is not None and entry[1][0] != "remark" and _is_plain(entry[1]):
            out.append(stand_ins.entry(*entry))
        elif line.words[0] in _KEPT:
            out.append(" ".join(line.words))
            out += [" " + catalogue.quote(Span((number,))) for number, words in line.children if words[0] != "nat"]
    out += [f"access-group {name} in interface {name}" for name in names]
    return "\n".join(["interface none", " nameif none", *stand_ins.objects(), *out, ""])


def _has_version(lines: Sequence[Line]) -> bool:
    return any(len(line.words) > 2 and line.words[1] == "Version" for line in lines)


def _assumed_version(lines: Sequence[Line]) -> str:
    """Return the release that a text without one was written for; before 9.0 `any` is IPv4 alone."""
    for line in lines:
        words = line.words
        if words[0] in {"static", "global"} and len(words) > 1 and words[1].startswith("("):
            return "ASA Version 8.2(1)"
        if words[:2] == ("ipv6", "access-list"):
            return "ASA Version 8.4(1)"
    return "ASA Version 9.0(1)"


def _access_lists(lines: Sequence[Line], reading: library.Reading, converter: Converter) -> dict[str, AccessList]:
    waiting: dict[str, list[library.LibraryRule]] = {}
    for rule in reading.rules:
        waiting.setdefault(rule.src_zones[0], []).append(rule)
    aliases = {line.words[2] for line in lines if line.words[0] == "name" and len(line.words) > 2}
    found: dict[str, list[Rule]] = {}
    taken: dict[str, int] = {}
    for line in lines:
        entry = _entry(line)
        if entry is None:
            continue
        name, rest = entry
        rules = found.setdefault(name, [])
        if rest[0] == "remark":
            converter.carried.add(line.number)
            continue
        position = taken.get(name, 0)
        at = Located(name=f"{name} {len(rules) + 1}", span=Span((line.number,)), uses=tuple(_uses(line.words, aliases)))
        if line.children or not _is_plain(rest):
            rules.extend(converter.unreadable(at))
            continue
        taken[name] = position + 1
        rule = _next(waiting.get(name, []), position, line)
        if rule.enabled:
            rules.append(_logged(converter.rule(rule, at), rest))
        else:
            converter.leave_out(at)
    return {name: AccessList(name=name, entries=tuple(rules)) for name, rules in found.items()}


def _logged(rule: Rule, rest: Sequence[str]) -> Rule:
    """Return a rule that says how its matches are logged, which the library leaves out."""
    said = list(itertools.takewhile(lambda word: word not in _AFTER_LOG, _from_log(rest)))
    return dataclasses.replace(rule, handling="; ".join(filter(None, (rule.handling, " ".join(said)))))


_AFTER_LOG = frozenset({"time-range", "inactive"})


def _from_log(rest: Sequence[str]) -> Sequence[str]:
    """Return the words from `log` on: the last one that is no name of an object."""
    for index in range(len(rest) - 1, 0, -1):
        if rest[index] == "log" and not rest[index - 1].startswith("object"):
            return rest[index:]
    return ()


def _next(rules: Sequence[library.LibraryRule], position: int, line: Line) -> library.LibraryRule:
    if position >= len(rules):
        raise ParseError(f"line {line.number}: the library left this entry of an access list out")
    return rules[position]


# -- interfaces and bindings --------------------------------------------------


def _interfaces(lines: Sequence[Line], carried: set[int]) -> dict[str, Interface]:
    found: dict[str, Interface] = {}
    for line in lines:
        if line.words[0] != "interface" or len(line.words) < 2:
            continue
        said = {words[0]: (number, words) for number, words in line.children}
        if "nameif" not in said or len(said["nameif"][1]) < 2:
            continue
        name = said["nameif"][1][1]
        if name in found:
            raise ParseError(f"line {said['nameif'][0]}: two interfaces are named {name[:40]}")
        carried.update((line.number, *(said[key][0] for key in _MODELLED if key in said)))
        level = said.get("security-level", (0, ("", "100" if name == "inside" else "0")))[1][-1]
        found[name] = Interface(
            hardware=" ".join(line.words[1:]),
            level=int(level) if level.isascii() and level.isdecimal() and len(level) <= 3 else 0,
            forwards="management-only" not in said,
        )
    return found


_MODELLED = ("nameif", "management-only")
"""What of an interface the rules hold; its level is residue besides, because lists may leave it without effect."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Binding:
    acl: str
    direction: str
    interface: str
    line: int


def _bindings(lines: Sequence[Line]) -> list[_Binding]:
    """Return what binds a list to through traffic; a line that says more than that is residue besides."""
    found = []
    for line in lines:
        words = line.words
        if words[0] != "access-group" or "control-plane" in words:
            continue
        if words[2:] == ("global",):
            found.append(_Binding(words[1], "global", "", line.number))
        elif words[2:3] in {("in",), ("out",)} and words[3:4] == ("interface",) and len(words) > 4:
            found.append(_Binding(words[1], words[2], words[4], line.number))
    return found


def _bound_names(lines: Sequence[Line]) -> set[str]:
    return {binding.acl for binding in _bindings(lines)}


def _lists(
    lines: Sequence[Line], acls: Mapping[str, AccessList], interfaces: Mapping[str, Interface], carried: set[int]
) -> list[RuleList]:
    bindings = [one for one in _bindings(lines) if one.acl in acls]
    exact = {line.number for line in lines if len(line.words) in {3, 5}}
    carried.update(one.line for one in bindings if one.line in exact)
    everywhere = [acls[one.acl] for one in bindings if one.direction == "global"][-1:]
    inbound = {one.interface: one.acl for one in bindings if one.direction == "in"}
    found = [
        _through([acls[acl], *everywhere], f"{acl} in on {interface}", ingress=Places.of(interface))
        for interface, acl in sorted(inbound.items())
    ]
    if everywhere:
        rest = Places.but(*inbound)
        found.append(_through(everywhere, f"{everywhere[0].name} global", ingress=rest))
    outbound = sorted({(one.interface, one.acl) for one in bindings if one.direction == "out"})
    found += [_through([acls[acl]], f"{acl} out on {there}", egress=Places.of(there)) for there, acl in outbound]
    if interfaces:
        found.append(_levels(lines, interfaces, set(interfaces) if everywhere else set(inbound), carried))
    return found


def _through(
    acls: Sequence[AccessList], name: str, *, ingress: Places = ANY_PLACE, egress: Places = ANY_PLACE
) -> RuleList:
    return bound_list(
        acls, name=name, hooks=frozenset({Hook.FORWARD}), ingress=ingress, egress=egress, first=(established(),)
    )


def _levels(
    lines: Sequence[Line], interfaces: Mapping[str, Interface], listed: set[str], carried: set[int]
) -> RuleList:
    """Return what security levels and same-security-traffic decide.

    Args:
        lines: the configuration.
        interfaces: its interfaces.
        listed: those whose traffic an access list decides.
        carried: lines whose meaning the rules hold; added to.
    """
    said = {line.words[2:]: line.number for line in lines if line.words[:2] == ("same-security-traffic", "permit")}
    intra, inter = ("intra-interface",) in said, ("inter-interface",) in said
    carried.update(said[key] for key in (("intra-interface",), ("inter-interface",)) if key in said)
    rules = [established()]
    for name, one in sorted(interfaces.items()):
        same = {other for other, its in interfaces.items() if other != name and its.level == one.level}
        lower = {other for other, its in interfaces.items() if its.level < one.level}
        blocked = (set() if intra else {name}) | (set() if inter else same)
        blocked |= {other for other, its in interfaces.items() if not its.forwards}
        here = Places.of(name)
        if not one.forwards:
            rules.append(default(Action.DENY, f"{name} is for management only", ((here, ANY_PLACE),)))
        elif name in listed:
            if blocked:
                rules.append(default(Action.DENY, f"same security level as {name}", ((here, Places.of(*blocked)),)))
        else:
            allowed = (lower | same | {name}) - blocked
            if allowed:
                lower_rule = default(Action.PERMIT, f"lower security than {name}", ((here, Places.of(*allowed)),))
                rules.append(in_state(lower_rule, State.NEW))
            rules.append(default(Action.DENY, f"not lower security than {name}", ((here, ANY_PLACE),)))
    if listed:
        rules.append(default(Action.PERMIT, "an access list decides", ((Places.of(*listed), ANY_PLACE),)))
    rules.append(default(Action.DENY, "no interface of this device"))
    return RuleList(name="security levels", hooks=frozenset({Hook.FORWARD}), rules=tuple(rules))
