"""PAN-OS: security rules, the zones that they name, and the default rules.

Input: a configuration as XML, or as `set` commands. Output: a ruleset for transit traffic. The library reads rules and
objects; NAT and the network are kept from it. Security rules match the addresses before NAT and the zone after it.

An element of a rule or object that the library does not read makes it opaque, unless it says `any`.

Source: PAN-OS Administrator's Guide, "Security Policy"; the elements are those of PAN-OS 11.1.
"""

import dataclasses
from collections.abc import Iterable, Iterator

from murenger.adapters.parsers.fwshift import library
from murenger.adapters.parsers.fwshift.convert import Converter, Located, default, established, opaque_key, zone_ways
from murenger.adapters.parsers.fwshift.lines import NOWHERE, Catalogue, Definition, Key, Span
from murenger.adapters.parsers.fwshift.opaque import Doubt, unknown_notes
from murenger.adapters.parsers.fwshift.panos_set import from_set
from murenger.adapters.parsers.fwshift.residue import residue
from murenger.adapters.parsers.fwshift.resolve import Resolver
from murenger.adapters.parsers.fwshift.xml_tree import Node, read_xml, relocate, rows_of, write
from murenger.errors import ParseError
from murenger.semantics.ir import Action, Hook, OpaqueKey, Places, Rule, RuleList, Ruleset, State

_OBJECTS = ("address", "address-group", "service", "service-group")
_NAMED = (*_OBJECTS, "application", "application-group", "application-filter", "external-list", "schedule", "region")
_NOTES = frozenset({"description", "tag", "group-tag", "color", "audit-comment", "comments"})
_RULE_READ = frozenset(
    {
        *("from", "to", "source", "destination", "application", "service", "source-user", "category", "action"),
        *("disabled", "negate-source", "negate-destination", "log-start", "log-end", "schedule", "rule-type"),
        *("hip-profiles", "source-hip", "destination-hip", "log-setting", "icmp-unreachable", "option", "qos"),
        *("profile-setting", "target"),
    }
)
_OBJECT_READ = {
    "address": frozenset({"ip-netmask", "ip-range", "fqdn", "ip-wildcard"}),
    "address-group": frozenset({"static", "dynamic"}),
    "service": frozenset({"protocol"}),
    "service-group": frozenset({"members"}),
}
_USES = {
    "source": ("address", "address-group", "external-list", "region"),
    "destination": ("address", "address-group", "external-list", "region"),
    "service": ("service", "service-group"),
    "application": ("application", "application-group", "application-filter"),
    "static": ("address", "address-group", "external-list"),
    "members": ("service", "service-group", "application", "application-group", "application-filter"),
    "category": ("custom-url-category", "external-list"),
}


def read(platform: str, text: str) -> Ruleset:
    """Return what a PAN-OS configuration means.

    Raises:
        ParseError: it is none, or it holds several virtual systems or device groups.
    """
    root = read_xml(text) if text.lstrip("\ufeff \t\r\n").startswith("<") else from_set(text)
    rows, lines = rows_of(root)
    config = root if root.tag == "config" else next((node for node in root.walk() if node.tag == "config"), None)
    if config is None:
        raise ParseError("no element <config>: not a configuration of PAN-OS")
    scopes = _scopes(config)
    catalogue = Catalogue(rows, _definitions(scopes))
    reading = library.read("panos", write(config, _keep), vsys="", device_group="")
    reading = dataclasses.replace(
        reading,
        loose_addresses=reading.loose_addresses | _strange(scopes, _OBJECTS[:2]),
        loose_services=reading.loose_services | _strange(scopes, _OBJECTS[2:]),
    )
    resolver = Resolver(reading, catalogue, _keys_of)
    general = [Doubt(kind="policy", label=code, bounded=False) for code in unknown_notes(reading.notes)]
    converter = Converter(resolver, catalogue, state=State.NEW, general=general)
    rules = _rules(scopes, reading, converter, catalogue)
    zones = _zones(scopes, reading, converter)
    converter.carried.difference_update(_beyond_match(scopes))
    ruleset = Ruleset(
        platform=platform,
        lists=(
            RuleList(
                name="security rules",
                hooks=frozenset({Hook.FORWARD}),
                rules=(established(), *rules, *_defaults(scopes, reading, converter)),
            ),
        ),
        covers=frozenset({Hook.FORWARD}),
        residue=(*converter.disabled(), *residue(platform, "\n".join(rows), converter.carried)),
        zones=zones,
        addresses=resolver.named_addresses(),
        services=resolver.named_services(),
        remarks=tuple(converter.remarks),
    )
    return relocate(ruleset, lines)


def _scopes(config: Node) -> tuple[Node, ...]:
    """Return what holds objects and rules: shared first, then the virtual system or device group."""
    shared = list(config.all("shared"))
    systems = list(config.all("devices/entry/vsys/entry"))
    groups = list(config.all("devices/entry/device-group/entry"))
    if len(systems) > 1 or len(groups) > 1 or (systems and groups):
        raise ParseError("several virtual systems or device groups: give the configuration of one")
    if not (systems or groups or shared):
        raise ParseError("no virtual system, device group or shared part: not a configuration of PAN-OS")
    return (*shared, *systems, *groups)


def _keep(node: Node, path: tuple[str, ...]) -> bool:
    """Say whether the library is given an element: objects, zones, security rules and what leads to them."""
    if "security" in path or "default-security-rules" in path or any(kind in path for kind in _NAMED) or "zone" in path:
        return True
    leads = {"shared", "devices", "entry", "vsys", "device-group", "rulebase", "pre-rulebase", "post-rulebase"}
    if node.tag in leads:
        return True
    if path[-1].endswith("rulebase"):
        return node.tag in {"security", "default-security-rules"}
    return node.tag in {*_NAMED, "zone"}


# -- definitions --------------------------------------------------------------


def _entries(scopes: Iterable[Node], kind: str) -> Iterator[Node]:
    path = "profiles/custom-url-category/entry" if kind == "custom-url-category" else f"{kind}/entry"
    for scope in scopes:
        yield from scope.all(path)


def _definitions(scopes: tuple[Node, ...]) -> dict[Key, Definition]:
    found: dict[Key, Definition] = {}
    tagged = tuple(("address", node.name) for node in _entries(scopes, "address") if node.first("tag") is not None)
    for kind in (*_NAMED, "custom-url-category"):
        for node in _entries(scopes, kind):
            dynamic = node.first("dynamic") is not None
            # What a dynamic group holds depends on the tags of every address, so those are part of its definition.
            harmless = set() if kind in {"address", "schedule"} and node.first("tag") is not None else _notes(node)
            before = found.get((kind, node.name), Definition(span=NOWHERE))
            found[kind, node.name] = Definition(
                span=Span((*before.span.lines, *(row for row in node.span().lines if row not in harmless))),
                uses=(*before.uses, *_uses(node, ("static", "members")), *(tagged if dynamic else ())),
                notes=(*before.notes, *sorted(harmless)),
            )
    return found


def _notes(node: Node) -> set[int]:
    return {row for child in node.children if child.tag in _NOTES for row in child.span().lines}


def _uses(node: Node, fields: Iterable[str]) -> list[Key]:
    return [(kind, name) for field in fields for name in node.members(field) if name != "any" for kind in _USES[field]]


def _keys_of(kind: str, name: str) -> tuple[Key, ...]:
    return tuple((sort, name) for sort in _USES["source" if kind == "address" else "service"])


def _strange(scopes: tuple[Node, ...], kinds: Iterable[str]) -> frozenset[str]:
    """Return objects with an element that the library does not read."""
    return frozenset(
        node.name
        for kind in kinds
        for node in _entries(scopes, kind)
        if any(child.tag not in _OBJECT_READ[kind] | _NOTES and _says(child) for child in node.children)
    )


def _beyond_match(scopes: tuple[Node, ...]) -> Iterator[int]:
    """Yield the rows of objects that say something else than what the object matches: they are residue."""
    for kind in _OBJECTS:
        for node in _entries(scopes, kind):
            for child in node.children:
                if child.tag not in _OBJECT_READ[kind] | _NOTES:
                    yield from child.span().lines
            for override in node.all("protocol/tcp/override"):
                yield from override.span().lines
            for override in node.all("protocol/udp/override"):
                yield from override.span().lines


def _says(node: Node) -> bool:
    """True if an element says something: neither nothing, nor `any`, nor `no`."""
    return any(each.text not in {"", "any", "no"} for each in node.walk()) or any(
        each.attributes for each in node.walk()
    )


# -- rules --------------------------------------------------------------------


def _rule_nodes(scopes: tuple[Node, ...]) -> list[Node]:
    """Return the rules in the order in which they are looked at."""
    order = [("pre-rulebase", scopes), ("rulebase", scopes), ("post-rulebase", tuple(reversed(scopes)))]
    return [node for base, each in order for scope in each for node in scope.all(f"{base}/security/rules/entry")]


def _rules(
    scopes: tuple[Node, ...], reading: library.Reading, converter: Converter, catalogue: Catalogue
) -> list[Rule]:
    nodes = _rule_nodes(scopes)
    if len(nodes) != len(reading.rules):
        raise ParseError("the library left rules out")
    known = {*reading.zones, *(zone for rule in reading.rules for zone in (*rule.src_zones, *rule.dst_zones))}
    found = []
    for node, rule in zip(nodes, reading.rules, strict=True):
        notes = _notes(node)
        uses = _uses(node, ("source", "destination", "service", "application", "category"))
        if rule.schedule:
            uses.append(("schedule", rule.schedule))
        at = Located(
            name=node.name,
            span=Span(tuple(row for row in node.span().lines if row not in notes)),
            uses=tuple(key for key in dict.fromkeys(uses) if key in catalogue or key[0] in {"address", "service"}),
            ways=zone_ways(rule, known - {library.ANY}),
        )
        if not rule.enabled:
            converter.leave_out(at)
            continue
        converter.carried.update(notes)
        unread = sorted(child.tag for child in node.children if child.tag not in _RULE_READ | _NOTES and _says(child))
        unread += [child.tag for child in node.all("option") for child in child.children if child.tag != _DSRI]
        reasons = tuple(f"element {tag}, which is not read" for tag in unread)
        found.append(converter.rule(dataclasses.replace(rule, unsupported=(*rule.unsupported, *reasons)), at))
    return found


_DSRI = "disable-server-response-inspection"


def _defaults(scopes: tuple[Node, ...], reading: library.Reading, converter: Converter) -> list[Rule]:
    """Return the rules for what no rule matches: inside a zone, and between zones."""
    spans: dict[str, Span] = {}
    said: dict[str, str] = {}
    for scope in scopes:
        for base in ("rulebase", "post-rulebase", "pre-rulebase"):
            for node in scope.all(f"{base}/default-security-rules/rules/entry"):
                spans[node.name] = node.span()
                said[node.name] = converter.quote(node.span())
                converter.carried.update(node.span().lines)
    names = ("intrazone-default", "interzone-default")
    action = Action.PERMIT if reading.intrazone_permits else Action.DENY
    rule = default(action, names[0], span=spans.get(names[0], NOWHERE), handling=said.get(names[0], ""))
    named = {zone for one in reading.rules if one.enabled for zone in (*one.src_zones, *one.dst_zones)} - {library.ANY}
    found = [_inside(rule, reading.zones), _inside(rule, named - set(reading.zones), _UNDEFINED)]
    found = [one for one in found if one.any_of]
    action = Action.PERMIT if reading.interzone_permits else Action.DENY
    span = spans.get(names[1], NOWHERE)
    between = default(action, names[1], span=span, handling=said.get(names[1], ""))
    return [*found, between]


_UNDEFINED = opaque_key("zone", "zones that are not defined here")
"""A text without its zones does not say which there are: traffic inside one that only rules name is left open."""


def _inside(rule: Rule, zones: Iterable[str], *keys: OpaqueKey) -> Rule:
    """Return a rule for new traffic inside each of some zones, on some conditions."""
    opaque = tuple((key, True) for key in keys)
    any_of = tuple(
        dataclasses.replace(box, state=State.NEW, ingress=Places.of(zone), egress=Places.of(zone), opaque=opaque)
        for box in rule.any_of
        for zone in sorted(zones)
    )
    return dataclasses.replace(rule, any_of=any_of)


def _zones(
    scopes: tuple[Node, ...], reading: library.Reading, converter: Converter
) -> tuple[tuple[str, frozenset[str]], ...]:
    for scope in scopes:
        for zone in scope.all("zone/entry"):
            converter.carried.update(zone.frame())
            for network in zone.all("network"):
                converter.carried.update(network.frame())
                for mode in network.children:
                    if mode.tag in {"layer3", "layer2", "virtual-wire", "tap", "tunnel"}:
                        converter.carried.update(mode.span().lines)
    return tuple((name, frozenset(interfaces)) for name, interfaces in sorted(reading.zones.items()))
