"""iptables and ip6tables: the chains INPUT, FORWARD and OUTPUT of the table filter.

Input: `iptables-save`, `ip6tables-save`, both one after the other, or `iptables -S`. Output: a ruleset.

Lines are read one by one and flattened here: the library knows FORWARD alone, drops states, and gives up on a
conditional RETURN or goto.
"""

import dataclasses
import re
import shlex
from collections.abc import Iterator, Mapping

from murenger.adapters.parsers.fwshift.convert import default, opaque_key, unreadable_rules
from murenger.adapters.parsers.fwshift.iptables_words import Line, line_of
from murenger.adapters.parsers.fwshift.residue import residue
from murenger.errors import ParseError
from murenger.semantics.intervals import IPV4, IPV6
from murenger.semantics.ir import EVERYTHING, Action, Hook, Match, Provenance, Remark, Rule, RuleList, Ruleset

_CHAINS = {"INPUT": Hook.INPUT, "FORWARD": Hook.FORWARD, "OUTPUT": Hook.OUTPUT}
_LOGS = frozenset({"LOG", "NFLOG", "ULOG", "AUDIT", "TRACE"})
_PASSES_ON = _LOGS | frozenset(
    {"MARK", "CONNMARK", "CLASSIFY", "SET", "CT", "DSCP", "TOS", "TTL", "HL", "TCPMSS", "TEE"}
)
"""Targets after which the packet goes on to the next rule."""
_MAX_RULES = 50_000
_MAX_EXCEPTIONS = 1_000_000
_MAX_DEPTH = 64
_COUNTERS = re.compile(r"\s*\[\d+:\d+\]\s*$|^\s*\[\d+:\d+\]\s*")
_V6_WORDS = re.compile(r"(^|\s)(ipv6-icmp|icmp6|icmpv6|--icmpv6-type)(\s|$)|\s-[sd]\s+[0-9a-fA-F]*:[0-9a-fA-F:]*")


@dataclasses.dataclass(slots=True)
class Table:
    """The table filter of one family.

    Attributes:
        policies: built-in chain -> its policy and the line that says it.
        chains: chain -> its rules.
        declared: chain -> the line that makes it.
    """

    policies: dict[str, tuple[str, int]] = dataclasses.field(default_factory=dict)
    chains: dict[str, list[Line]] = dataclasses.field(default_factory=dict)
    declared: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class _Block:
    """Consecutive lines of one table; family 0 where nothing says it."""

    table: str
    family: int
    lines: tuple[tuple[int, str], ...]


def read(platform: str, text: str) -> Ruleset:
    """Return what a saved table filter means.

    Raises:
        ParseError: it is none, or it expands to more rules than can be judged.
    """
    carried: set[int] = set()
    tables = _tables(text, carried)
    if not tables:
        raise ParseError("no table filter: expected the output of iptables-save, ip6tables-save or iptables -S")
    flattened = {family: _Flattener(table, carried) for family, table in tables.items()}
    lists = tuple(_list(chain, hook, tables, flattened) for chain, hook in _CHAINS.items())
    remarks = [one for flat in flattened.values() for one in flat.remarks]
    return Ruleset(
        platform=platform,
        lists=lists,
        covers=frozenset(_CHAINS.values()),
        residue=residue(platform, _without_counters(text), carried),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _without_counters(text: str) -> str:
    return "\n".join(_COUNTERS.sub("", line) if line[:1] in {":", "["} else line for line in text.splitlines())


# -- tables -------------------------------------------------------------------


def _tables(text: str, carried: set[int]) -> dict[int, Table]:
    found: dict[int, Table] = {}
    for block in _with_families(list(_blocks(text))):
        if block.table != "filter":
            continue
        if block.family in found:
            raise ParseError(f"line {block.lines[0][0]}: a second table filter of IPv{block.family}")
        found[block.family] = _table(block, carried)
    return found


def _blocks(text: str) -> Iterator[_Block]:
    """Yield the tables of a text; lines outside any are table filter, as `iptables -S` lists it."""
    table, family = "", 0
    lines: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#"):
            family = 6 if "ip6tables" in line else 4 if "iptables" in line else family
        elif line.startswith("*"):
            if lines:
                raise ParseError(f"line {number}: a table begins before COMMIT ends the one above")
            table, lines = line[1:].strip(), [(number, line)]
        elif line == "COMMIT":
            if not table:
                raise ParseError(f"line {number}: COMMIT without a table")
            yield _Block(table, family, (*lines, (number, line)))
            table, lines = "", []
        elif line:
            lines.append((number, line))
    if table:
        raise ParseError(f"table {table[:40]} is not whole: the text ends before its COMMIT")
    if lines:
        yield _Block("filter", family, tuple(lines))


def _with_families(blocks: list[_Block]) -> Iterator[_Block]:
    taken: set[tuple[str, int]] = set()
    for block in blocks:
        family = block.family
        if not family:
            family = IPV6 if any(_V6_WORDS.search(line) for _, line in block.lines) else IPV4
        if (block.table, family) in taken and not block.family:
            family = IPV6  # one after the other, as both commands print them
        taken.add((block.table, family))
        yield dataclasses.replace(block, family=family)


def _table(block: _Block, carried: set[int]) -> Table:
    table = Table()
    for number, line in block.lines:
        words = _words(line, number)
        if line.startswith("*") or line == "COMMIT":
            carried.add(number)
        elif line.startswith(":") and len(words) > 1:
            _declare(table, words[0][1:], words[1], number)
        elif words[0] in {"-P", "--policy"} and len(words) > 2:
            _declare(table, words[1], words[2], number)
        elif words[0] in {"-N", "--new-chain"} and len(words) > 1:
            _declare(table, words[1], "-", number)
        elif words[0] in {"-A", "--append"} and len(words) > 1:
            table.chains.setdefault(words[1], []).append(line_of(words, number, block.family))
        else:
            raise ParseError(f"line {number}: {line[:40]!r} is no rule, chain or policy of a saved table")
    stray = next((chain for chain in table.chains if chain not in table.declared and chain not in _CHAINS), None)
    if stray is not None:
        raise ParseError(f"chain {stray[:40]} has rules and no line that makes it")
    return table


def _words(line: str, number: int) -> list[str]:
    try:
        words = shlex.split(line, posix=True) if '"' in line or "'" in line or "\\" in line else line.split()
    except ValueError as exc:
        raise ParseError(f"line {number}: {exc}".lower()) from exc
    if words and re.fullmatch(r"\[\d+:\d+\]", words[0]):
        words = words[1:]
    if words and words[0] in {"iptables", "ip6tables"}:
        words = words[1:]
    if not words:
        raise ParseError(f"line {number}: {line[:40]!r} is no rule, chain or policy of a saved table")
    return words


def _declare(table: Table, chain: str, policy: str, number: int) -> None:
    table.chains.setdefault(chain, [])
    table.declared[chain] = number
    if policy == "-":
        return
    if chain not in _CHAINS or policy not in {"ACCEPT", "DROP"}:
        raise ParseError(f"line {number}: chain {chain[:40]} cannot have policy {policy[:40]}")
    table.policies[chain] = (policy, number)


# -- flattening ---------------------------------------------------------------


def meet(one: Match, other: Match) -> Match | None:
    """Return what two matches of one family have in common, or None if it is nothing."""
    found = Match(
        family=one.family,
        src=one.src & other.src,
        dst=one.dst & other.dst,
        l4=tuple(
            dataclasses.replace(a, proto=a.proto & b.proto, sport=a.sport & b.sport, dport=a.dport & b.dport)
            for a in one.l4
            for b in other.l4
        ),
        state=one.state & other.state,
        flags=one.flags & other.flags,
        ingress=one.ingress & other.ingress,
        egress=one.egress & other.egress,
        opaque=tuple(sorted({*one.opaque, *other.opaque}, key=lambda item: (item[0].kind, item[0].digest, item[1]))),
    )
    return None if _is_empty(found) else found


def _is_empty(match: Match) -> bool:
    l4 = any(one.proto and one.sport and one.dport for one in match.l4)
    places = match.ingress.is_empty or match.egress.is_empty
    return not (match.src and match.dst and l4 and match.state and match.flags) or places


class _Flattener:
    """Turns built-in chains and the chains that they jump to into lists of rules."""

    def __init__(self, table: Table, carried: set[int]) -> None:
        self._table = table
        self._carried = carried
        self._rules: list[Rule] = []
        self._exceptions = 0
        self._logs: list[str] = []
        self.remarks: list[Remark] = []

    def rules_of(self, chain: str, family: int) -> tuple[Rule, ...]:
        """Return the rules of a built-in chain, its policy last."""
        self._rules, self._logs = [], []
        everything = EVERYTHING[0] if family == IPV4 else EVERYTHING[1]
        self._walk(chain, everything, (), (chain,))
        policy, line = self._table.policies.get(chain, ("ACCEPT", 0))
        action = Action.PERMIT if policy == "ACCEPT" else Action.DENY
        provenance = Provenance(rule=f"{chain} policy {policy}", first_line=line, last_line=line, synthetic=not line)
        said = [*self._logs, *(["policy"] if line else [])]
        last = Rule(action=action, any_of=(everything,), provenance=provenance, handling="; ".join(said))
        return (*self._rules, last)

    def _walk(self, chain: str, context: Match, unless: tuple[Match, ...], stack: tuple[str, ...]) -> None:
        if len(stack) > _MAX_DEPTH:
            raise ParseError(f"chains that jump into one another more than {_MAX_DEPTH} deep")
        self._carried.update({self._table.declared[chain]} if chain in self._table.declared else ())
        for position, line in enumerate(self._table.chains.get(chain, ()), 1):
            self._carry(line, f"{chain} {position}")
            match = meet(context, line.match)
            if match is None:
                self._emit(Action.DENY, (), (), line, f"{chain} {position}")
            elif line.target in self._table.chains and line.target not in _CHAINS:
                self._jump(line, match, unless, stack)
                unless = (*unless, match) if line.is_goto else unless
            elif line.target == "RETURN" and len(stack) > 1:
                unless = (*unless, match)
            else:
                self._decide(line, match, unless, chain, position)

    def _jump(self, line: Line, match: Match, unless: tuple[Match, ...], stack: tuple[str, ...]) -> None:
        if line.target in stack:
            raise ParseError(f"line {line.number}: chain {line.target[:40]} jumps into itself")
        before = len(self._rules)
        self._walk(line.target, match, unless, (*stack, line.target))
        if len(self._rules) == before:
            self._logs.append(f"jump {line.target} if {line.condition}")

    def _carry(self, line: Line, name: str) -> None:
        if line.target not in _PASSES_ON - _LOGS:
            self._carried.add(line.number)
        for reason in line.strange:
            self.remarks.append(Remark(code="opaque-condition", text=f"{name}: {reason}"[:200], line=line.number))

    def _decide(self, line: Line, match: Match, unless: tuple[Match, ...], chain: str, position: int) -> None:
        target = line.target
        if target == "RETURN":
            target = self._table.policies.get(chain, ("ACCEPT", 0))[0]
        if target in _LOGS or not target:
            self._logs.append(f"{target or 'count'} {line.options} if {line.condition}")
        elif target in {"ACCEPT", "DROP", "REJECT"}:
            action = Action.PERMIT if target == "ACCEPT" else Action.DENY
            self._emit(action, (match,), unless, line, f"{chain} {position}")
        elif target not in _PASSES_ON:
            self._unknown_target(line, match, unless, chain, position)

    def _unknown_target(self, line: Line, match: Match, unless: tuple[Match, ...], chain: str, position: int) -> None:
        self.remarks.append(
            Remark(code="unreadable-line", text=f"{chain} {position}: target {line.target[:40]}", line=line.number)
        )
        provenance = Provenance(rule=f"{chain} {position}", first_line=line.number, last_line=line.number)
        for rule in unreadable_rules(f"{line.target} {line.options}", provenance):
            keys = rule.any_of[0].opaque
            both = tuple(sorted({*match.opaque, *keys}, key=lambda item: (item[0].kind, item[0].digest)))
            self._add(dataclasses.replace(rule, any_of=(dataclasses.replace(match, opaque=both),), unless=unless))

    def _emit(
        self, action: Action, any_of: tuple[Match, ...], unless: tuple[Match, ...], line: Line, where: str
    ) -> None:
        name = where + (f" ({line.comment[:60]})" if line.comment else "")
        said = [f"{line.target} {line.options}".strip()] if line.target == "REJECT" else []
        self._add(
            Rule(
                action=action,
                any_of=any_of,
                unless=unless if any_of else (),
                provenance=Provenance(rule=name, first_line=line.number, last_line=line.number),
                handling="; ".join([*self._logs, *said]),
            )
        )
        self._logs = []

    def _add(self, rule: Rule) -> None:
        self._exceptions += len(rule.unless)
        if len(self._rules) >= _MAX_RULES or self._exceptions > _MAX_EXCEPTIONS:
            raise ParseError(f"the chains expand to more than {_MAX_RULES} rules")
        self._rules.append(rule)


def _list(chain: str, hook: Hook, tables: Mapping[int, Table], flattened: Mapping[int, _Flattener]) -> RuleList:
    rules: list[Rule] = []
    for family in (IPV4, IPV6):
        if family in tables:
            rules += flattened[family].rules_of(chain, family)
        else:
            rules += _unsaid(family)
    return RuleList(
        name=f"chain {chain}",
        hooks=frozenset({hook}),
        rules=(*rules, default(Action.DENY, "no packet comes here")),
    )


def _unsaid(family: int) -> tuple[Rule, ...]:
    """Return what is known of a family whose tables are not in the text: nothing."""
    key = opaque_key("unsaid", f"the tables of IPv{family} are not in this text")
    everything = EVERYTHING[0] if family == IPV4 else EVERYTHING[1]
    provenance = Provenance(rule=f"IPv{family} is not in this text", synthetic=True)
    match = dataclasses.replace(everything, opaque=((key, True),))
    return (Rule(action=Action.PERMIT, any_of=(match,), provenance=provenance),)
