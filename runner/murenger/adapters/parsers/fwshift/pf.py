"""pfSense and OPNsense: the filter rules of `config.xml`.

Input: a configuration backup. Output: a ruleset for transit traffic. The library orders the rules as pf evaluates
them (floating, groups, interfaces; rules that are not quick last); NAT rules are kept from it, because it would rewrite
rules for them. Rules match the destination after port forwards.

A rule that the firewall does not load, or that only marks traffic, is residue.

Source: pfSense `src/etc/inc/filter.inc`, OPNsense `src/etc/inc/filter.inc` and `OPNsense/Firewall/Filter.xml`.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from murenger.adapters.parsers.fwshift import library
from murenger.adapters.parsers.fwshift.convert import Converter, Located, default, established, opaque_key, zone_ways
from murenger.adapters.parsers.fwshift.library import ANY, LibraryRule
from murenger.adapters.parsers.fwshift.lines import NOWHERE, Catalogue, Definition, Key, Span
from murenger.adapters.parsers.fwshift.opaque import Doubt, unknown_notes
from murenger.adapters.parsers.fwshift.residue import residue
from murenger.adapters.parsers.fwshift.resolve import Resolver
from murenger.adapters.parsers.fwshift.xml_tree import Node, read_xml, relocate, rows_of, write
from murenger.errors import ParseError
from murenger.semantics.ir import EVERYTHING, Action, Hook, Provenance, Remark, Rule, RuleList, Ruleset, State

_OLD_RULES, _NEW_RULES = "filter/rule", "OPNsense/Firewall/Filter/rules/rule"
_OLD_ALIASES, _NEW_ALIASES = "aliases/alias", "OPNsense/Firewall/Alias/aliases/alias"
_NAT = frozenset({"nat", "snatrules", "onetoone", "npt"})
_NOTES = frozenset({"descr", "description", "detail", "created", "updated", "tracker", "categories", "category"})
_RULE_READ = frozenset(
    {
        *("type", "action", "interface", "ipprotocol", "protocol", "icmptype", "icmp6-type", "source", "destination"),
        *("source_net", "source_not", "source_port", "destination_net", "destination_not", "destination_port"),
        *("disabled", "enabled", "floating", "quick", "direction", "log", "sched", "statetype", "sequence", "id"),
    }
)
"""Elements of a rule that the library reads in full."""
_RULE_OPAQUE = frozenset(
    {
        *("max", "max-src-nodes", "max-src-conn", "max-src-states", "statetimeout", "max-src-conn-rate", "tag"),
        *("tagged", "os", "gateway", "dscp", "tcpflags1", "tcpflags2", "tcpflags_any", "allowopts", "dnpipe"),
        *("pdnpipe", "defaultqueue", "ackqueue", "vlanprio", "vlanprioset", "disablereplyto"),
    }
)
"""Elements of a rule that the library makes a reason or a finding of."""
_RULE_HANDLED = frozenset({"nosync", "nopfsync", "associated-rule-id", "max-src-conn-rates", "sort_order"})
"""Elements of a rule that are known to decide no packet."""
_KNOWN = (
    ("type", frozenset({"", "pass", "block", "reject", "match"})),
    ("action", frozenset({"", "pass", "block", "reject"})),
    ("ipprotocol", frozenset({"", "inet", "inet6", "inet46"})),
    ("direction", frozenset({"", "in", "out", "any"})),
    ("floating", frozenset({"", "yes"})),
)
_INTERFACE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TOKEN = re.compile(r"R(\d+)\b")
_NAMES = ("source_net", "destination_net", "source_port", "destination_port")
_OFF = "FILTER_DISABLED"


def read(platform: str, text: str) -> Ruleset:
    """Return what a configuration of pfSense or OPNsense means.

    Raises:
        ParseError: it is none, or of a release that cannot be read.
    """
    root = read_xml(text)
    if platform == "pfsense":
        for node in root.walk():
            node.tag = node.tag.lower()  # as pfSense reads them
    if platform == root.tag == "pfsense" and all(
        root.first(part) is None for part in ("interfaces", "filter", "aliases")
    ):
        raise ParseError("no interfaces, rules or aliases: not a configuration, or not all of it")
    rows, lines = rows_of(root)
    nodes = [*root.all(_OLD_RULES), *(root.all(_NEW_RULES) if platform == "opnsense" else ())]
    catalogue = Catalogue(rows, _definitions(root))
    reading = library.read(platform, write(_for_library(root, nodes), lambda *_: True))
    resolver = Resolver(reading, catalogue, lambda _, name: (("alias", name),))
    general = [Doubt(kind="policy", label=code, bounded=False) for code in unknown_notes(reading.notes) if code != _OFF]
    converter = Converter(resolver, catalogue, state=State.NEW, general=general)
    rules = _Rules(root, nodes, reading, converter).all()
    switched_off = _switched_off(root, platform, converter)
    ruleset = Ruleset(
        platform=platform,
        lists=(
            RuleList(
                name="filter rules",
                hooks=frozenset({Hook.FORWARD}),
                rules=(*switched_off, established(), *rules, default(Action.DENY, "default deny")),
            ),
        ),
        covers=frozenset({Hook.FORWARD}),
        residue=(*converter.disabled(), *residue(platform, "\n".join(rows), converter.carried)),
        zones=_zones(root, reading),
        addresses=resolver.named_addresses(),
        services=resolver.named_services(),
        remarks=tuple(converter.remarks),
    )
    return relocate(ruleset, lines)


def _for_library(root: Node, nodes: Iterable[Node]) -> Node:
    """Return the tree that the library is given: no NAT rules, and a token as the description of each rule."""
    tokens = {id(node): f"R{number}" for number, node in enumerate(nodes)}

    def copied(node: Node, path: tuple[str, ...]) -> Node:
        inside = (*path, node.tag)
        children = [copied(child, inside) for child in node.children if not _is_nat(child, inside)]
        token = tokens.get(id(node))
        if token is not None:
            children = [child for child in children if child.tag not in {"descr", "description"}]
            children += [Node(tag, {}, 0, token) for tag in ("descr", "description")]
        return dataclasses.replace(node, children=children)

    tree = copied(root, ())
    return dataclasses.replace(tree, children=[*tree.children, *_assumed(root, nodes)])


def _assumed(root: Node, nodes: Iterable[Node]) -> list[Node]:
    """Return what a text with rules alone leaves out: that their interfaces are there, and that IPv6 is let through.

    Without them the library would take each rule for one that the firewall does not load.
    """
    found = []
    if root.first("interfaces") is None:
        names = dict.fromkeys(name.strip() for node in nodes for name in node.said("interface").split(","))
        said = [name for name in names if _INTERFACE.fullmatch(name)]
        parts = [Node(name, {}, 0, children=[Node("enable", {}, 0, "1"), Node("if", {}, 0, name)]) for name in said]
        found.append(Node("interfaces", {}, 0, children=parts))
    if root.first("system") is None:
        found.append(Node("system", {}, 0, children=[Node("ipv6allow", {}, 0, "1")]))
    return found


def _is_nat(node: Node, path: tuple[str, ...]) -> bool:
    if path[-1:] == ("nat",):
        return node.tag != "outbound"
    return path[-1:] == ("Filter",) and node.tag in _NAT


# -- definitions --------------------------------------------------------------


def _definitions(root: Node) -> dict[Key, Definition]:
    found: dict[Key, Definition] = {}
    for path in (_OLD_ALIASES, _NEW_ALIASES):
        for node in root.all(path):
            held = f"{node.said('address')} {node.said('content')}".replace("!", " ").split()
            uses: list[Key] = [("alias", word) for word in held if not _is_address(word)]
            _define(found, ("alias", node.said("name")), node, uses)
    for node in root.all("schedules/schedule"):
        _define(found, ("schedule", node.said("name")), node, [])
    return found


def _define(found: dict[Key, Definition], key: Key, node: Node, uses: list[Key]) -> None:
    notes = _notes(node)
    before = found.get(key, Definition(span=NOWHERE))
    found[key] = Definition(
        span=Span((*before.span.lines, *(row for row in node.span().lines if row not in notes))),
        uses=(*before.uses, *uses),
        notes=(*before.notes, *sorted(notes)),
    )


def _notes(node: Node) -> set[int]:
    return {row for child in node.children if child.tag in _NOTES for row in child.span().lines}


def _is_address(word: str) -> bool:
    return ":" in word or word.replace(".", "").replace("/", "").replace("-", "").isdecimal()


def _uses(node: Node) -> Iterator[Key]:
    """Yield the definitions that a rule names."""
    for side in ("source", "destination"):
        for field in ("address", "network", "port"):
            text = node.said(f"{side}/{field}")
            if text:
                yield "alias", text
    for field in _NAMES:
        for text in node.said(field).split(","):
            if text.strip():
                yield "alias", text.strip()
    if node.said("sched"):
        yield "schedule", node.said("sched")


# -- rules --------------------------------------------------------------------


class _Rules:
    """The rules of a configuration in the order in which they decide."""

    def __init__(self, root: Node, nodes: list[Node], reading: library.Reading, converter: Converter) -> None:
        self._root = root
        self._nodes = nodes
        self._reading = reading
        self._converter = converter
        self._known = {*reading.zones}
        self._translates = any(node.tag in {"onetoone", "snatrules"} for node in root.walk())
        self._off: set[int] = set()

    def all(self) -> list[Rule]:
        """Return them; rules that nobody loads are left out, and noted."""
        found = [*self._passed_by_nat()]
        read: set[int] = set()
        for rule in self._reading.rules:
            token = _TOKEN.match(rule.name)
            if token is None:
                found.append(self._automatic(rule))
                continue
            number = int(token.group(1))
            read.add(number)
            found += self._listed(rule, self._nodes[number], number)
        for number, node in enumerate(self._nodes):
            if number not in read and not node.first("separator"):
                text = f"{_name(node, number)}: the firewall does not load it, or it decides nothing"
                self._converter.remarks.append(Remark(code="rule-not-loaded", text=text[:200], line=node.rows[0]))
        return found

    def _listed(self, rule: LibraryRule, node: Node, number: int) -> list[Rule]:
        notes = _notes(node)
        at = Located(
            name=_name(node, number),
            span=Span(tuple(row for row in node.span().lines if row not in notes)),
            uses=tuple(dict.fromkeys(_uses(node))),
            ways=zone_ways(rule, self._known),
        )
        if not rule.enabled:
            if number not in self._off:
                self._off.add(number)
                self._converter.leave_out(at)
            return []
        self._converter.carried.update(notes)
        rule = dataclasses.replace(rule, unsupported=(*rule.unsupported, *_unread(node)))
        leaving = ANY not in rule.dst_zones and rule.sources != (ANY,)
        if leaving and self._translates:
            rule = dataclasses.replace(rule, unsupported=(*rule.unsupported, "the source after translation"))
        found = self._converter.rule(rule, at)
        said = [f"{child.tag} {child.text}".strip() for child in node.children if child.tag in _RULE_HANDLED]
        return [dataclasses.replace(found, handling="; ".join(filter(None, (found.handling, *said))))]

    def _automatic(self, rule: LibraryRule) -> Rule:
        """Return a rule that the firewall adds by itself; what makes it add it is residue."""
        if "OPNSENSE_FLAG_UNCLEAR" in self._reading.notes:
            rule = dataclasses.replace(rule, unsupported=("releases read the flag for it differently",))
        at = Located(name=rule.name, span=NOWHERE, ways=zone_ways(rule, self._known))
        found = self._converter.rule(rule, at)
        return dataclasses.replace(found, provenance=dataclasses.replace(found.provenance, synthetic=True))

    def _passed_by_nat(self) -> Iterator[Rule]:
        """Yield a rule for port forwards that let their traffic pass by themselves: what they let pass is not known."""
        nodes = [
            node
            for node in self._root.all("nat/rule")
            if node.said("associated-rule-id") == "pass" or node.said("pass") in {"pass", "rule"}
        ]
        if not nodes:
            return
        what = "port forwards that pass their traffic"
        key = opaque_key("nat", what, "\n".join(self._converter.quote(node.span()) for node in nodes))
        self._converter.remarks.append(Remark(code="opaque-condition", text=what, line=nodes[0].rows[0]))
        any_of = tuple(dataclasses.replace(one, state=State.NEW, opaque=((key, True),)) for one in EVERYTHING)
        provenance = Provenance(rule="port forwards", first_line=nodes[0].rows[0], last_line=nodes[-1].rows[1])
        yield Rule(action=Action.PERMIT, any_of=any_of, provenance=provenance)


def _unread(node: Node) -> tuple[str, ...]:
    """Return what of a rule nobody here can read: it makes the rule opaque."""
    known = _RULE_READ | _RULE_OPAQUE | _RULE_HANDLED | _NOTES
    found = [f"element {tag}, which is not read" for tag in sorted({child.tag for child in node.children} - known)]
    return (*found, *(f"{tag} {node.said(tag)[:40]}" for tag, values in _KNOWN if node.said(tag) not in values))


def _name(node: Node, number: int) -> str:
    return node.said("descr") or node.said("description") or f"rule {number + 1}"


def _switched_off(root: Node, platform: str, converter: Converter) -> tuple[Rule, ...]:
    """Return a rule that permits everything if the whole filter is switched off."""
    flag = root.first("system/disablefilter")
    if flag is None or (platform == "opnsense" and flag.text in {"", "0"}):
        return ()
    converter.carried.update(flag.span().lines)
    converter.remarks.append(Remark(code="filter-off", text="packet filtering is switched off", line=flag.rows[0]))
    return (default(Action.PERMIT, "packet filtering is switched off", span=flag.span()),)


def _zones(root: Node, reading: library.Reading) -> tuple[tuple[str, frozenset[str]], ...]:
    devices: Mapping[str, str] = {
        node.tag: node.said("if") for parent in root.all("interfaces") for node in parent.children
    }
    taken: set[str] = set()
    found = []
    for zone, keys in sorted(reading.zones.items()):
        members = {name for key in keys for name in (key, devices.get(key, "")) if name} - taken
        taken |= members
        found.append((zone, frozenset(members)))
    return tuple(found)
