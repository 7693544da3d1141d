"""Junos SRX: security policies, and the zones that they name.

Input: the configuration in braces, or as `display set` prints it. Output: a ruleset for transit traffic. The library
reads policies, address books and applications; NAT is kept from it, because it would rewrite policies for it. Policies
match the destination after static and destination NAT.

Policies of a pair of zones come first, then global ones, then the default policy. Policies for the zone `junos-host`
are residue.

Source: Juniper, "Security Policies User Guide for Security Devices".
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from murenger.adapters.parsers.fwshift import library
from murenger.adapters.parsers.fwshift.convert import Converter, Located, default, established, zone_ways
from murenger.adapters.parsers.fwshift.lines import Catalogue, Definition, Key, Span
from murenger.adapters.parsers.fwshift.opaque import Doubt, unknown_notes
from murenger.adapters.parsers.fwshift.residue import residue
from murenger.adapters.parsers.fwshift.resolve import Resolver
from murenger.adapters.parsers.fwshift.srx_lines import Statement, statements
from murenger.adapters.parsers.fwshift.srx_supplied import supplied
from murenger.adapters.parsers.fwshift.xml_tree import relocate
from murenger.errors import ParseError
from murenger.semantics.ir import Action, Hook, Rule, RuleList, Ruleset, State

_HOST = "junos-host"
_ZONE = ("security", "zones", "security-zone")


@dataclasses.dataclass(slots=True)
class _Policy:
    """Statements of one policy; `zones` is empty for a global one."""

    name: str
    zones: tuple[str, ...]
    statements: list[Statement]


def read(platform: str, text: str) -> Ruleset:
    """Return what the security policies of a configuration mean.

    Raises:
        ParseError: it is none, or it takes policies from groups without showing them.
    """
    found = statements(text)
    if not any(one.words[0] == "security" for one in found):
        raise ParseError("no part 'security': not the configuration of an SRX, or not all of it")
    rows = [one.text for one in found]
    policies = _policies(found)
    catalogue = Catalogue(rows, _definitions(found), is_ordered=False)
    reading = library.read("junos", _for_library(found))
    resolver = Resolver(reading, catalogue, _keys_of)
    general = [Doubt(kind="policy", label=code, bounded=False) for code in unknown_notes(reading.notes)]
    converter = Converter(resolver, catalogue, state=State.NEW, general=general)
    rules = _rules(policies, reading, converter, found)
    zones = _zones(found, reading, converter)
    last = _default(found, reading, converter)
    converter.carried.difference_update(one.row for one in found if _is_beyond_match(one.words))
    ruleset = Ruleset(
        platform=platform,
        lists=(
            RuleList(
                name="security policies",
                hooks=frozenset({Hook.FORWARD}),
                rules=(established(), *rules, last),
            ),
        ),
        covers=frozenset({Hook.FORWARD}),
        residue=(*converter.disabled(), *residue(platform, "\n".join(rows), converter.carried)),
        zones=zones,
        addresses=resolver.named_addresses(),
        services=resolver.named_services(),
        remarks=tuple(converter.remarks),
    )
    return relocate(ruleset, [one.line for one in found])


def _for_library(found: Sequence[Statement]) -> str:
    """Return the text that the library is given: no NAT, and the form with one statement a line."""
    parts = {("security", "zones"), ("security", "address-book"), ("security", "policies")}
    kept = [
        one.text
        for one in found
        if one.words[:2] in parts or one.words[0] in {"applications", "groups"} or "apply-groups" in one.words
    ]
    return "\n".join([*kept, *supplied(found), "set security zones", ""])


# -- definitions --------------------------------------------------------------


def _definitions(found: Iterable[Statement]) -> dict[Key, Definition]:
    lines: dict[Key, set[int]] = {}
    notes: dict[Key, set[int]] = {}
    uses: dict[Key, list[Key]] = {}
    for one in found:
        key, rest = _defines(one.words)
        if key is None:
            continue
        table = notes if rest[:1] == ("description",) else lines
        table.setdefault(key, set()).add(one.row)
        lines.setdefault(key, set())
        uses.setdefault(key, []).extend(_uses(key, rest))
    return {
        key: Definition(
            span=Span(tuple(sorted(lines[key] - notes.get(key, set())))),
            uses=tuple(dict.fromkeys(uses[key])),
            notes=tuple(sorted(notes.get(key, set()))),
        )
        for key in lines
    }


def _defines(words: tuple[str, ...]) -> tuple[Key | None, tuple[str, ...]]:
    """Return the definition that a statement belongs to, and what it says of it."""
    if words[:2] == ("security", "address-book") and len(words) > 4:
        if words[3] in {"address", "address-set"}:
            return (f"address book {words[2]}", words[4]), words[5:]
        return ("attachment", words[2]), words[3:]
    if words[:3] == _ZONE and words[4:5] == ("address-book",) and len(words) > 6:
        return (f"address book zone {words[3]}", words[6]), words[7:]
    if words[:1] == ("applications",) and len(words) > 2:
        return ("application", words[2]), words[3:]
    if words[:2] == ("schedulers", "scheduler") and len(words) > 2:
        return ("scheduler", words[2]), words[3:]
    return None, ()


def _is_beyond_match(words: tuple[str, ...]) -> bool:
    """True if a statement of an application says something else than what it matches: that is residue."""
    if words[:2] != ("applications", "application") or words[3:4] == ("description",):
        return False
    said = words[5:] if words[3:4] == ("term",) else words[3:]
    return not set(said[::2]) <= _APPLICATION_READ


_APPLICATION_READ = frozenset(
    {"protocol", "source-port", "destination-port", "icmp-type", "icmp-code", "icmp6-type", "icmp6-code"}
)


def _uses(key: Key, rest: tuple[str, ...]) -> list[Key]:
    if rest[:1] in {("address",), ("address-set",)} and len(rest) > 1:
        return [(key[0], rest[1])]
    if rest[:1] in {("application",), ("application-set",)} and len(rest) > 1:
        return [("application", rest[1])]
    return []


def _keys_of(kind: str, name: str) -> tuple[Key, ...]:
    if kind == "service":
        return (("application", name),)
    plain, _, book = name.partition(" (")
    books = {book.removesuffix(")"), "global"} - {"", "object"}
    return tuple((f"address book {one}", plain) for one in sorted(books))


# -- policies -----------------------------------------------------------------


def _policies(found: Iterable[Statement]) -> list[_Policy]:
    """Return the policies in the order in which they are looked at."""
    policies: dict[tuple[str, ...], _Policy] = {}
    for one in found:
        words = one.words
        key: tuple[str, ...]
        if words[:3] == ("security", "policies", "from-zone") and words[4:5] == ("to-zone",) and len(words) > 7:
            key, name = (words[3], words[5], words[7]), words[7]
        elif words[:4] == ("security", "policies", "global", "policy") and len(words) > 4:
            key, name = (words[4],), words[4]
        else:
            continue
        policies.setdefault(key, _Policy(name, key[:-1], [])).statements.append(one)
    return sorted(policies.values(), key=lambda policy: not policy.zones)


def _rules(
    policies: Sequence[_Policy], reading: library.Reading, converter: Converter, found: Sequence[Statement]
) -> list[Rule]:
    mine = [
        policy
        for policy in policies
        if _HOST not in policy.zones and any(not one.is_deactivation for one in policy.statements)
    ]
    if len(mine) != len(reading.rules):
        raise ParseError("the library left policies out")
    attached = _attached(found)
    rules = []
    for policy, rule in zip(mine, reading.rules, strict=True):
        if rule.name != policy.name and not rule.name.startswith(f"{policy.name} ("):
            raise ParseError(f"the library read policies in another order at {policy.name[:40]!r}")
        at = _located(policy, rule, attached)
        if not rule.enabled:
            converter.leave_out(at)
            continue
        converter.carried.update(one.row for one in policy.statements)
        said = [*([rule.handling] if rule.handling else []), *_rest(policy)]
        rules.append(dataclasses.replace(converter.rule(rule, at), handling="; ".join(said)))
        converter.carried.difference_update(one.row for one in policy.statements if not _is_read(one, policy))
    return rules


def _located(policy: _Policy, rule: library.LibraryRule, attached: dict[str, str]) -> Located:
    own = {one.row for one in policy.statements if not _is_note(one, policy)}
    books = ["address book global", *(f"address book {attached[zone]}" for zone in policy.zones if zone in attached)]
    uses: list[Key] = [("attachment", attached[zone]) for zone in policy.zones if zone in attached]
    for one in policy.statements:
        rest = one.words[8:] if policy.zones else one.words[5:]
        if rest[:1] == ("match",):
            for before, word in itertools.pairwise(rest[1:]):
                if before in {"source-address", "destination-address"}:
                    uses += [(book, word) for book in books]
                elif before == "application":
                    uses.append(("application", word))
        elif rest[:1] == ("scheduler-name",) and len(rest) > 1:
            uses.append(("scheduler", rest[1]))
    context = f"{policy.zones[0]} to {policy.zones[1]}" if policy.zones else "global"
    return Located(
        name=f"{policy.name} ({context})",
        span=Span(tuple(sorted(own))),
        uses=tuple(key for key in dict.fromkeys(uses) if key[1] not in {"any", "any-ipv4", "any-ipv6"}),
        ways=zone_ways(rule, ()),
        unsure_ways=zone_ways(rule, ()),  # whatever else a policy says, it stands between these zones
    )


def _path(policy: _Policy) -> int:
    return 8 if policy.zones else 5


def _is_note(one: Statement, policy: _Policy) -> bool:
    return one.words[_path(policy) :][:1] == ("description",)


def _is_read(one: Statement, policy: _Policy) -> bool:
    """True if a rule holds what a statement of a policy says, its handling included; any other is residue as well."""
    rest = one.words[_path(policy) :]
    if rest[:1] != ("then",):
        return not rest or rest[0] in {"match", "description", "scheduler-name"}
    if rest[1:2] == ("permit",):
        return len(rest) == 2 or rest[2] == "application-services"
    return rest[1:2] in {(), ("deny",), ("reject",), ("log",), ("count",)}


def _rest(policy: _Policy) -> list[str]:
    """Return what a policy does besides permitting or denying, where the library leaves it out."""
    found = [" ".join(one.words[_path(policy) :]) for one in policy.statements if not one.is_deactivation]
    return sorted(
        text for text in found if text.startswith(("then count", "then permit application-services", "then log"))
    )


def _attached(found: Iterable[Statement]) -> dict[str, str]:
    """Return zone -> its address book besides the global one, as the catalogue names it."""
    books = {}
    for one in found:
        words = one.words
        if words[:2] == ("security", "address-book") and words[3:5] == ("attach", "zone") and len(words) > 5:
            books[words[5]] = words[2]
        elif words[:3] == _ZONE and words[4:5] == ("address-book",):
            books[words[3]] = f"zone {words[3]}"
    return books


def _default(found: Sequence[Statement], reading: library.Reading, converter: Converter) -> Rule:
    said = [one for one in found if one.words[:3] == ("security", "policies", "default-policy")]
    converter.carried.update(one.row for one in said)
    span = Span(tuple(one.row for one in said))
    action = Action.PERMIT if reading.interzone_permits else Action.DENY
    text = " ".join(said[-1].words[2:]) if said else "default-policy"
    return default(action, text, span=span, handling="as configured" if said else "")


# -- zones --------------------------------------------------------------------


def _zones(
    found: Iterable[Statement], reading: library.Reading, converter: Converter
) -> tuple[tuple[str, frozenset[str]], ...]:
    declared: set[str] = set()
    for one in found:
        if one.words[:3] != _ZONE:
            continue
        declared.update(one.words[3:4])
        at = one.words[4:]
        if not at or (at[0] == "interfaces" and len(at) <= 2):
            converter.carried.add(one.row)
    return tuple(
        (name, frozenset(interfaces)) for name, interfaces in sorted(reading.zones.items()) if name in declared
    )
