"""Lines compared in their order, for a platform whose structure nobody has written down.

Input: two texts. Output: differences, golden -> live, without what looks like a secret.
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from murenger.compare.sections import MAX_DIFFERENCES, TOO_LARGE
from murenger.model import Difference, Operation, Severity
from murenger.secrets import hide

# Between the first and the last difference; on more, a crafted text would keep difflib busy for minutes.
MAX_LINES = 4_000
MAX_SHOWN = 2_000

_Line: TypeAlias = tuple[int, str]


def compare_lines(golden: str, live: str) -> tuple[Difference, ...]:
    """Return how the lines of live differ from those of golden, in live's order; blank lines say nothing.

    A difference's path is the line of less indentation above it; its positions are 1-based line numbers.
    """
    before, now = _lines(golden), _lines(live)
    start = _common(before, now)
    end = _common(before[start:][::-1], now[start:][::-1])
    middle = before[start : len(before) - end], now[start : len(now) - end]
    if len(middle[0]) + len(middle[1]) > MAX_LINES:
        return (_too_large(len(before), len(now)),)
    found = tuple(_differences(before, now, start, middle))
    return found if len(found) <= MAX_DIFFERENCES else (_too_large(len(before), len(now)),)


def _lines(text: str) -> list[_Line]:
    lines = text.replace("\r\n", "\n").split("\n")
    return [(number, line.rstrip()) for number, line in enumerate(lines, 1) if line.strip()]


def _common(one: Sequence[_Line], other: Sequence[_Line]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a[1] != b[1]), min(len(one), len(other)))


def _differences(
    before: list[_Line], now: list[_Line], start: int, middle: tuple[list[_Line], list[_Line]]
) -> Iterator[Difference]:
    texts = [text for _, text in middle[0]], [text for _, text in middle[1]]
    matcher = difflib.SequenceMatcher(None, *texts, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(i2 - i1, j2 - j1) if tag == "replace" else 0
        for index in range(paired):
            yield _difference(before, now, start + i1 + index, start + j1 + index)
        for index in range(i1 + paired, i2):
            yield _difference(before, now, start + index, None)
        for index in range(j1 + paired, j2):
            yield _difference(before, now, None, start + index)


def _difference(before: list[_Line], now: list[_Line], golden: int | None, live: int | None) -> Difference:
    old = None if golden is None else before[golden]
    new = None if live is None else now[live]
    operation = Operation.ADDED if old is None else Operation.REMOVED if new is None else Operation.CHANGED
    shown = [None if line is None else _shown(line[1]) for line in (old, new)]
    hidden = operation is Operation.CHANGED and shown[0] == shown[1]
    return Difference(
        path=_path(now, live) if live is not None else _path(before, golden or 0),
        operation=operation,
        golden=shown[0],
        live=shown[1],
        golden_position=None if old is None else old[0],
        live_position=None if new is None else new[0],
        severity=Severity.SECRET if hidden else Severity.POLICY,
    )


def _path(lines: list[_Line], index: int) -> tuple[str, ...]:
    """Return the lines of less and less indentation above one, outermost first."""
    found: list[str] = []
    depth, last = _depth(lines[index][1]), max(0, index - MAX_LINES)
    while depth and index > last:
        index -= 1
        if _depth(lines[index][1]) < depth:
            depth = _depth(lines[index][1])
            found.append(_shown(lines[index][1]))
    return tuple(reversed(found))


def _shown(line: str) -> str:
    text = line.strip()
    cut = f" ... ({len(text)} characters)" if len(text) > MAX_SHOWN else ""
    return hide(text[:MAX_SHOWN]) + cut


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _too_large(golden: int, live: int) -> Difference:
    return Difference(
        path=(),
        operation=Operation.CHANGED,
        golden=f"{TOO_LARGE}: {golden} lines",
        live=f"{TOO_LARGE}: {live} lines",
    )
