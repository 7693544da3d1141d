"""FortiOS: firewall policies, and the zones that they name.

Input: a configuration backup, or `show` of the tables that matter. Output: a ruleset for transit traffic.

The library reads policies and objects; virtual IPs, pools and central NAT are kept from it, because it would rewrite
policies for them. Policies see the translated destination. A policy that names a virtual IP is therefore opaque, and so
is a denying policy without `match-vip` for the addresses that virtual IPs map to.

Source: FortiOS Administration Guide, chapters "Firewall policy" and "Virtual IPs"; `set match-vip`.
"""

import dataclasses
from collections.abc import Iterable

from murenger.adapters.parsers.fwshift import library
from murenger.adapters.parsers.fwshift.convert import Converter, Located, default, established, opaque_key, zone_ways
from murenger.adapters.parsers.fwshift.fortios_tree import Block, tree
from murenger.adapters.parsers.fwshift.lines import Catalogue, Definition, Key, Span
from murenger.adapters.parsers.fwshift.opaque import Doubt, unknown_notes
from murenger.adapters.parsers.fwshift.residue import residue
from murenger.adapters.parsers.fwshift.resolve import Resolver, literal
from murenger.errors import ParseError
from murenger.semantics.intervals import IPV4, NOTHING, IntervalSet
from murenger.semantics.ir import Action, Hook, Match, Places, Rule, RuleList, Ruleset, State

_ADDRESS = ("firewall address", "firewall address6")
_GROUP = ("firewall addrgrp", "firewall addrgrp6")
_SERVICE, _SERVICE_GROUP = "firewall service custom", "firewall service group"
_VIPS = ("firewall vip", "firewall vipgrp", "firewall vip6", "firewall vipgrp6")
_SCHEDULES = ("firewall schedule onetime", "firewall schedule recurring", "firewall schedule group")
_POLICY, _ZONE = "firewall policy", "system zone"
_OBJECTS = (*_ADDRESS, *_GROUP, _SERVICE, _SERVICE_GROUP)
_NOTES = frozenset({"comment", "comments", "color", "uuid", "visibility", "label", "global-label", "category", "name"})
"""Settings that are known to change no packet."""
_POLICY_READ = frozenset(
    {
        *("srcintf", "dstintf", "srcaddr", "dstaddr", "srcaddr6", "dstaddr6", "srcaddr-negate", "dstaddr-negate"),
        *("srcaddr6-negate", "dstaddr6-negate", "service", "service-negate", "schedule", "action", "status"),
        *(
            "match-vip",
            "logtraffic",
            "logtraffic-start",
            "utm-status",
            "profile-type",
            "profile-group",
            "inspection-mode",
        ),
        *("av-profile", "webfilter-profile", "dnsfilter-profile", "emailfilter-profile", "ips-sensor", "dlp-profile"),
        *("application-list", "ssl-ssh-profile", "profile-protocol-options", "groups", "users", "send-deny-packet"),
    }
)
"""Settings of a policy that its rule holds, its handling included; any other is residue, whatever else it does."""
_READ = {
    "firewall address": frozenset({"type", "subnet", "start-ip", "end-ip", "fqdn"}),
    "firewall address6": frozenset({"type", "ip6", "start-ip", "end-ip", "fqdn"}),
    "firewall addrgrp": frozenset({"member", "exclude", "exclude-member"}),
    "firewall addrgrp6": frozenset({"member", "exclude", "exclude-member"}),
    "firewall service custom": frozenset(
        {
            "protocol",
            "tcp-portrange",
            "udp-portrange",
            "sctp-portrange",
            "icmptype",
            "icmpcode",
            "protocol-number",
            "fqdn",
            "iprange",
        }
    ),
    "firewall service group": frozenset({"member"}),
}
"""Settings of objects that the library reads; any other makes the object opaque."""
_BEYOND_MATCH = frozenset({"allow-routing", "fabric-object", "cache-ttl", "session-ttl", "helper", "check-reset-range"})
"""Settings of objects that say how traffic is handled or where an object is offered; residue."""
_NAMED = {
    "srcaddr": _ADDRESS[:1] + _GROUP[:1],
    "dstaddr": _ADDRESS[:1] + _GROUP[:1] + _VIPS[:2],
    "srcaddr6": _ADDRESS[1:] + _GROUP[1:],
    "dstaddr6": _ADDRESS[1:] + _GROUP[1:] + _VIPS[2:],
    "service": (_SERVICE, _SERVICE_GROUP),
    "schedule": _SCHEDULES,
}


def read(platform: str, text: str) -> Ruleset:
    """Return what a FortiOS configuration means.

    Raises:
        ParseError: it is none, or it holds several virtual domains.
    """
    root = tree(text)
    scope = _scope(root)
    if not any(path in scope.tables for path in (_POLICY, _ZONE, *_OBJECTS)):
        raise ParseError("no table of policies, zones or addresses: not a configuration of FortiOS")
    lines = text.splitlines()
    catalogue = Catalogue(lines, _definitions(scope))
    reading = library.read("fortios", _for_library(scope, lines), vdom="")
    reading = dataclasses.replace(
        reading,
        loose_addresses=reading.loose_addresses | _strange(scope, (*_ADDRESS, *_GROUP)),
        loose_services=reading.loose_services | _strange(scope, (_SERVICE, _SERVICE_GROUP)),
    )
    resolver = Resolver(reading, catalogue, _keys_of)
    general = [Doubt(kind="policy", label=code, bounded=False) for code in unknown_notes(reading.notes)]
    converter = Converter(resolver, catalogue, state=State.NEW, general=general)
    rules = _Rules(scope, reading, converter).all()
    converter.carried.difference_update(_beyond_match(scope))
    zones = _zones(scope, converter.carried)
    inside = _inside(reading, scope)
    found = RuleList(
        name="firewall policy",
        hooks=frozenset({Hook.FORWARD}),
        rules=(established(), *rules, *inside, default(Action.DENY, "implicit deny")),
    )
    return Ruleset(
        platform=platform,
        lists=(found,),
        covers=frozenset({Hook.FORWARD}),
        residue=(*converter.disabled(), *residue(platform, text, converter.carried)),
        zones=zones,
        addresses=resolver.named_addresses(),
        services=resolver.named_services(),
        remarks=tuple(converter.remarks),
    )


def _scope(root: Block) -> Block:
    """Return the tables of the virtual domain that is managed: the only one, or all of a device without any."""
    table = root.tables.get("vdom")
    domains = [block for block in table.entries.values() if block.tables] if table else []
    if not domains:
        return root
    if len(domains) > 1:
        raise ParseError("several virtual domains: give the configuration of one")
    return domains[0]


# -- definitions --------------------------------------------------------------


def _definitions(scope: Block) -> dict[Key, Definition]:
    found: dict[Key, Definition] = {}
    for path in (*_OBJECTS, *_VIPS, *_SCHEDULES):
        for name, block in _entries(scope, path):
            settings = [lines for key, (lines, _) in block.settings.items() if key not in _NOTES]
            notes = [lines for key, (lines, _) in block.settings.items() if key in _NOTES]
            nested = [line for child in block.tables.values() for line in child.all_lines()]
            meaning = sorted({*block.lines, *nested, *(line for lines in settings for line in lines)})
            found[path, name] = Definition(
                span=Span(tuple(meaning)),
                uses=tuple(_members(scope, path, block)),
                notes=tuple(line for lines in notes for line in lines),
            )
    return found


def _members(scope: Block, path: str, block: Block) -> Iterable[Key]:
    sides = {"firewall addrgrp": "dstaddr", "firewall vipgrp": "dstaddr", "firewall addrgrp6": "dstaddr6"}
    sides |= {"firewall vipgrp6": "dstaddr6", _SERVICE_GROUP: "service", "firewall schedule group": "schedule"}
    for key in ("member", "exclude-member"):
        for name in block.values(key):
            yield from _keys(scope, sides.get(path, ""), name)


def _keys(scope: Block, setting: str, name: str) -> Iterable[Key]:
    """Return the definitions that a name stands for in a setting of a policy; a missing one is empty."""
    paths = _NAMED.get(setting, ())
    found = [(path, name) for path in paths if path in scope.tables and name in scope.tables[path].entries]
    return found or [(path, name) for path in paths[:1]]


def _keys_of(kind: str, name: str) -> tuple[Key, ...]:
    if kind == "service":
        return ((_SERVICE, name), (_SERVICE_GROUP, name))
    plain = name.removesuffix("-v6")
    four = [(path, name) for path in (_ADDRESS[0], _GROUP[0], *_VIPS[:2])]
    return (*four, *((path, one) for path in (_ADDRESS[1], _GROUP[1], *_VIPS[2:]) for one in {name, plain}))


def _strange(scope: Block, paths: Iterable[str]) -> frozenset[str]:
    """Return the library's names of objects with a setting that it does not read."""
    found = set()
    for path in paths:
        for name, block in _entries(scope, path):
            unread = set(block.settings) - _READ[path] - _NOTES - _BEYOND_MATCH
            if (
                any(block.values(key) not in {(), ("disable",), ("default",), ("any",), ("",)} for key in unread)
                or block.tables
            ):
                found |= {name, f"{name}-v6"} if path.endswith("6") else {name}
    return frozenset(found)


def _beyond_match(scope: Block) -> Iterable[int]:
    """Yield the lines of objects that say something else than what the object matches: they are residue."""
    for path in _OBJECTS:
        for _, block in _entries(scope, path):
            for key in set(block.settings) - _READ[path] - _NOTES:
                yield from block.settings[key][0]


def _entries(scope: Block, path: str) -> Iterable[tuple[str, Block]]:
    return scope.tables[path].entries.items() if path in scope.tables else ()


# -- rules --------------------------------------------------------------------


def _for_library(scope: Block, lines: list[str]) -> str:
    """Return the text that the library is given: the tables that it reads well, without NAT."""
    out: list[str] = []
    for path in (_ZONE, *_OBJECTS, _POLICY):
        if path in scope.tables:
            numbers = sorted(set(scope.tables[path].all_lines()))
            out += [lines[number - 1] for number in numbers]
    return "\n".join([*out, "config system settings", "end", ""])


class _Rules:
    """The policies of a virtual domain as rules."""

    def __init__(self, scope: Block, reading: library.Reading, converter: Converter) -> None:
        self._scope = scope
        self._reading = reading
        self._converter = converter
        self._mapped = _mapped(scope)

    def all(self) -> list[Rule]:
        """Return them in their order; those that are disabled are residue."""
        table = self._scope.tables.get(_POLICY)
        if table is None:
            return []
        self._converter.carried.update(table.lines)
        by_id = {rule.ids["fortios.policyid"]: rule for rule in self._reading.rules}
        if set(by_id) != set(table.entries):
            raise ParseError("the library left policies out")
        found = (self._rule(by_id[number], block) for number, block in table.entries.items())
        return [rule for rule in found if rule is not None]

    def _rule(self, rule: library.LibraryRule, block: Block) -> Rule | None:
        notes = {line for key, (lines, _) in block.settings.items() if key in _NOTES for line in lines}
        self._converter.carried.update(notes)
        span = Span(tuple(sorted(set(block.all_lines()) - notes)))
        if not rule.enabled:
            self._converter.leave_out(Located(name=block.name, span=span))
            return None
        uses = [
            key for setting in _NAMED for name in block.values(setting) for key in _keys(self._scope, setting, name)
        ]
        if "always" in block.values("schedule"):
            uses = [key for key in uses if key[1] != "always" or key[0] not in _SCHEDULES]
        names = block.values("name")
        reasons = [*(["tables inside the policy"] if block.tables else [])]
        reasons += [f"setting {key}, which turns it round" for key in block.settings if _negates(key)]
        reasons += [] if block.values("schedule") else ["a policy without a schedule"]
        rule = dataclasses.replace(
            rule,
            unsupported=(*rule.unsupported, *reasons),
            handling="; ".join(filter(None, (f"policy id {block.name}", rule.handling))),
        )
        found = self._converter.rule(
            rule,
            Located(
                name=f"policy {block.name}" + (f" {names[0]}" if names else ""),
                span=span,
                uses=tuple(dict.fromkeys(uses)),
                ways=zone_ways(rule, ()),
            ),
        )
        unread = set(block.settings) - _POLICY_READ - _NOTES
        self._converter.carried.difference_update(line for key in unread for line in block.settings[key][0])
        vip_matched = block.values("match-vip") == ("enable",)
        return found if found.action is Action.PERMIT or vip_matched else self._spared(found, block)

    def _spared(self, rule: Rule, block: Block) -> Rule:
        """Return a denying rule that may spare traffic which a virtual IP translated."""
        if not self._mapped:
            return rule
        text = "\n".join(self._converter.quote(lines) for lines in _vip_lines(self._scope))
        key = opaque_key("nat", f"virtual IPs and policy {block.name}", text)
        any_of: list[Match] = []
        for match in rule.any_of:
            spared = match.dst & self._mapped if match.family == IPV4 else NOTHING
            if not spared:
                any_of.append(match)
                continue
            rest = match.dst - spared
            any_of += [dataclasses.replace(match, dst=rest)] if rest else []
            opaque = tuple(sorted({*match.opaque, (key, True)}, key=lambda item: (item[0].kind, item[0].digest)))
            any_of.append(dataclasses.replace(match, dst=spared, opaque=opaque))
        return dataclasses.replace(rule, any_of=tuple(any_of))


def _negates(key: str) -> bool:
    return "negate" in key and key not in _NEGATIONS


_NEGATIONS = frozenset({"srcaddr-negate", "dstaddr-negate", "srcaddr6-negate", "dstaddr6-negate", "service-negate"})


def _vip_lines(scope: Block) -> list[Span]:
    return [Span(tuple(sorted(set(block.all_lines())))) for path in _VIPS for _, block in _entries(scope, path)]


def _mapped(scope: Block) -> IntervalSet:
    """Return the addresses that virtual IPs map to; all of them if one cannot be read."""
    found = NOTHING
    for _, block in _entries(scope, _VIPS[0]):
        for value in block.values("mappedip") or ("",):
            held = literal(value)
            found |= held.ipv4 if held is not None and held.ipv4 else IntervalSet(((0, (1 << 32) - 1),))
    return found


# -- zones --------------------------------------------------------------------


def _zones(scope: Block, carried: set[int]) -> tuple[tuple[str, frozenset[str]], ...]:
    table = scope.tables.get(_ZONE)
    if table is None:
        return ()
    carried.update(table.lines)
    for block in table.entries.values():
        carried.update(block.lines)
        for key in ("interface", "intrazone", *_NOTES, "description"):
            carried.update(block.settings.get(key, ((), ()))[0])
    return tuple((name, frozenset(block.values("interface"))) for name, block in sorted(table.entries.items()))


def _inside(reading: library.Reading, scope: Block) -> list[Rule]:
    """Return rules for traffic inside zones that let it pass without a policy."""
    found = []
    for zone in sorted(reading.open_zones):
        block = scope.tables[_ZONE].entries[zone]
        span = Span(block.settings["intrazone"][0])
        found.append(default(Action.PERMIT, f"inside zone {zone}", ((Places.of(zone), Places.of(zone)),), span=span))
    return found
