"""One record as the lists and exports of a pack see it: parsed once, with its place in the pack.

Input: the pack's copies of days. Output: their records in order, one in memory at a time.
"""

import dataclasses
import datetime
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from murenger.errors import LedgerError
from murenger.record.groups import Group
from murenger.record.predicate import MAX_RECORD_BYTES
from murenger.record.reading import group_of, text_of, time_of
from murenger.record.store import DAYS, DECISIONS, RECORD_FILE, RECORDS, read_regular

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record of the period.

    Attributes:
        sequence: its number.
        day: the folder that holds it, `YYYY-MM-DD`.
        sha256: hex digest of its bytes.
        kind: name of its kind.
        device: the device concerned, or "".
        written_at: the runner's claim, or None.
        said: its predicate.
    """

    sequence: int
    day: str
    sha256: str
    kind: str
    device: str
    written_at: datetime.datetime | None
    said: Group = dataclasses.field(repr=False)

    @property
    def path(self) -> str:
        """Where the record lies in the pack."""
        return f"{DAYS}/{self.day}/{RECORDS}/{self.sequence:09d}.json"

    @property
    def decision(self) -> str:
        """Where the decision that it cites lies in the pack, or ""."""
        sha256 = text_of(group_of(self.said, "approval"), "decision_sha256")
        # It becomes a path; whatever else a forged record has there leads nowhere.
        return f"{DAYS}/{self.day}/{DECISIONS}/{sha256}.json" if _SHA256.fullmatch(sha256) else ""

    def concerns(self, devices: Sequence[str]) -> bool:
        """Tell whether the record is about one of the devices, or about none; always true for no devices."""
        return not devices or not self.device or self.device in devices


def entry_of(content: bytes, *, sequence: int, day: str) -> Entry:
    """Return a record as the lists see it.

    Args:
        content: its bytes.
        sequence: its number, by its file's name.
        day: the folder that holds it.

    Raises:
        LedgerError: the bytes are no statement.
    """
    try:
        statement = json.loads(content)
        said = statement["predicate"]
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise LedgerError(f"record {sequence} is damaged", hint="murenger verify") from exc
    if not isinstance(said, dict):
        raise LedgerError(f"record {sequence} is damaged", hint="murenger verify")
    return Entry(
        sequence=sequence,
        day=day,
        sha256=hashlib.sha256(content).hexdigest(),
        kind=text_of(said, "kind"),
        device=text_of(group_of(said, "device"), "name"),
        written_at=time_of(said, "written_at"),
        said=said,
    )


def entries(folder: Path, days: Sequence[str]) -> Iterator[Entry]:
    """Yield the records of some days in order, one in memory at a time.

    Args:
        folder: the pack, or a log's folder.
        days: their names, oldest first.

    Raises:
        LedgerError: a record cannot be read, or is none.
    """
    for day in days:
        records = folder / DAYS / day / RECORDS
        try:
            names = sorted(path.name for path in records.iterdir() if RECORD_FILE.fullmatch(path.name))
            for name in names:
                content = read_regular(records / name, MAX_RECORD_BYTES)
                yield entry_of(content, sequence=int(name.removesuffix(".json")), day=day)
        except (OSError, ValueError) as exc:
            raise LedgerError(f"the records in {records} cannot be read: {exc}", hint="murenger verify") from exc
