"""Access lists as IOS edits them: numbered entries, inserted, deleted and renumbered one at a time.

Input: entries and edits of them. Output: the list after each, or why the device would refuse.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from murenger.errors import GuardRefusedError

MOST = 2_147_483_647
"""Highest sequence number."""
STEP = 10


def refused(text: str) -> GuardRefusedError:
    """Return the error for a command or a plan that is not carried out."""
    return GuardRefusedError(text, guard="hitless", hint="make this part of the change by hand")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list.

    Attributes:
        text: `permit ...`, `deny ...` or `remark ...`, one space between words.
        number: sequence number, or None where the device does not show it.
    """

    text: str
    number: int | None

    @property
    def is_remark(self) -> bool:
        """True if it is for people only."""
        return self.text.startswith("remark")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """A named or numbered list.

    Attributes:
        name: name or number.
        kind: `extended` or `standard`.
        entries: lines in order.
        is_flat: True if it is written as `access-list NUMBER ...` lines.
    """

    name: str
    kind: str
    entries: tuple[Entry, ...] = ()
    is_flat: bool = False

    @property
    def header(self) -> str:
        """The command that begins to edit it."""
        return f"ip access-list {self.kind} {self.name}"

    @property
    def rules(self) -> tuple[Entry, ...]:
        """The lines that are no remarks without a number."""
        return tuple(one for one in self.entries if one.number is not None or not one.is_remark)

    @property
    def is_numbered(self) -> bool:
        """True if every line that counts has its number."""
        return all(one.number is not None for one in self.rules)

    def lines(self) -> list[str]:
        """Return it as the configuration shows it."""
        if self.is_flat:
            return [f"access-list {self.name} {one.text}" for one in self.entries]
        shown = [one.text if one.number is None else f"{one.number} {one.text}" for one in self.entries]
        return [self.header, *(f" {line}" for line in shown)]

    def inserted(self, number: int | None, text: str) -> "AccessList":
        """Return it with one more line, at the end where no number is given.

        Raises:
            GuardRefusedError: the number is taken, or unknown numbers may be, or the line is there already.
        """
        if any(one.text == text for one in self.entries):
            raise refused(f"{self.header}: {text!r} is there already, and the device would do nothing")
        if number is None and not self.is_numbered:
            return dataclasses.replace(self, entries=(*self.entries, Entry(text, None)))
        if not self.is_numbered:
            raise refused(f"{self.header}: the numbers of its lines are not known; resequence it first")
        taken = [one.number for one in self.rules if one.number is not None]
        number = (max(taken, default=0) // STEP + 1) * STEP if number is None else number
        if number in taken or not 0 < number <= MOST:
            raise refused(f"{self.header}: number {number} is taken or none")
        place = max((p + 1 for p, one in enumerate(self.entries) if one.number and one.number < number), default=0)
        entries = (*self.entries[:place], Entry(text, number), *self.entries[place:])
        return dataclasses.replace(self, entries=entries)

    def deleted(self, number: int | None, text: str) -> "AccessList":
        """Return it without one line, named by number or by text.

        Raises:
            GuardRefusedError: there is no such line.
        """
        left = tuple(one for one in self.entries if not (one.text == text if number is None else one.number == number))
        if len(left) != len(self.entries) - 1:
            raise refused(f"{self.header}: there is no line {text if number is None else number}")
        return dataclasses.replace(self, entries=left)

    def resequenced(self, first: int, step: int) -> "AccessList":
        """Return it with new numbers.

        Raises:
            GuardRefusedError: the numbers would not fit.
        """
        if not (0 < first <= MOST and step > 0 and first + step * len(self.rules) <= MOST):
            raise refused(f"{self.header}: cannot be numbered from {first} in steps of {step}")
        entries: list[Entry] = []
        number = first
        for one in self.entries:
            is_bare = one.is_remark and one.number is None
            entries.append(one if is_bare else Entry(one.text, number))
            number += 0 if is_bare else step
        return dataclasses.replace(self, entries=tuple(entries))


def numbered(texts: Iterable[str], first: int = STEP, step: int = STEP) -> tuple[Entry, ...]:
    """Return lines with numbers of their own."""
    return tuple(Entry(text, first + place * step) for place, text in enumerate(texts))


def repeated(entries: Sequence[Entry]) -> str:
    """Return the text of a line that stands there twice, or ""."""
    texts = [one.text for one in entries if not one.is_remark]
    return next((text for place, text in enumerate(texts) if text in texts[:place]), "")
