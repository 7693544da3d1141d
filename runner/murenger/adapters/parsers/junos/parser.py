"""Parser of Junos: firewall filters, the security policies of an SRX, and the rest of the configuration as residue.

Input: a configuration, in braces or as set commands. Output: its rules.

A packet passes if the filters on its way and the security policies let it. What a filter on an interface decides
concerns one interface and not its zone, so the policies' zones are spelt out as interfaces where a filter names one.
Groups that are applied are not expanded: where one of them could touch a filter, nobody can tell what passes.
"""

import dataclasses
from collections.abc import Collection, Sequence
from types import MappingProxyType

from murenger.adapters.parsers.acl.lists import Binding, unknown_list
from murenger.adapters.parsers.fwshift import platforms
from murenger.adapters.parsers.junos.bindings import BindingReader, Bindings
from murenger.adapters.parsers.junos.filters import Filter, FilterReader
from murenger.adapters.parsers.junos.policies import on_interfaces
from murenger.adapters.parsers.junos.statements import Statement, only, statements_of
from murenger.adapters.parsers.sections import digest_of, shortened
from murenger.semantics.intervals import IPV4, IPV6, IntervalSet
from murenger.semantics.ir import Hook, NamedAddresses, OpaqueKey, Remark, ResidueSection, RuleList, Ruleset
from murenger.semantics.parser import RuleParser

VERSION = "junos 1"
_POLICY_PARTS = frozenset({"security", "applications", "schedulers", "groups", "apply-groups"})
_TOUCHING = frozenset({"filter", "firewall", "prefix-list", "simple-filter"})
_SEPARATOR = "\x1f"
# No statement is called so: of those that are sections by themselves the first words are others.
_INACTIVE, _IDLE = "inactive statements", "idle terms"
_INERT = MappingProxyType({_INACTIVE: "that the device does not act on", _IDLE: "of terms that decide no packet"})


class JunosParser:
    """Reads the configuration of a router, a switch or an SRX."""

    def parse(self, text: str) -> Ruleset:
        """Return what a configuration means; see `RuleParser.parse`.

        Raises:
            ParseError: it is no configuration of Junos, or too large or deep.
        """
        statements = statements_of(text)
        reader = FilterReader(statements)
        filters = reader.filters()
        bindings = BindingReader(statements, filters).read()
        grouped, remarks = _groups(statements)
        own = Ruleset(
            platform="junos",
            lists=(*grouped, *bindings.lists),
            covers=frozenset({Hook.FORWARD, Hook.INPUT}),
            addresses=_addresses(reader),
            remarks=(*remarks, *bindings.remarks, *_opaque(filters)),
            parser=VERSION,
        )
        carried = reader.carried | bindings.carried
        if not any(one.is_active and one.words[:2] == ("security", "policies") for one in statements):
            return dataclasses.replace(own, residue=_residue(statements, carried, frozenset(), reader.idle))
        residue = _residue(statements, carried, _POLICY_PARTS, reader.idle)
        policies = platforms.parser("junos").parse(only(text, _POLICY_PARTS.__contains__))
        return _joined(own, policies, residue, bindings, _host_inbound(statements))


def parser(platform: str) -> RuleParser:
    """Return the parser.

    Args:
        platform: junos.
    """
    del platform
    return JunosParser()


def _joined(
    own: Ruleset,
    policies: Ruleset,
    residue: tuple[ResidueSection, ...],
    bindings: Bindings,
    host_inbound: RuleList,
) -> Ruleset:
    """Return filters and security policies as one; a line is residue unless the half that reads it carries it."""
    policies = on_interfaces(policies, bindings.interfaces)
    lists = own.lists
    if Hook.INPUT not in policies.covers:
        # What the zones let in to the device cannot be told, so such a filter is judged by itself besides.
        lists = tuple(
            dataclasses.replace(one, bound=one.bound and one.acl not in bindings.before_host) for one in lists
        )
        lists = (*lists, host_inbound)
    return Ruleset(
        platform="junos",
        lists=(*lists, *policies.lists),
        covers=own.covers | policies.covers,
        residue=(*residue, *policies.residue),
        zones=policies.zones,
        spelt_zones=policies.spelt_zones,
        addresses=(*own.addresses, *policies.addresses),
        services=policies.services,
        remarks=tuple(sorted((*own.remarks, *policies.remarks), key=lambda remark: remark.line)),
        parser=f"{own.parser}, {policies.parser}",
    )


def _host_inbound(statements: Sequence[Statement]) -> RuleList:
    """Return what an SRX lets in to itself: it depends on `host-inbound-traffic` of zones, which is not modelled."""
    said = [one.words for one in statements if one.is_active and "host-inbound-traffic" in one.words]
    digest = digest_of("host-inbound-traffic", *sorted(_SEPARATOR.join(words) for words in said))
    key = OpaqueKey("host-inbound", digest, "host-inbound-traffic")
    binding = Binding(direction="in", interfaces=(), hooks=frozenset({Hook.INPUT}), label="host-inbound-traffic")
    return unknown_list("host-inbound-traffic", {IPV4, IPV6}, binding, key, 0)


def _groups(statements: Sequence[Statement]) -> tuple[tuple[RuleList, ...], tuple[Remark, ...]]:
    """Return a list that nobody can tell, if an applied group could change a filter."""
    applied = [one for one in statements if one.is_active and "apply-groups" in one.words]
    names = {word for one in applied for word in one.words[one.words.index("apply-groups") + 1 :]}
    inside = [one for one in statements if one.words[0] == "groups" and one.words[1:2] and one.words[1] in names]
    touching = [one for one in inside if _TOUCHING & set(one.words[2:])]
    local = [one for one in applied if one.words[0] in {"firewall", "policy-options"}]
    if not touching and not local:
        return (), ()
    line = (touching or local)[0].line
    what = "a group that is applied could change the filters"
    digest = digest_of("groups", *(_SEPARATOR.join(one.words) for one in (*applied, *inside)))
    hooks = frozenset({Hook.FORWARD, Hook.INPUT})
    binding = Binding(direction="in", interfaces=(), hooks=hooks, label="apply-groups")
    found = unknown_list("apply-groups", {IPV4, IPV6}, binding, OpaqueKey("groups", digest, what), line)
    return (found,), (Remark(code="opaque-condition", text=what, line=line),)


def _opaque(filters: Sequence[Filter]) -> tuple[Remark, ...]:
    found: dict[tuple[int, str], Remark] = {}
    for one in filters:
        for decision in one.decisions:
            for key in {key for box in decision.boxes for key, _ in box.opaque}:
                line = decision.provenance.first_line
                code = "unreadable-line" if key.kind == "unreadable" else "opaque-condition"
                text = f"{decision.provenance.rule}: {key.label}"
                found[line, text] = Remark(code=code, text=text, line=line)
    return tuple(sorted(found.values(), key=lambda remark: (remark.line, remark.text)))


def _addresses(reader: FilterReader) -> tuple[NamedAddresses, ...]:
    found: list[NamedAddresses] = []
    for name, prefixes in reader.prefix_lists.items():
        for family in (IPV4, IPV6):
            spans = [span for one in prefixes or () if one.family == family for span in one.addresses.spans]
            if spans:
                found.append(NamedAddresses(name=name, family=family, addresses=IntervalSet.of(*spans)))
    return tuple(found)


def _residue(
    statements: Sequence[Statement], carried: Collection[int], elsewhere: frozenset[str], idle: Collection[int]
) -> tuple[ResidueSection, ...]:
    sections: dict[str, list[Statement]] = {}
    for position, one in enumerate(statements):
        if position in carried or one.words[0] in elsewhere or _is_harmless(one):
            continue
        name = _IDLE if position in idle else _name(one) if one.is_active else _INACTIVE
        sections.setdefault(name, []).append(one)
    return tuple(
        ResidueSection(
            name=shortened(name),
            digest=digest_of(*(f"{one.is_active}{_SEPARATOR}{_SEPARATOR.join(one.words)}" for one in found)),
            first_line=min(one.line for one in found),
            last_line=max(one.line for one in found),
            summary=f"{len(found)} statement{'' if len(found) == 1 else 's'} "
            + _INERT.get(name, "outside the rule model"),
            is_inert=name in _INERT,
        )
        for name, found in sorted(sections.items())
    )


def _is_harmless(one: Statement) -> bool:
    return one.words[0] == "interfaces" and one.words[-2:-1] == ("description",)


def _name(one: Statement) -> str:
    return " ".join(one.words[:2]) if len(one.words) > 2 else one.words[0]
