"""Text for people: what a drift did, read golden -> live.

Input: a drift, or two texts. Output: lines safe for a terminal, without a secret.
"""

import difflib
from collections.abc import Sequence

from murenger.compare.impact_text import render_impact
from murenger.compare.shown import shown
from murenger.model import Difference, Drift, Operation, Severity

_MARKS = {Operation.ADDED: "+", Operation.REMOVED: "-", Operation.CHANGED: "~", Operation.MOVED: ">"}
_NOTES = {
    Severity.SECRET: "a secret changed",
    Severity.FOREIGN: "belongs to somebody else: reported, never changed",
    Severity.OTHER: "no effect on traffic or access",
    Severity.POLICY: "",
}
_INDENT = "      "
# A whole table that is gone is named and begun, not printed.
MAX_BLOCK_LINES = 12
# Between the first and the last difference; on more, a crafted text would keep difflib busy for minutes.
MAX_UNIFIED_LINES = 2_000


def render_text(drift: Drift) -> str:
    """Return a drift for people, in the order the device evaluates; ends with LF."""
    name = shown(drift.device)
    if drift.in_sync:
        lines = [f"{name}: in sync with golden"]
    else:
        count = len(drift.differences)
        lines = [f"{name}: drift, {count} difference{'s' if count > 1 else ''} (golden -> live)"]
        lines += [f"  {line}" for line in render_impact(drift.impact).splitlines()]
        if drift.last_in_sync_at:
            lines.append(f"  last in sync: {drift.last_in_sync_at:%Y-%m-%d %H:%M:%S} UTC")
    path: tuple[str, ...] | None = None
    for difference in drift.differences:
        if difference.path != path:
            path = difference.path
            lines.append(f"  {' / '.join(map(shown, path)) if path else '(top level)'}")
        lines += _difference_lines(difference)
    lines += [f"  left alone by the policy: {_brief(difference)}" for difference in drift.ignored]
    lines += [f"  not comparable, written anew at each read: {shown(path)}" for path in drift.not_comparable]
    return "\n".join(lines) + "\n"


def unified(golden_text: str, live_text: str, *, golden_name: str = "golden", live_name: str = "live") -> str:
    """Return a unified difference of two texts, golden -> live, safe for a terminal and without a secret.

    Args:
        golden_text: canonical text of golden.
        live_text: canonical text of live.
        golden_name: what to call golden.
        live_name: what to call live.

    Returns:
        The difference, or "" if there is none; one line that says so if the texts are too long.
    """
    if golden_text == live_text:
        return ""
    golden, live = golden_text.splitlines(), live_text.splitlines()
    same_start = _common(golden, live)
    same_end = _common(golden[same_start:][::-1], live[same_start:][::-1])
    if len(golden) + len(live) - 2 * (same_start + same_end) > MAX_UNIFIED_LINES:
        return f"too large to detail: {len(golden)} and {len(live)} lines\n"
    lines = difflib.unified_diff(golden, live, golden_name, live_name, lineterm="")
    return "".join(f"{shown(line)}\n" for line in lines)


def _common(golden: Sequence[str], live: Sequence[str]) -> int:
    """Return how many lines both start with."""
    pairs = enumerate(zip(golden, live, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(golden), len(live)))


def _difference_lines(difference: Difference) -> list[str]:
    note = _NOTES[difference.severity]
    tail = f"  [{note}]" if note else ""
    mark = f"    {_MARKS[difference.operation]} "
    if difference.operation is Operation.CHANGED:
        return [*_block(mark + "was: ", difference.golden), *_block("      now: ", difference.live, tail)]
    text = difference.golden if difference.live is None else difference.live
    return _block(mark + _place(difference), text, tail)


def _brief(difference: Difference) -> str:
    text = (difference.live or difference.golden or "").partition("\n")[0]
    return " / ".join(map(shown, (*difference.path, f"{_MARKS[difference.operation]} {text.strip()}")))


def _place(difference: Difference) -> str:
    before, now = difference.golden_position, difference.live_position
    if difference.operation is Operation.MOVED:
        return f"moved from {before} to {now}: "
    if now is not None:
        return f"at {now}: "
    return f"was at {before}: " if before is not None else ""


def _block(start: str, text: str | None, tail: str = "") -> list[str]:
    first, *others = (text or "").split("\n")
    lines = [start + shown(first) + tail, *(f"{_INDENT}{shown(line)}" for line in others[:MAX_BLOCK_LINES])]
    if len(others) > MAX_BLOCK_LINES:
        lines.append(f"{_INDENT}... and {len(others) - MAX_BLOCK_LINES} more lines")
    return lines
