"""What an entry of the catalogue is: an edit of a fixture's text, and what the comparison must say of it.

Input: texts that occur exactly once in a fixture. Output: mutants, their no-op twins, and the edited text.
"""

import dataclasses
import enum
from collections.abc import Mapping
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"
NUMBERS = range(1, 15)

Edits = tuple[tuple[str, str], ...]
"""What is replaced, one after the other, by what; each occurs exactly once."""


class Expect(enum.Enum):
    """What must be said of a mutant."""

    DIFFERENT = "different, with a witness"
    NOT_EQUAL = "anything but equal"
    HANDLING = "not equal, or equal with another handling"


@dataclasses.dataclass(frozen=True, slots=True)
class Mutant:
    """An edit that must be found.

    Attributes:
        number: 1..14, its kind.
        name: what it does.
        edits: the edit.
        expect: what must be said.
    """

    number: int
    name: str
    edits: Edits
    expect: Expect = Expect.DIFFERENT


@dataclasses.dataclass(frozen=True, slots=True)
class Twin:
    """An edit that looks like mutants of some kinds and changes nothing."""

    numbers: tuple[int, ...]
    name: str
    edits: Edits


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A platform's fixture with its mutants.

    Attributes:
        name: unique; the platform, unless it has two fixtures.
        platform: the parser's name.
        file: file among the platform's fixtures.
        mutants: edits that must be found.
        twins: edits that change nothing.
        absent: number -> why the platform has no such mutant.
    """

    name: str
    platform: str
    file: str
    mutants: tuple[Mutant, ...]
    twins: tuple[Twin, ...]
    absent: Mapping[int, str]

    @property
    def text(self) -> str:
        """The fixture."""
        return (FIXTURES / self.platform / "rules" / self.file).read_text(encoding="utf-8")


def edited(text: str, edits: Edits) -> str:
    """Return a text with edits made."""
    for before, after in edits:
        assert text.count(before) == 1, f"{text.count(before)} times: {before!r}"
        text = text.replace(before, after)
    return text


def swap(one: str, other: str) -> Edits:
    """Return the edits that make two texts change places."""
    return ((one, "\0"), (other, one), ("\0", other))


def move(text: str, *, before: str) -> Edits:
    """Return the edits that take a text from its place and put it before another."""
    return ((text, ""), (before, text + before))


def put(old: str, new: str) -> Edits:
    """Return the edit that replaces one text by another."""
    return ((old, new),)


def drop(text: str) -> Edits:
    """Return the edit that takes a text out."""
    return ((text, ""),)


def undecided(number: int, name: str, edits: Edits) -> Mutant:
    """Return a mutant of something that the model does not hold."""
    return Mutant(number, name, edits, Expect.NOT_EQUAL)


def handling(number: int, name: str, edits: Edits) -> Mutant:
    """Return a mutant that changes no packet's fate but what else is done with it."""
    return Mutant(number, name, edits, Expect.HANDLING)
