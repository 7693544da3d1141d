"""Lines of a configuration: which of them define what, and which of them the rules carry.

Input: text, and what each platform's module finds in it. Output: `Catalogue`, definitions with the lines they stand on
and the definitions they use, from which provenance, digests of opaque conditions and residue are made.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence

from murenger.semantics.ir import Provenance

Key = tuple[str, str]
"""Kind and name of a definition, such as ("address", "web1")."""

_MAX_OBJECTS = 64
"""Names of objects that a rule's provenance lists at most."""


def digest(*parts: str) -> str:
    """Return SHA-256, hex, of some texts; where one ends and the next begins counts."""
    found = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        found.update(len(encoded).to_bytes(8, "big"))
        found.update(encoded)
    return found.hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """Some lines of a text.

    Attributes:
        lines: 1-based numbers, ascending.
    """

    lines: tuple[int, ...]

    @property
    def first(self) -> int:
        """The first line, or 0."""
        return self.lines[0] if self.lines else 0

    @property
    def last(self) -> int:
        """The last line, or 0."""
        return self.lines[-1] if self.lines else 0


NOWHERE = Span(())
"""No line at all."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a configuration defines under a name.

    Attributes:
        span: the lines that say what it is.
        uses: the definitions that it names.
        notes: its lines that are known to be harmless: descriptions, colours.
    """

    span: Span
    uses: tuple[Key, ...] = ()
    notes: tuple[int, ...] = ()


class Catalogue:
    """The definitions of a configuration; a definition that is used without being there is empty.

    Args:
        text: lines of the configuration, the first one first.
        definitions: them, by kind and name.
        is_ordered: False if each line says all that it means, wherever it stands in a definition or rule.
    """

    def __init__(self, text: Sequence[str], definitions: Mapping[Key, Definition], *, is_ordered: bool = True) -> None:
        self._text = text
        self._definitions = definitions
        self._is_ordered = is_ordered
        self._closures: dict[Key, frozenset[Key]] = {}

    def __contains__(self, key: Key) -> bool:
        """True if the configuration defines it."""
        return key in self._definitions

    def closure(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Return definitions and all that they use, directly or not."""
        found: set[Key] = set()
        for key in keys:
            if key not in self._closures:
                self._closures[key] = self._reach(key)
            found |= self._closures[key]
        return frozenset(found)

    def text_of(self, keys: Iterable[Key]) -> str:
        """Return the full definition of some names: what their conditions depend on, whatever the platform's rules."""
        return "\n".join(f"{kind} {name}\n{self._lines_of((kind, name))}" for kind, name in sorted(self.closure(keys)))

    def lines_of(self, keys: Iterable[Key]) -> set[int]:
        """Return the lines on which some names and all that they use are defined."""
        found: set[int] = set()
        for key in self.closure(keys):
            if key in self._definitions:
                found.update(self._definitions[key].span.lines, self._definitions[key].notes)
        return found

    def span_of(self, key: Key) -> Span:
        """Return the lines of one definition, or none."""
        return self._definitions[key].span if key in self._definitions else NOWHERE

    def at(self, rule: str, span: Span, uses: Iterable[Key] = ()) -> Provenance:
        """Return the provenance of a rule."""
        names = sorted({name for _, name in self.closure(uses)})
        return Provenance(
            rule=rule, first_line=span.first, last_line=span.last, objects=tuple(names[:_MAX_OBJECTS]), synthetic=False
        )

    def quote(self, span: Span) -> str:
        """Return the text of some lines, normalised: one space between words, none around them."""
        found = [" ".join(self._text[line - 1].split()) for line in span.lines]
        return "\n".join(found if self._is_ordered else sorted(found))

    def _lines_of(self, key: Key) -> str:
        definition = self._definitions.get(key)
        return self.quote(definition.span) if definition else ""

    def _reach(self, start: Key) -> frozenset[Key]:
        seen, waiting = {start}, [start]
        while waiting:
            definition = self._definitions.get(waiting.pop())
            for key in definition.uses if definition else ():
                if key not in seen:
                    seen.add(key)
                    waiting.append(key)
        return frozenset(seen)
