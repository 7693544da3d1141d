"""Address translation: what it says, and what it keeps the rule model from knowing.

Input: a document. Output: the translation's JSON for a digest, lists for chains of it that refuse packets, and what
becomes of the rules of chains that see a packet before or after its address is another.

The rule model has one address for a packet on its whole way: the one that the forward and input hooks see.
"""

import dataclasses
from collections.abc import Iterator

from murenger.adapters.parsers.nftables.boxes import Box
from murenger.adapters.parsers.nftables.document import (
    FILTERED_FAMILIES,
    Chain,
    Document,
    JsonObject,
    Table,
    is_dormant,
    reached,
    text_of,
)
from murenger.adapters.parsers.nftables.opaque import digest, resolved, rules_said
from murenger.model.json_value import JsonValue
from murenger.semantics.ir import OpaqueKey

_DESTINATION, _SOURCE = -100, 100
"""Priorities at which the kernel translates destinations before routing, and sources after it."""

_REFUSALS = frozenset({"drop", "reject", "queue", "vmap"})


def nat_chains(document: Document) -> list[tuple[Table, Chain]]:
    """Return the base chains that translate addresses and the chains that they lead to."""
    found: list[tuple[Table, Chain]] = []
    for table in document.tables.values():
        if table.key[0] in FILTERED_FAMILIES and not is_dormant(table):
            bases = [chain for chain in table.chains.values() if text_of(chain.said.get("type")) == "nat"]
            found += [(table, table.chains[name]) for name in reached(table, bases)]
    return found


def nat_said(document: Document) -> JsonValue:
    """Return all that says how addresses are translated."""
    return [
        [list(table.key), chain.name, resolved(dict(chain.said), table), rules_said(chain.rules, table)]
        for table, chain in nat_chains(document)
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class Translation:
    """What translation of addresses there is.

    Attributes:
        said: digest of all that says so, or "" where addresses are not translated.
    """

    said: str

    @staticmethod
    def of(document: Document) -> "Translation":
        """Return the translation of a ruleset."""
        chains = nat_chains(document)
        return Translation(digest(nat_said(document)) if any(chain.rules for _, chain in chains) else "")

    def is_before(self, chain: Chain) -> bool:
        """True if a chain sees destinations that may still be translated."""
        if not self.said:
            return False
        return chain.hook == "ingress" or (chain.hook in {"prerouting", "output"} and chain.priority < _DESTINATION)

    def is_after(self, chain: Chain) -> bool:
        """True if a chain sees sources that may have been translated."""
        return bool(self.said) and chain.hook in {"postrouting", "input"} and chain.priority > _SOURCE

    def blurred(self, boxes: tuple[Box, ...], chain: Chain) -> tuple[Box, ...]:
        """Return boxes without what a chain says of addresses that are others elsewhere: it becomes opaque."""
        before, after = self.is_before(chain), self.is_after(chain)
        if not (before or after):
            return boxes
        return tuple(self._blurred(box, before=before, after=after) for box in boxes)

    def _blurred(self, box: Box, *, before: bool, after: bool) -> Box:
        hidden = [*((box.dst, box.dport) if before else ()), *((box.src, box.sport) if after else ())]
        if all(one is None for one in hidden):
            return box
        spans = [None if one is None else [list(span) for span in one.spans] for one in hidden]
        label = "addresses before translation" if before else "addresses after translation"
        key = OpaqueKey("nat", digest([self.said, list(spans)]), label)
        opaque = tuple(sorted({*box.opaque, (key, True)}, key=lambda item: (item[0].kind, item[0].digest)))
        box = box._replace(opaque=opaque)
        if before:
            box = box._replace(dst=None, dport=None)
        return box._replace(src=None, sport=None) if after else box


def refusing(document: Document) -> Iterator[tuple[Table, Chain]]:
    """Yield the base chains that translate addresses and may refuse packets as well."""
    for table, chain in nat_chains(document):
        if chain.is_base:
            names = reached(table, [chain])
            rules = (rule for name in names for rule in table.chains[name].rules)
            if chain.said.get("policy") == "drop" or any(_refuses(one) for rule in rules for one in rule.expressions):
                yield table, chain


def _refuses(statement: JsonObject) -> bool:
    ((kind, _),) = statement.items()
    return kind in _REFUSALS or kind not in _TRANSLATING


_TRANSLATING = frozenset(
    {
        "match", "accept", "continue", "return", "jump", "goto", "counter", "log", "limit", "quota", "mangle",
        "dnat", "snat", "masquerade", "redirect", "set", "map", "ct helper", "ct timeout", "ct expectation",
    }
)  # fmt: skip
