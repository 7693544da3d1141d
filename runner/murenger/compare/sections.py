"""Sections: the differences between two versions of one section, and of what it contains.

Input: two lists of nodes at one path. Output: differences in the order the device evaluates them.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from murenger.compare.pairing import Pair, pair_items
from murenger.compare.structure import Structured, describe
from murenger.dialects import Dialect, Node, render_node
from murenger.model import Difference, Operation, Severity
from murenger.secrets import PLACEHOLDER

# More differences than these help nobody; one that says so stands for them.
MAX_DIFFERENCES = 2_000
MAX_STRUCTURED = 1_000
TOO_LARGE = "too large to detail"

_VALUES = re.compile(r'\s*((?:"[^"]*"|[^",])+)\s*(?:,|$)')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two configurations of one platform being compared.

    Attributes:
        dialect: the platform.
        own: headers of golden's top-level sections.
    """

    dialect: Dialect
    own: frozenset[str]

    def differences(self, golden: Sequence[Node], live: Sequence[Node], path: tuple[str, ...]) -> list[Difference]:
        """Return the differences between two versions of a section.

        Args:
            golden: what it contains in golden.
            live: what it contains in live.
            path: lines of the sections down to it, the innermost last.
        """
        if tuple(golden) == tuple(live):
            return []
        found: list[Difference] = []
        for pair in pair_items(golden, live, path, self.dialect):
            found += self._of_pair(pair, path)
        if len(found) > MAX_DIFFERENCES:
            return [self._too_large(len(golden), len(live), len(found), path)]
        return found

    def _of_pair(self, pair: Pair, path: tuple[str, ...]) -> list[Difference]:
        golden, live = pair.golden, pair.live
        if golden is None or live is None:
            return [self._difference(pair, path, Operation.REMOVED if live is None else Operation.ADDED)]
        if not pair.is_same:
            values = self._of_values(golden, live, path)
            return [self._difference(pair, path, Operation.CHANGED)] if values is None else values
        found = [self._difference(pair, path, Operation.MOVED)] if pair.is_moved else []
        if self._modifier(golden) != self._modifier(live):
            heads = dataclasses.replace(pair, golden=_head(golden), live=_head(live))
            found.append(self._difference(heads, path, Operation.CHANGED))
        if golden.children != live.children:
            found += self._inside(golden, live, (*path, self.dialect.bare(live.line)))
        return found

    def _inside(self, golden: Node, live: Node, path: tuple[str, ...]) -> list[Difference]:
        if self._has_order(golden, path) or self._has_order(live, path):
            return self.differences(golden.children, live.children, path)
        return self._structured(golden, live, path)

    def _has_order(self, node: Node, path: tuple[str, ...]) -> bool:
        if self.dialect.ordered_items(path):
            return True
        return any(
            self._has_order(child, (*path, self.dialect.bare(child.line))) for child in node.children if child.children
        )

    def _structured(self, golden: Node, live: Node, path: tuple[str, ...]) -> list[Difference]:
        residue = list(self._residue(golden.children, live.children, path, ()))
        if len(residue) > MAX_STRUCTURED:
            return [self._too_large(len(golden.children), len(live.children), len(residue), path)]
        before: dict[str, Structured] = {}
        now: dict[str, Structured] = {}
        for keys, pair, _ in residue:
            _put(before, keys, pair.golden, self.dialect)
            _put(now, keys, pair.live, self.dialect)
        described = describe(before, now)
        found: list[Difference] = []
        for keys, pair, at in residue:
            operation = described.get(keys, Operation.CHANGED)
            if operation is Operation.CHANGED:
                found += self._of_pair(pair, at)
            else:
                found.append(self._difference(pair, at, operation))
        return found

    def _residue(
        self, golden: Sequence[Node], live: Sequence[Node], path: tuple[str, ...], keys: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Pair, tuple[str, ...]]]:
        """Yield the innermost pairs that differ, each under keys that no other has, with its section's path."""
        for number, pair in enumerate(pair_items(golden, live, path, self.dialect)):
            before, now = pair.golden, pair.live
            one = before or now
            if one is None:
                continue
            here = (*keys, f"{self.dialect.bare(one.line)} #{number}")
            if before is None or now is None or not pair.is_same or self._modifier(before) != self._modifier(now):
                yield here, pair, path
            elif before.children != now.children:
                yield from self._residue(before.children, now.children, (*path, self.dialect.bare(now.line)), here)

    def _modifier(self, node: Node) -> str:
        return node.line[: len(node.line) - len(self.dialect.bare(node.line))]

    def _of_values(self, golden: Node, live: Node, path: tuple[str, ...]) -> list[Difference] | None:
        """Return the values that two lists of values do not share, or None if these are no such lists."""
        pattern = self.dialect.value_list
        before = pattern.fullmatch(golden.line) if pattern else None
        now = pattern.fullmatch(live.line) if pattern else None
        if not before or not now:
            return None
        old, new = _values(before["values"]), _values(now["values"])
        inner = (*path, "elements")
        pairs = [Pair(golden=Node(line=value), is_same=False) for value in old if value not in new]
        pairs += [Pair(live=Node(line=value), is_same=False) for value in new if value not in old]
        if len(pairs) > MAX_DIFFERENCES:
            return [self._too_large(len(old), len(new), len(pairs), inner)]
        return [difference for pair in pairs for difference in self._of_pair(pair, inner)]

    def _difference(self, pair: Pair, path: tuple[str, ...], operation: Operation) -> Difference:
        golden = None if pair.golden is None else self._text(pair.golden)
        live = None if pair.live is None else self._text(pair.live)
        head = pair.live or pair.golden
        line = head.line if head else ""
        return Difference(
            path=path,
            operation=operation,
            golden=golden,
            live=live,
            golden_position=pair.golden_position,
            live_position=pair.live_position,
            severity=self._severity((*path, line), operation, golden, live),
        )

    def _text(self, node: Node) -> str:
        return render_node(node, self.dialect) if node.children or node.is_block else node.line

    def _severity(self, path: tuple[str, ...], operation: Operation, golden: str | None, live: str | None) -> Severity:
        if self.dialect.foreign_sections and path[0] not in self.own:
            return Severity.FOREIGN
        if operation is Operation.CHANGED and golden is not None and live is not None:
            hidden = PLACEHOLDER.sub("", golden), PLACEHOLDER.sub("", live)
            if hidden[0] == hidden[1] and golden != live:
                return Severity.SECRET
        return Severity.OTHER if self.dialect.is_inert(path) else Severity.POLICY

    def _too_large(self, golden: int, live: int, differences: int, path: tuple[str, ...]) -> Difference:
        is_foreign = self.dialect.foreign_sections and bool(path) and path[0] not in self.own
        return Difference(
            path=path,
            operation=Operation.CHANGED,
            golden=f"{TOO_LARGE}: {golden} entries",
            live=f"{TOO_LARGE}: {live} entries, {differences} differences",
            severity=Severity.FOREIGN if is_foreign else Severity.POLICY,
        )


def _head(node: Node) -> Node:
    return Node(line=node.line)


def _put(into: dict[str, Structured], keys: tuple[str, ...], node: Node | None, dialect: Dialect) -> None:
    if node is None:
        return
    level = into
    for key in keys[:-1]:
        inner = level.setdefault(key, {})
        if isinstance(inner, dict):
            level = inner
    # One line, or DeepDiff would compare the text line by line once more.
    level[keys[-1]] = render_node(node, dialect).replace("\n", "\r")


def _values(text: str) -> dict[str, None]:
    return dict.fromkeys(match[1].strip() for match in _VALUES.finditer(text) if match[1].strip())
