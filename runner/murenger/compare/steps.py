"""Steps: what a heal will do, for people to read, live -> golden.

Input: live, and what is expected after the heal. Output: one line each, without a secret, safe for a terminal.
"""

from murenger.compare.comparison import compare
from murenger.compare.shown import shown
from murenger.model import Difference, Operation, Snapshot


def steps(live: Snapshot, expected: Snapshot) -> tuple[str, ...]:
    """Return what will be applied, in the order the device will evaluate it; empty if nothing will.

    Args:
        live: what the device runs.
        expected: what it should run afterwards, foreign parts included.

    Raises:
        CompareError: they are of different platforms, or cannot be read.
    """
    changes = compare(live, expected, detected_at=live.taken_at)
    return tuple(_step(difference) for difference in changes.differences)


def _step(change: Difference) -> str:
    where = f"{' / '.join(map(shown, change.path))}: " if change.path else ""
    before, after = _brief(change.golden), _brief(change.live)
    at = f" at {change.live_position}" if change.live_position is not None else ""
    if change.operation is Operation.ADDED:
        return f"{where}add{at}: {after}"
    if change.operation is Operation.REMOVED:
        return f"{where}remove: {before}"
    if change.operation is Operation.MOVED:
        return f"{where}move from {change.golden_position} to {change.live_position}: {after}"
    return f"{where}change{at}: {before} -> {after}"


def _brief(text: str | None) -> str:
    first, *others = (text or "").split("\n")
    return f"{shown(first)} ... ({len(others) + 1} lines)" if others else shown(first)
