"""Rules: what the library read becomes rules of the model.

Input: a rule of the library with its place in the text. Output: one `Rule`, whose matches carry an opaque condition
wherever an object, a feature or a finding leaves something that nobody here can tell.

A side of a rule that names known and unknown members becomes two matches: the known addresses, and every address with
an opaque condition. Negated, it becomes one: every other address, with the condition that the unknown members do not
hold it.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from murenger.adapters.parsers.fwshift.library import ANY, LibraryRule
from murenger.adapters.parsers.fwshift.lines import NOWHERE, Catalogue, Key, Span, digest
from murenger.adapters.parsers.fwshift.opaque import Doubt, doubts
from murenger.adapters.parsers.fwshift.resolve import EVERY_ADDRESS, Addresses, Resolver, Services, complement
from murenger.semantics.intervals import IPV4, IPV6, IntervalSet
from murenger.semantics.ir import (
    ANY_L4,
    ANY_PLACE,
    ANY_STATE,
    EVERYTHING,
    L4,
    Action,
    Match,
    OpaqueKey,
    Places,
    Provenance,
    Remark,
    ResidueSection,
    Rule,
    State,
)

Conditions = tuple[tuple[OpaqueKey, bool], ...]
Way = tuple[Places, Places]
"""Ingress and egress."""
_CONDITIONS = frozenset({"application", "application-group", "application-filter", "custom-url-category"})
"""Kinds of definitions that only conditions name, never addresses or services."""
ANY_WAY: tuple[Way, ...] = ((ANY_PLACE, ANY_PLACE),)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a rule of the library stands.

    Attributes:
        name: what the device calls it.
        span: its lines.
        uses: the definitions that it names.
        ways: ingress and egress of its traffic.
        unsure_ways: the same where its zones cannot be trusted to be all that it matches.
    """

    name: str
    span: Span
    uses: tuple[Key, ...] = ()
    ways: tuple[Way, ...] = ANY_WAY
    unsure_ways: tuple[Way, ...] = ANY_WAY


def opaque_key(kind: str, label: str, *definition: str) -> OpaqueKey:
    """Return the key of a condition that nobody here can tell."""
    return OpaqueKey(kind, digest(kind, *definition), label)


class Converter:
    """Converts rules of one configuration.

    Args:
        resolver: its objects.
        catalogue: its definitions.
        state: the connection states that a listed rule is about: NEW where the device keeps connections.
        doubts: what is opaque about every rule.
    """

    def __init__(
        self, resolver: Resolver, catalogue: Catalogue, *, state: State = ANY_STATE, general: Sequence[Doubt] = ()
    ) -> None:
        self._resolver = resolver
        self._catalogue = catalogue
        self._state = state
        self._general = tuple(general)
        self.carried: set[int] = set()
        """Lines whose meaning the rules hold."""
        self.remarks: list[Remark] = []
        self._disabled: list[Span] = []

    def rule(self, rule: LibraryRule, at: Located) -> Rule:
        """Return a rule of the model, and note the lines that it carries."""
        self.carried.update(at.span.lines, self._catalogue.lines_of(at.uses))
        own = (*doubts(rule), *self._general)
        keys = self._rule_keys(own, at)
        ways = at.ways
        if not all(doubt.bounded for doubt in own):
            rule, ways = _widest(rule), at.unsure_ways
        sources = self._resolver.addresses(rule.sources)
        destinations = self._resolver.addresses(rule.destinations)
        services = self._resolver.services(rule.services)
        for name in sorted({name for _, name in (*sources.unknown, *destinations.unknown)} | services.unknown):
            self._remark("opaque-condition", f"{at.name}: what {name} holds cannot be told", at.span)
        matches = self._matches(rule, sources, destinations, services, keys)
        any_of = tuple(
            dataclasses.replace(match, ingress=ingress, egress=egress) for match in matches for ingress, egress in ways
        )
        return Rule(
            action=Action.PERMIT if rule.permits else Action.DENY,
            any_of=any_of,
            unless=self._not_services(rule, services) if any_of else (),
            provenance=self._catalogue.at(at.name, at.span, at.uses),
            handling=rule.handling,
        )

    def leave_out(self, at: Located) -> None:
        """Note a rule that is switched off: it is no rule, and its text is residue."""
        self.carried.update(at.span.lines)
        self._disabled.append(at.span)

    def disabled(self) -> tuple[ResidueSection, ...]:
        """Return the section of the rules that are switched off."""
        if not self._disabled:
            return ()
        return (
            ResidueSection(
                name="disabled rules",
                digest=digest(*(self._catalogue.quote(span) for span in self._disabled)),
                first_line=self._disabled[0].first,
                last_line=self._disabled[-1].last,
                summary=f"{len(self._disabled)} rules that are switched off",
                is_inert=True,
            ),
        )

    def unreadable(self, at: Located) -> tuple[Rule, Rule]:
        """Return two rules for a line whose action nobody can tell: it may permit or deny anything on its way."""
        self.carried.update(at.span.lines)
        text = self._catalogue.quote(at.span)
        self._remark("unreadable-line", f"{at.name}: {text[:120]}", at.span)
        provenance = self._catalogue.at(at.name, at.span, at.uses)
        return unreadable_rules(text, provenance, at.ways)

    def quote(self, span: Span) -> str:
        """Return the text of some lines, normalised."""
        return self._catalogue.quote(span)

    def _rule_keys(self, own: Iterable[Doubt], at: Located) -> Conditions:
        found = {}
        for doubt in own:
            key = opaque_key(doubt.kind, doubt.label, *self._definition(doubt, at))
            found[key] = True
            self._remark("opaque-condition", f"{at.name}: {doubt.label}", at.span)
        return tuple(sorted(found.items(), key=_key_order))

    def _definition(self, doubt: Doubt, at: Located) -> tuple[str, ...]:
        """Return what a condition depends on: its names and their definitions, or the whole rule and all it names."""
        if not doubt.names:
            return self._catalogue.quote(at.span), self._catalogue.text_of(at.uses)
        own = [key for key in at.uses if key[0] in _CONDITIONS or key[1] in doubt.names]
        return *doubt.names, self._catalogue.text_of(own)

    def _remark(self, code: str, text: str, span: Span) -> None:
        self.remarks.append(Remark(code=code, text=" ".join(text.split())[:200], line=span.first))

    def _matches(
        self, rule: LibraryRule, sources: Addresses, destinations: Addresses, services: Services, keys: Conditions
    ) -> list[Match]:
        found = []
        for family in (IPV4, IPV6):
            options = itertools.product(
                self._side("src", sources, family, negated=rule.negate_source),
                self._side("dst", destinations, family, negated=rule.negate_destination),
                self._services(rule, services, family),
            )
            found += [
                Match(
                    family=family,
                    src=src,
                    dst=dst,
                    l4=l4,
                    state=self._state,
                    opaque=tuple(sorted({**dict(a), **dict(b), **dict(c), **dict(keys)}.items(), key=_key_order)),
                )
                for (src, a), (dst, b), (l4, c) in options
            ]
        return found

    def _side(self, side: str, held: Addresses, family: int, *, negated: bool) -> list[tuple[IntervalSet, Conditions]]:
        known, everywhere, unknown = held.of(family), EVERY_ADDRESS.of(family), held.unknown_of(family)
        if not unknown:
            known = complement(known, family) if negated else known
            return [(known, ())] if known else []
        key = self._member_key("address", side, unknown)
        if negated:
            rest = complement(known, family)
            return [(rest, ((key, False),))] if rest else []
        return [*([(known, ())] if known else []), (everywhere, ((key, True),))]

    def _services(self, rule: LibraryRule, held: Services, family: int) -> list[tuple[tuple[L4, ...], Conditions]]:
        known = held.of(family)
        if rule.negate_service:
            condition: Conditions = ((self._service_key(rule, held), False),) if held.unknown else ()
            return [(ANY_L4, condition)]
        options: list[tuple[tuple[L4, ...], Conditions]] = [(known, ())] if known else []
        if held.unknown:
            options.append((ANY_L4, ((self._service_key(rule, held), True),)))
        return options

    def _not_services(self, rule: LibraryRule, held: Services) -> tuple[Match, ...]:
        if not rule.negate_service:
            return ()
        return tuple(
            dataclasses.replace(everything, l4=held.of(everything.family))
            for everything in EVERYTHING
            if held.of(everything.family)
        )

    def _service_key(self, rule: LibraryRule, held: Services) -> OpaqueKey:
        # A service may stand for whatever ports the applications of its own rule use.
        beside = rule.applications if "application-default" in held.unknown else ()
        return self._member_key("service", "service", held.unknown, *beside)

    def _member_key(self, kind: str, side: str, names: frozenset[str], *beside: str) -> OpaqueKey:
        # Which side it stands on is part of the condition: a source in an object is not a destination in it.
        listed = ", ".join(sorted(names))
        label = f"{side} {listed}"[:120]
        return opaque_key("member", label, side, self._resolver.definition(kind, names), *sorted(beside))


def _widest(rule: LibraryRule) -> LibraryRule:
    """Return a rule about all traffic: its fields bound nothing."""
    return dataclasses.replace(
        rule,
        sources=(ANY,),
        destinations=(ANY,),
        services=(ANY,),
        negate_source=False,
        negate_destination=False,
        negate_service=False,
    )


def established() -> Rule:
    """Return the rule of a device that keeps connections: what belongs to one passes."""
    passes = tuple(dataclasses.replace(one, state=State.ESTABLISHED | State.RELATED) for one in EVERYTHING)
    return Rule(
        action=Action.PERMIT,
        any_of=passes,
        provenance=Provenance(rule="established connections", synthetic=True),
    )


def default(action: Action, name: str, ways: Sequence[Way] = (), *, span: Span = NOWHERE, handling: str = "") -> Rule:
    """Return a rule for every packet, or for every packet on some ways."""
    any_of: tuple[Match, ...] = EVERYTHING
    if ways:
        any_of = tuple(
            dataclasses.replace(one, ingress=ingress, egress=egress) for one in EVERYTHING for ingress, egress in ways
        )
    provenance = Provenance(rule=name, first_line=span.first, last_line=span.last, synthetic=not span.lines)
    return Rule(action=action, any_of=any_of, provenance=provenance, handling=handling)


def unreadable_rules(
    text: str, provenance: Provenance, ways: Sequence[Way] = (), *, families: Sequence[int] = (IPV4, IPV6)
) -> tuple[Rule, Rule]:
    """Return two rules that stand for something which may permit, or deny, or do neither."""
    ways = ways or ANY_WAY

    def one(action: Action) -> Rule:
        key = opaque_key("unreadable", provenance.rule[:120], action.value, text)
        any_of = tuple(
            dataclasses.replace(box, ingress=ingress, egress=egress, opaque=((key, True),))
            for box in EVERYTHING
            if box.family in families
            for ingress, egress in ways
        )
        return Rule(action=action, any_of=any_of, provenance=provenance)

    return one(Action.PERMIT), one(Action.DENY)


def zone_ways(rule: LibraryRule, known: Iterable[str]) -> tuple[Way, ...]:
    """Return ingress and egress of a rule that names zones.

    Zones that the configuration does not know count as different from each other: nothing can be in the same one twice.

    Args:
        rule: the rule.
        known: every zone of the configuration.
    """
    src, dst = _places(rule.src_zones), _places(rule.dst_zones)
    if rule.scope == "universal":
        return ((src, dst),)
    zones = sorted(set(known) if src.include is None else src.include)
    if rule.scope == "intrazone":
        return tuple((Places.of(zone), Places.of(zone)) for zone in zones)
    found = [(Places.of(zone), dst & Places.but(zone)) for zone in zones]
    if src.include is None:
        found.append((Places.but(*zones), dst))
    return tuple((ingress, egress) for ingress, egress in found if not egress.is_empty)


def _places(zones: Sequence[str]) -> Places:
    return ANY_PLACE if ANY in zones else Places.of(*zones)


def _key_order(condition: tuple[OpaqueKey, bool]) -> tuple[str, str]:
    return condition[0].kind, condition[0].digest
