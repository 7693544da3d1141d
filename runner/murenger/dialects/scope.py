"""Scope: which parts of a device golden speaks for.

Input: golden and live text, and the policy's patterns. Output: golden with every other part as live has it, so that
detecting and healing mean the same parts. A pattern is a path as reports show it, level by level, `*` and `?` standing
for any text; it covers what it matches and everything below.
"""

import dataclasses
import enum
import functools
import re
from collections.abc import Sequence

from murenger.dialects.definition import Dialect
from murenger.dialects.reading import parse
from murenger.dialects.shape import canonical_tree, merged
from murenger.dialects.tree import Node, render
from murenger.errors import ConfigError

Paths = tuple[tuple[str, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a policy says of the parts of a device.

    Attributes:
        ignore: paths of parts that are neither compared nor changed.
        manage: paths of the only parts that golden speaks for; empty: all of them.
    """

    ignore: Paths = ()
    manage: Paths = ()

    @property
    def is_whole(self) -> bool:
        """True if golden speaks for everything."""
        return not self.ignore and not self.manage


def within_scope(golden_text: str, live_text: str, dialect: Dialect, scope: Scope) -> str:
    """Return golden's canonical text with each part outside the scope as live has it.

    Args:
        golden_text: canonical text of golden.
        live_text: canonical text of live.
        dialect: the platform of both.
        scope: which parts golden speaks for.

    Raises:
        ParseError: a text is not a configuration of the platform.
        ConfigError: a pattern names a single item of a list whose order has meaning.
    """
    if scope.is_whole:
        return golden_text
    golden, live = (canonical_tree(parse(text, dialect), dialect) for text in (golden_text, live_text))
    nodes = _Overlay(dialect, scope).nodes(golden.nodes, live.nodes, ())
    return render(merged(tuple(nodes), (), dialect), dialect)


class _Part(enum.Enum):
    OURS = enum.auto()
    """It and all below it is golden's."""
    THEIRS = enum.auto()
    """It and all below it stays as it is."""
    OURS_WITH_THEIRS_BELOW = enum.auto()
    THEIRS_WITH_OURS_BELOW = enum.auto()


class _Overlay:
    """Golden laid over live, within a scope."""

    def __init__(self, dialect: Dialect, scope: Scope) -> None:
        self._dialect = dialect
        self._scope = scope

    def nodes(self, golden: Sequence[Node], live: Sequence[Node], path: tuple[str, ...]) -> list[Node]:
        """Return what one section is to hold."""
        held = {self._dialect.bare(node.line): node for node in live}
        found: list[Node] = []
        for node in golden:
            part = self._part(node, path)
            if part is _Part.OURS:
                found.append(node)
            elif part is not _Part.THEIRS:
                other = held.get(self._dialect.bare(node.line))
                found.append(self._with(node, node.children, () if other is None else other.children, path))
        placed = [self._dialect.bare(node.line) for node in found]
        known, place = set(placed), 0
        for node in live:
            line = self._dialect.bare(node.line)
            kept = self._kept(node, path, is_known=line in known)
            if kept is not None:
                # It follows what it follows on the device, as far as that is there.
                found.insert(place, kept)
                placed.insert(place, line)
                place += 1
            elif line in known:
                place = placed.index(line) + 1
        return found

    def _kept(self, node: Node, path: tuple[str, ...], *, is_known: bool) -> Node | None:
        """Return what of a section or statement of live stays, beside what golden says of it."""
        part = self._part(node, path)
        if part is _Part.THEIRS:
            return node
        if part is _Part.THEIRS_WITH_OURS_BELOW and not is_known:
            return self._with(node, (), node.children, path)
        return None

    def _with(self, node: Node, golden: Sequence[Node], live: Sequence[Node], path: tuple[str, ...]) -> Node:
        return dataclasses.replace(node, children=tuple(self.nodes(golden, live, (*path, node.line))))

    def _part(self, node: Node, path: tuple[str, ...]) -> _Part:
        levels = tuple(self._dialect.bare(level) for level in (*path, node.line))
        scope = self._scope
        is_managed = not scope.manage or any(_covers(pattern, levels) for pattern in scope.manage)
        if any(_covers(pattern, levels) for pattern in scope.ignore):
            part = _Part.THEIRS
        elif is_managed:
            is_split = any(_leads_to(pattern, levels) for pattern in scope.ignore)
            part = _Part.OURS_WITH_THEIRS_BELOW if is_split else _Part.OURS
        elif any(_leads_to(pattern, levels) for pattern in scope.manage):
            part = _Part.THEIRS_WITH_OURS_BELOW
        else:
            part = _Part.THEIRS
        if part is _Part.THEIRS or part is _Part.THEIRS_WITH_OURS_BELOW:
            self._refuse_ordered(node, path)
        return part

    def _refuse_ordered(self, node: Node, path: tuple[str, ...]) -> None:
        items = self._dialect.ordered_items(path)
        # Below a section that is left alone as a whole nobody asks; here the list itself is golden's.
        if items is not None and items.fullmatch(self._dialect.bare(node.line)):
            where = " / ".join(path) or "the top level"
            raise ConfigError(
                f"a scope cannot leave out one item of {where}: its order has meaning",
                hint="ignore or manage the whole list",
            )


def _covers(pattern: Sequence[str], levels: Sequence[str]) -> bool:
    """True if a pattern matches this part or one that it lies in."""
    return len(pattern) <= len(levels) and _fits(pattern, levels)


def _leads_to(pattern: Sequence[str], levels: Sequence[str]) -> bool:
    """True if a pattern may match something below this part."""
    return len(pattern) > len(levels) and _fits(pattern, levels)


def _fits(pattern: Sequence[str], levels: Sequence[str]) -> bool:
    return all(_compiled(want).fullmatch(level) for want, level in zip(pattern, levels, strict=False))


@functools.lru_cache(maxsize=1024)
def _compiled(level: str) -> re.Pattern[str]:
    # Runs of stars are one star: each more would only cost time on a long line.
    escaped = re.escape(re.sub(r"\*+", "*", level)).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)
