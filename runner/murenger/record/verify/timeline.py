"""Times that do not come from the log: when somebody else had seen it up to which record.

Input: anchors that were checked. Output: for each record, between which times it was written.
"""

import bisect
import dataclasses
import datetime
import itertools
from collections.abc import Iterable

_EVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Something outside the log that was found to agree with it.

    Attributes:
        sequence: number of the newest record that it covers.
        at: the time that it vouches for, or None where it vouches for none.
        by: who, for people: a witness's name, `a time-stamping authority`, the name of a file.
        file: where it was found.
        given: whether the reader brought it, instead of its lying in the log.
        is_seal: whether it is the stamp on a finished day, which is sought while the next day is being written.
    """

    sequence: int
    at: datetime.datetime | None
    by: str
    file: str
    given: bool = False
    is_seal: bool = False


class Timeline:
    """Times at which others had seen the log.

    Args:
        anchors: those that were checked and agree; without a time they do not matter here.
    """

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        known = sorted((anchor.sequence, anchor.at, anchor.is_seal) for anchor in anchors if anchor.at is not None)
        self._numbers = [sequence for sequence, _, _ in known]
        # What covers a later record covers the earlier ones as well.
        self._first_seen = list(itertools.accumulate((at for _, at, _ in reversed(known)), min))[::-1]
        # A head is given away while it is the newest: what follows it is younger. A seal is not.
        self._newest_before = list(itertools.accumulate((_EVER if is_seal else at for _, at, is_seal in known), max))

    def seen_at(self, number: int) -> datetime.datetime | None:
        """Return the earliest time at which somebody else had seen a record, or None if nobody had."""
        place = bisect.bisect_left(self._numbers, number)
        return self._first_seen[place] if place < len(self._numbers) else None

    def written_between(self, number: int) -> tuple[datetime.datetime, datetime.datetime]:
        """Return the times that a record was written between; the ends of time where nothing tells."""
        place = bisect.bisect_left(self._numbers, number)
        earliest = self._newest_before[place - 1] if place else _EVER
        return earliest, self._first_seen[place] if place < len(self._numbers) else _NEVER
