"""One configuration as a tree of slots: what the device stores, apart from how it is entered or printed.

Input: lines that the grammar accepted. Output: a tree that can be copied for a session and put in place of another.
"""

import copy
import dataclasses

from murenger.lab.eos import grammar
from murenger.lab.eos.grammar import Kind, Rule


@dataclasses.dataclass(slots=True, kw_only=True)
class Node:
    """One stored line, with the lines below it.

    Attributes:
        line: canonical text, without indentation and, for a list entry, without its number.
        mode: the mode that the line opens; empty for a plain line.
        rank: place of its rule within the mode, which is its place in print.
        free_text: body of a banner; None for all other lines.
        comment: the mode's own comment lines (`!!`).
        children: stored lines below it by slot; the slot of a list entry is its number.
    """

    line: str
    mode: str = ""
    rank: int = 0
    free_text: str | None = None
    comment: tuple[str, ...] = ()
    children: dict[str, "Node"] = dataclasses.field(default_factory=dict)

    def child(self, *slots: str) -> "Node | None":
        """Return the node at a path of slots; None where there is none."""
        node: Node | None = self
        for slot in slots:
            node = node.children.get(slot) if node is not None else None
        return node


def rank_of(mode: str, rule: Rule) -> int:
    """Return the printing place of a rule in its mode."""
    return grammar.MODES[mode].index(rule)


def clean() -> Node:
    """Return the factory-default configuration: nothing but the ports that exist in hardware."""
    root = Node(line="", mode="global")
    sections = [rule for rule in grammar.MODES["global"] if rule.kind is Kind.SECTION]
    for slot in grammar.PERMANENT:
        kind = "ethernet>" if "Ethernet" in slot else "management>"
        rule = next(rule for rule in sections if rule.pattern.endswith(kind))
        root.children[slot] = Node(line=slot, mode=rule.opens, rank=rank_of("global", rule))
    return root


def duplicate(root: Node) -> Node:
    """Return an independent copy of a configuration."""
    return copy.deepcopy(root)
