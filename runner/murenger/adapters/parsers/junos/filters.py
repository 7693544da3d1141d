"""Stateless firewall filters: terms in order, as rules that decide at the first match.

Input: the statements of a configuration. Output: each filter's rules, without its implicit discard and without the
interfaces where it is bound.
"""

import dataclasses
from collections.abc import Collection, Sequence

from murenger.adapters.parsers.acl.addresses import Wildcards
from murenger.adapters.parsers.acl.grammar import Box
from murenger.adapters.parsers.junos.conditions import Conditions
from murenger.adapters.parsers.junos.prefixes import Prefix, PrefixLists, read_prefix
from murenger.adapters.parsers.junos.statements import Statement
from murenger.adapters.parsers.sections import digest_of, shortened
from murenger.semantics.intervals import IPV4, IPV6, any_address
from murenger.semantics.ir import ANY_L4, Action, OpaqueKey, Provenance

FAMILIES = {"inet": IPV4, "inet6": IPV6}
_HANDLING = frozenset(
    {
        "count", "dscp", "forwarding-class", "log", "loss-priority", "port-mirror", "port-mirror-instance", "sample",
        "service-accounting", "service-accounting-deferred", "syslog", "traffic-class",
    }
)  # fmt: skip
_POLICERS = frozenset({"hierarchical-policer", "policer", "three-color-policer"})
_ENDS = {"accept": Action.PERMIT, "discard": Action.DENY, "reject": Action.DENY}
# Statements of a filter that decide no packet; they stay residue.
_OPTIONS = frozenset(
    {"accounting-profile", "enhanced-mode", "fast-filter-lookup", "instance-shared", "interface-shared",
     "interface-specific"}
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One rule of a filter.

    Attributes:
        action: permit or deny.
        boxes: what it matches.
        provenance: where it stands.
        handling: what else it does.
    """

    action: Action
    boxes: tuple[Box, ...]
    provenance: Provenance
    handling: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One firewall filter.

    Attributes:
        name: its name.
        family: 4 or 6.
        decisions: its rules in order.
        line: 1-based line where it begins.
        has_terms: False if it says nothing at all.
    """

    name: str
    family: int
    decisions: tuple[Decision, ...]
    line: int
    has_terms: bool


@dataclasses.dataclass(slots=True)
class _Term:
    name: str
    sources: dict[str, list[tuple[str, ...]]] = dataclasses.field(default_factory=dict)
    actions: list[tuple[str, ...]] = dataclasses.field(default_factory=list)
    strange: list[tuple[str, ...]] = dataclasses.field(default_factory=list)
    lines: list[int] = dataclasses.field(default_factory=list)
    positions: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class _Draft:
    line: int
    terms: dict[str, _Term] = dataclasses.field(default_factory=dict)
    strange: list[tuple[str, ...]] = dataclasses.field(default_factory=list)


class FilterReader:
    """Reads the filters of a configuration.

    Attributes:
        prefix_lists: by name.
        carried: after `filters`, positions of the statements whose meaning the filters hold.
        idle: after `filters`, positions of the statements of terms that decide no packet.
    """

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._definitions: dict[str, list[str]] = {}
        self._digests: dict[str, str] = {}
        self._wildcards = Wildcards()
        self._members: dict[str, list[int]] = {}
        self.carried: set[int] = set()
        self.idle: set[int] = set()
        self.prefix_lists: PrefixLists = self._read_prefix_lists()
        for one in statements:
            if one.is_active and len(one.words) > 2 and one.words[0] in {"firewall", "policy-options"}:
                name = one.words[4] if one.words[1] == "family" and len(one.words) > 4 else one.words[2]
                self._definitions.setdefault(name, []).append(" ".join(one.words))

    def definition(self, name: str) -> str:
        """Return a digest of the filters, policers and prefix lists of a name, or ""."""
        if name not in self._digests:
            found = self._definitions.get(name)
            self._digests[name] = digest_of(*found) if found else ""
        return self._digests[name]

    def _read_prefix_lists(self) -> PrefixLists:
        found: dict[str, list[Prefix]] = {}
        spoilt: set[str] = set()
        for position, one in enumerate(self._statements):
            words = one.words
            if not one.is_active or words[:2] != ("policy-options", "prefix-list") or len(words) < 3:
                continue
            prefix = read_prefix(words[3], self._wildcards) if len(words) == 4 else None
            if prefix is None:
                spoilt.add(words[2])
            else:
                found.setdefault(words[2], []).append(prefix)
                self._members.setdefault(words[2], []).append(position)
        return {name: None if name in spoilt else tuple(found.get(name, ())) for name in found.keys() | spoilt}

    def filters(self) -> tuple[Filter, ...]:
        """Return every filter of the families inet and inet6."""
        drafts: dict[tuple[int, str], _Draft] = {}
        for position, one in enumerate(self._statements):
            place = _place(one)
            if place is None:
                continue
            family, name, rest = place[0], shortened(place[1]), place[2]
            draft = drafts.setdefault((family, name), _Draft(one.line))
            if rest and rest[0] in _OPTIONS:
                continue
            self._note(draft, rest, position)
        found = [self._filter(name, family, draft) for (family, name), draft in drafts.items()]
        self._carry_prefix_lists({name for one in found for rule in one.decisions for name in rule.provenance.objects})
        return tuple(found)

    def _carry_prefix_lists(self, used: Collection[str]) -> None:
        """Carry the lists that filters use and nothing else does: what else they mean is not in the model."""
        elsewhere = {
            word
            for position, one in enumerate(self._statements)
            if position not in self.carried and one.words[:2] != ("policy-options", "prefix-list")
            for word in one.words
        }
        for name in set(used) - elsewhere:
            self.carried.update(self._members.get(name, ()))

    def _note(self, draft: _Draft, rest: tuple[str, ...], position: int) -> None:
        if not rest:
            return
        self.carried.add(position)
        if rest[0] != "term" or len(rest) < 2:
            draft.strange.append(rest)
            return
        term = draft.terms.setdefault(rest[1], _Term(rest[1]))
        term.lines.append(self._statements[position].line)
        term.positions.append(position)
        words = rest[2:]
        if words in {("from",), ("then",)}:
            self.carried.discard(position)
        elif words[:1] == ("from",):
            term.sources.setdefault(words[1], []).append(words[2:])
        elif words[:1] == ("then",):
            term.actions.append(words[1:])
        elif words:
            term.strange.append(words)

    def _filter(self, name: str, family: int, draft: _Draft) -> Filter:
        conditions = Conditions(
            family=family, prefix_lists=self.prefix_lists, definition=self.definition, wildcards=self._wildcards
        )
        decisions: list[Decision] = []
        if draft.strange:
            key = conditions.key("unreadable", f"filter {name}", tuple(draft.strange))
            decisions += _unsure((_all(family, key),), (_all(family),), _at(f"{name}", [draft.line]), "")
        for term in draft.terms.values():
            found = self._term(name, term, conditions)
            decisions += found
            if not found:
                # It decides nothing, so the rules do not show it.
                self.carried.difference_update(term.positions)
                self.idle.update(term.positions)
        return Filter(
            name=name, family=family, decisions=tuple(decisions), line=draft.line, has_terms=bool(draft.terms)
        )

    def _term(self, name: str, term: _Term, conditions: Conditions) -> list[Decision]:
        at = _at(f"{name} {shortened(term.name)}", term.lines, tuple(_lists_of(term)))
        boxes = conditions.boxes({field: tuple(values) for field, values in term.sources.items()})
        if term.strange:
            key = conditions.key("unreadable", f"term {term.name}", tuple(term.strange))
            return [
                *_unsure(_with(boxes, key), (), at, ""),
                Decision(action=Action.DENY, boxes=_with(boxes, _other(key)), provenance=at),
            ]
        return _decisions(boxes, term.actions, conditions, at)


def _decisions(
    boxes: tuple[Box, ...], actions: Sequence[tuple[str, ...]], conditions: Conditions, at: Provenance
) -> list[Decision]:
    """Return what a term decides; without a terminating action it accepts."""
    found: list[Decision] = []
    ends = [words for words in actions if words[0] in _ENDS]
    handling = "; ".join(sorted(" ".join(words) for words in actions if _is_handling(words)))
    for words in actions:
        if words[0] in _POLICERS:
            key = conditions.key("limit", "beyond", (words[1:], words))
            found.append(Decision(action=Action.DENY, boxes=_with(boxes, key), provenance=at, handling=handling))
    strange = [words for words in actions if not _is_known(words)]
    if strange or len(ends) > 1:
        key = conditions.key("action", "then", tuple(actions))
        return [*found, *_unsure(_with(boxes, key), boxes, at, handling)]
    if any(words[:2] == ("next", "term") for words in actions) and not ends:
        return found
    action = _ENDS[ends[0][0]] if ends else Action.PERMIT
    return [*found, Decision(action=action, boxes=boxes, provenance=at, handling=handling)]


def _is_known(words: tuple[str, ...]) -> bool:
    return words[0] in _HANDLING or words[0] in _POLICERS or words[0] in _ENDS or words == ("next", "term")


def _is_handling(words: tuple[str, ...]) -> bool:
    # Which kind of reject, and whether at all, decides no packet.
    return words[0] in _HANDLING or words[0] == "reject"


def _unsure(
    permitted: tuple[Box, ...], denied: tuple[Box, ...], at: Provenance, handling: str
) -> tuple[Decision, Decision]:
    return (
        Decision(action=Action.PERMIT, boxes=permitted, provenance=at, handling=handling),
        Decision(action=Action.DENY, boxes=denied, provenance=at, handling=handling),
    )


def _with(boxes: tuple[Box, ...], key: OpaqueKey) -> tuple[Box, ...]:
    def order(item: tuple[OpaqueKey, bool]) -> tuple[str, str, bool]:
        return item[0].kind, item[0].digest, item[1]

    return tuple(dataclasses.replace(box, opaque=tuple(sorted({*box.opaque, (key, True)}, key=order))) for box in boxes)


def _other(key: OpaqueKey) -> OpaqueKey:
    return OpaqueKey(key.kind, digest_of(key.digest, "deny"), key.label)


def _all(family: int, key: OpaqueKey | None = None) -> Box:
    everything = any_address(family)
    return Box(everything, everything, ANY_L4, opaque=() if key is None else ((key, True),))


def _at(name: str, lines: Sequence[int], objects: tuple[str, ...] = ()) -> Provenance:
    return Provenance(rule=name, first_line=min(lines), last_line=max(lines), objects=objects)


def _lists_of(term: _Term) -> Collection[str]:
    named = (values for field, values in term.sources.items() if field.endswith("prefix-list"))
    return dict.fromkeys(value[0] for values in named for value in values if value)


def _place(one: Statement) -> tuple[int, str, tuple[str, ...]] | None:
    """Return family, filter and the rest of a statement that belongs to a filter of inet or inet6."""
    words = one.words
    if not one.is_active or words[:1] != ("firewall",):
        return None
    if words[1:2] == ("filter",) and len(words) > 2:
        return IPV4, words[2], words[3:]
    if words[1:2] == ("family",) and words[3:4] == ("filter",) and len(words) > 4 and words[2] in FAMILIES:
        return FAMILIES[words[2]], words[4], words[5:]
    return None
