"""Comparing golden with live.

Input: two snapshots of one device. Output: a `Drift`. Pure: the same snapshots give the same drift, whoever asks.
"""

import datetime

from murenger.compare.sections import MAX_DIFFERENCES, TOO_LARGE, Comparison
from murenger.dialects import Tree, dialect, parse
from murenger.errors import CompareError, ParseError
from murenger.model import Difference, Drift, Operation, Snapshot
from murenger.model.impact import NOT_ASSESSED, NOTHING_CHANGED
from murenger.secrets import RESALTED


def compare(
    golden: Snapshot,
    live: Snapshot,
    *,
    detected_at: datetime.datetime,
    last_in_sync_at: datetime.datetime | None = None,
    wanted: Snapshot | None = None,
) -> Drift:
    """Return how live differs from golden.

    Args:
        golden: what the device should run; read golden -> live, it is what the drift started from.
        live: what it runs.
        detected_at: when live was read.
        last_in_sync_at: when the device was last seen in sync, or None if never.
        wanted: golden with the parts that its policy leaves alone as live has them, or None where it leaves none alone.

    The impact of a drift is `not-assessed`: who has the engine puts its answer there.

    Raises:
        CompareError: the snapshots are of different platforms.
        ParseError: one of them is not a configuration of its platform.
    """
    if golden.platform != live.platform:
        raise CompareError(f"golden is {golden.platform}, live is {live.platform}", device=live.device)
    differences = _between(wanted or golden, live)
    return Drift(
        device=live.device,
        platform=live.platform,
        golden_digest=golden.digest,
        live_digest=live.digest,
        differences=differences,
        impact=NOT_ASSESSED if differences else NOTHING_CHANGED,
        detected_at=detected_at,
        last_in_sync_at=last_in_sync_at,
        not_comparable=_not_comparable(golden, live),
        ignored=() if wanted is None else _between(golden, wanted),
    )


def _between(golden: Snapshot, live: Snapshot) -> tuple[Difference, ...]:
    if golden.digest == live.digest:
        return ()
    before, now = _tree(golden), _tree(live)
    comparison = Comparison(dialect=dialect(live.platform), own=frozenset(node.line for node in before.nodes))
    found = comparison.differences(before.nodes, now.nodes, ())
    if len(found) > MAX_DIFFERENCES:
        return (
            Difference(
                path=(),
                operation=Operation.CHANGED,
                golden=f"{TOO_LARGE}: {len(before.nodes)} entries",
                live=f"{TOO_LARGE}: {len(now.nodes)} entries, {len(found)} differences",
            ),
        )
    return tuple(found)


def _tree(snapshot: Snapshot) -> Tree:
    try:
        return parse(snapshot.text, dialect(snapshot.platform))
    except ParseError as exc:
        raise ParseError(
            f"{snapshot.kind.value} cannot be read: {exc.message}", device=snapshot.device, hint=exc.hint
        ) from exc


def _not_comparable(golden: Snapshot, live: Snapshot) -> tuple[str, ...]:
    paths = (path for snapshot in (golden, live) for path, holder in snapshot.fingerprints if holder == RESALTED)
    return tuple(dict.fromkeys(paths))
