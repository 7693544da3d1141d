"""The configuration as a tree of statements that follow the grammar.

Input: statements placed by the parser or the console. Output: nodes to print, compare, check and copy.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from murenger.lab.junos.grammar import APPLY, TOP
from murenger.lab.junos.schema import Kind, Rule
from murenger.lab.junos.tokens import quote

Words: TypeAlias = tuple[str, ...]

ROOT = Rule(pattern=("configuration",), children=TOP)


class Node:
    """One statement. Mutable on purpose: the candidate configuration is edited in place, on a copy.

    Attributes:
        rule: the grammar's rule for it.
        words: the words that name it among its siblings, such as `("policy", "web")`.
        values: what a LEAF or VALUES statement holds.
        children: statements below it by their words, in the order they were created.
        inactive: it is kept but has no effect.
        comments: comments printed above it, with their delimiters.
    """

    __slots__ = ("children", "comments", "inactive", "rule", "values", "words")

    def __init__(self, rule: Rule, words: Words) -> None:
        self.rule = rule
        self.words = words
        self.values: tuple[str, ...] = ()
        self.children: dict[Words, Node] = {}
        self.inactive = False
        self.comments: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The statement's name as it stands in a path."""
        return " ".join(quote(word) for word in self.words)

    def copy(self) -> "Node":
        """Return an independent copy of this statement and everything below it."""
        twin = Node(self.rule, self.words)
        twin.values, twin.inactive, twin.comments = self.values, self.inactive, self.comments
        twin.children = {words: child.copy() for words, child in self.children.items()}
        return twin

    def same_as(self, other: "Node") -> bool:
        """Tell whether two statements print alike, whole subtree and order included."""
        mine, theirs = self.ordered(), other.ordered()
        return (
            (self.words, self.values, self.inactive, self.comments)
            == (other.words, other.values, other.inactive, other.comments)
            and len(mine) == len(theirs)
            and all(left.same_as(right) for left, right in zip(mine, theirs, strict=True))
        )

    def ordered(self) -> tuple["Node", ...]:
        """Return the statements below in the order the device prints them."""
        rank = _rank(self.rule)
        return tuple(
            sorted(
                self.children.values(),
                key=lambda child: (rank[child.rule], natural_key(child.words[-1]) if child.rule.sorted else ()),
            )
        )

    def get(self, *path: str | Words) -> "Node | None":
        """Return an active statement below, or None.

        Args:
            path: words of each level; a single word may be given as a string.

        Returns:
            The statement, unless it or anything above it is absent or inactive.
        """
        node: Node | None = self
        for step in path:
            node = node.children.get((step,) if isinstance(step, str) else step) if node else None
            if node is None or node.inactive:
                return None
        return node

    def active(self, name: str | None = None) -> Iterator["Node"]:
        """Yield active statements below, optionally only those that begin with a word."""
        for child in self.children.values():
            if not child.inactive and (name is None or child.words[0] == name):
                yield child

    def value(self, *path: str | Words) -> str:
        """Return the first value of an active statement below, or an empty string."""
        node = self.get(*path)
        return node.values[0] if node and node.values else ""


def rules_below(rule: Rule) -> tuple[Rule, ...]:
    """Return the statements that may stand below a rule, in print order."""
    if rule is ROOT or rule.recursive:
        return TOP
    return (*APPLY, *rule.children) if rule.children else ()


@functools.cache
def _rank(rule: Rule) -> dict[Rule, int]:
    return {below: place for place, below in enumerate(rules_below(rule))}


def empty() -> Node:
    """Return an empty configuration."""
    return Node(ROOT, ())


def prune(node: Node) -> None:
    """Remove blocks that are empty and mean nothing while empty, as the device does."""
    for words, child in tuple(node.children.items()):
        prune(child)
        bare = child.rule.kind is Kind.BLOCK and not child.children and not child.rule.may_be_empty
        if bare or (child.rule.kind is not Kind.BLOCK and not child.values):
            del node.children[words]


def reorder(node: Node, moved: Words, *, target: Words, after: bool) -> None:
    """Move one entry next to another.

    Args:
        node: the parent of both.
        moved: the entry that moves; present in `node`.
        target: the entry it moves next to; present in `node`.
        after: behind the target rather than in front of it.
    """
    entry = node.children.pop(moved)
    order: list[tuple[Words, Node]] = []
    for words, child in node.children.items():
        pair = [(words, child)]
        if words == target:
            pair = [*pair, (moved, entry)] if after else [(moved, entry), *pair]
        order += pair
    node.children = dict(order)


def natural_key(word: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts ge-0/0/2 before ge-0/0/10."""
    return tuple((0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in _parts(word))


def _parts(word: str) -> Iterable[str]:
    return (part for part in re.split(r"(\d+)", word) if part)
