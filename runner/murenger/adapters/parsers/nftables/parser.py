"""The parser of nftables: what `nft list ruleset` prints, as text or as JSON, becomes rules.

Input: a listing. Output: a `Ruleset`: a rule list for each base chain of the families ip, ip6 and inet, and residue.
"""

import dataclasses

from murenger.adapters.parsers.nftables.boxes import Algebra
from murenger.adapters.parsers.nftables.document import Document, document, is_dormant, may_be_dormant
from murenger.adapters.parsers.nftables.expressions import Conditions
from murenger.adapters.parsers.nftables.flatten import MAX_EFFECTIVE_RULES, Areas, Budget, Reading, catch_all
from murenger.adapters.parsers.nftables.listing import read_json
from murenger.adapters.parsers.nftables.lists import filters, gate, rule_list, with_rewrites
from murenger.adapters.parsers.nftables.names import addresses, services
from murenger.adapters.parsers.nftables.nat import Translation, refusing
from murenger.adapters.parsers.nftables.opaque import Keys, digest, plain
from murenger.adapters.parsers.nftables.residue import residue, writers
from murenger.adapters.parsers.nftables.text import read_text
from murenger.errors import ParseError
from murenger.model.json_value import JsonValue
from murenger.semantics.ir import EVERYTHING, Action, Hook, OpaqueKey, Provenance, Remark, Rule, RuleList, Ruleset
from murenger.semantics.parser import RuleParser

PLATFORM = "nftables"
VERSION = "nftables / 1"
TRIED = "1.0.6"
"""The version of nft whose listings the facts in this package were seen in."""


def parser(platform: str) -> RuleParser:
    """Return the parser of the platform.

    Raises:
        ValueError: the platform is another.
    """
    if platform != PLATFORM:
        raise ValueError(f"no platform of this parser: {platform}")
    return NftablesParser()


class NftablesParser:
    """Reads what `nft list ruleset` or `nft -j list ruleset` prints."""

    def parse(self, text: str) -> Ruleset:
        """Return what a ruleset means.

        Args:
            text: the whole listing; JSON if its first character is a brace.

        Raises:
            ParseError: it is no listing, or too large or deep to read.
        """
        is_json = text[:4_096].lstrip()[:1] in {"{", "["}
        try:
            return _ruleset(document(read_json(text) if is_json else read_text(text)))
        except RecursionError:
            raise ParseError("the nftables ruleset is nested too deep to read") from None


def _ruleset(found: Document) -> Ruleset:
    if found.strange and not found.tables:
        raise ParseError("no table: not what nft lists as a ruleset")
    algebra = Algebra()
    effects = writers(found)
    keys = Keys(effects)
    listed = sum(len(chain.rules) for _, chain in found.chains())
    conditions = Conditions(algebra, keys)
    budget = Budget(listed + MAX_EFFECTIVE_RULES)
    reading = Reading(found, algebra, conditions, keys, budget, Translation.of(found))
    lists: list[RuleList] = []
    rewrites: list[tuple[frozenset[Hook], Areas, OpaqueKey]] = []
    for table, chain in filters(found):
        reading.rewrites.clear()
        one = rule_list(reading, table, chain)
        lists.append(one)
        rewrites += [(one.hooks, areas, key) for areas, key in reading.rewrites]
    if rewrites:
        lists = [with_rewrites(one, rewrites, reading) for one in lists]
    lists += _unreadable(found)
    lists += [gate(reading, table, chain) for table, chain in refusing(found)]
    return Ruleset(
        platform=PLATFORM,
        lists=tuple(lists),
        covers=frozenset({Hook.FORWARD, Hook.INPUT, Hook.OUTPUT}),
        residue=residue(found, effects, {one.name for one in lists if _is_undecided(one)}),
        addresses=addresses(found, conditions),
        services=services(conditions),
        remarks=(*_remarks(found), *reading.remarks.values()),
        parser=VERSION,
    )


def _unreadable(found: Document) -> list[RuleList]:
    """Return a list that nobody can tell, if something stands beside the tables: it may change their rules."""
    if not found.strange:
        return []
    said: JsonValue = [plain(inner) for one in found.strange for inner in one.values() if isinstance(inner, dict)]
    key = OpaqueKey("unreadable", digest(said), "what stands beside the tables and cannot be read")
    label = Provenance(rule="unreadable", synthetic=True)
    return [
        RuleList(
            name="outside every table",
            hooks=frozenset({Hook.FORWARD, Hook.INPUT, Hook.OUTPUT}),
            rules=(
                Rule(
                    action=Action.DENY,
                    any_of=tuple(dataclasses.replace(one, opaque=((key, True),)) for one in EVERYTHING),
                    provenance=label,
                ),
                catch_all(Action.PERMIT, label),
            ),
        )
    ]


def _is_undecided(one: RuleList) -> bool:
    """True if it depends on a condition that other chains can have a say in: not on the packet's own fields alone."""
    matches = (match for rule in one.rules for match in (*rule.any_of, *rule.unless))
    return any(key.kind != "payload" for match in matches for key, _ in match.opaque)


def _remarks(found: Document) -> list[Remark]:
    remarks: list[Remark] = []
    if found.version not in {"", TRIED}:
        text = f"this listing is of nft {found.version[:20]}; what nft prints was tried with {TRIED}"
        remarks.append(Remark(code="untried-version", text=text))
    for table in found.tables.values():
        line = table.lines[0]
        if is_dormant(table):
            remarks.append(Remark(code="dormant-table", text=f"{table.name} is dormant: it filters nothing", line=line))
        elif may_be_dormant(table):
            text = f"{table.name} may be dormant: its listing as JSON does not say, as text it would"
            remarks.append(Remark(code="dormant-table", text=text, line=line))
    return remarks
