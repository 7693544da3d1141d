"""The shape of a Junos configuration: which statements exist, what they hold and how the device orders and prints them.

Input: the building blocks that `grammar.py` uses. Output: a tree of rules that parser, editor, printer and check share.
"""

import dataclasses
import enum
from collections.abc import Callable
from typing import TypeAlias

from murenger.lab.junos.tokens import Kind as TokenKind
from murenger.lab.junos.tokens import Token


class Kind(enum.Enum):
    """What a statement holds."""

    BLOCK = "block"
    """Other statements, or nothing (a flag, or a list entry without content)."""
    LEAF = "leaf"
    """One value; setting it again replaces it."""
    VALUES = "values"
    """One or more values in the order they were set."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for a word chosen by the operator.

    Attributes:
        label: what the place is called, for messages.
        accepts: whether a word may stand here.
    """

    label: str
    accepts: Callable[[str], bool]


Pattern: TypeAlias = tuple[str | Slot, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """One statement of the grammar. Rules are compared by identity.

    Attributes:
        pattern: literal words and slots that begin the statement.
        kind: what it holds.
        value: what a LEAF or VALUES statement takes.
        children: statements a BLOCK may hold, in the order the device prints them.
        inline: a BLOCK that is printed on one line while it holds a single statement without content.
        choice: statements of one parent that share a non-empty choice exclude one another.
        presence: a BLOCK that means something while empty.
        sorted: entries are printed in name order; otherwise in the order they were created, which `insert` changes.
        secret: the value is marked SECRET-DATA.
        recursive: the children are the top-level statements (configuration groups).
    """

    pattern: Pattern
    kind: Kind = Kind.BLOCK
    value: Slot | None = None
    children: tuple["Rule", ...] = ()
    inline: bool = False
    choice: str = ""
    presence: bool = False
    sorted: bool = False
    secret: bool = False
    recursive: bool = False

    @property
    def is_list(self) -> bool:
        """Whether several statements of this rule can stand side by side."""
        return any(isinstance(part, Slot) for part in self.pattern)

    @property
    def may_be_empty(self) -> bool:
        """Whether the statement means something without content."""
        return self.is_list or self.presence or not (self.children or self.recursive)

    def match(self, words: list[Token]) -> tuple[str, ...] | None:
        """Match the beginning of a statement.

        Args:
            words: the statement's remaining words.

        Returns:
            The words that this rule takes, or None where it does not fit.
        """
        if len(words) < len(self.pattern):
            return None
        for part, word in zip(self.pattern, words, strict=False):
            if isinstance(part, Slot):
                if not part.accepts(word.text):
                    return None
            elif word.kind is not TokenKind.WORD or word.text != part:
                return None
        return tuple(word.text for word in words[: len(self.pattern)])


def find(rules: tuple[Rule, ...], words: list[Token]) -> tuple[Rule, tuple[str, ...]] | None:
    """Find the rule that a statement begins with; a literal word beats a slot.

    Args:
        rules: the statements allowed here.
        words: the statement's remaining words.

    Returns:
        The rule and the words it takes, or None.
    """
    for literal_first in (True, False):
        for rule in rules:
            if isinstance(rule.pattern[0], str) is literal_first and (taken := rule.match(words)) is not None:
                return rule, taken
    return None
