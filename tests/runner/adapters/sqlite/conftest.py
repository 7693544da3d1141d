"""A log written straight to its files: many records in no time, and every day and claim as a test wants it.

Input: a folder. Output: the fixture `log`, whose files have the layout, the chain and the digests of a real one.
"""

import dataclasses
import datetime
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.sqlite import RecordIndex
from murenger.model import canonical_bytes
from murenger.record.entry import LogEntry, RecordQuery
from murenger.record.predicate import BASE
from murenger.record.store import leaf_hash, record_name

ORIGIN = "fw-site1.example"
START = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.UTC)


@dataclasses.dataclass(slots=True)
class Log:
    """One log on disk."""

    folder: Path
    previous: str = "0" * 64
    count: int = 0
    newest_day: str = ""

    def write(self, kind: str = "heartbeat", *, device: str = "", day: int = 0, **groups: Any) -> str:
        """Append a record on the nth day and return its digest."""
        at = START + datetime.timedelta(days=day, seconds=self.count)
        said: dict[str, Any] = {
            "origin": ORIGIN,
            "seq": self.count,
            "prev_record_sha256": self.previous,
            "kind": kind,
            "written_at": at.isoformat().replace("+00:00", "Z"),
            "event": {"type": f"event-{kind}", "result": "success"},
            "refs": [],
            **groups,
        }
        if device:
            said["device"] = {"name": device}
        statement = {"_type": "x", "predicateType": f"{BASE}/{kind}/v1", "subject": [], "predicate": said}
        return self.publish(canonical_bytes(statement), f"{at:%Y-%m-%d}")

    def publish(self, content: bytes, day: str) -> str:
        """Lay the bytes of the next record down, on no earlier day than the one before it."""
        self.newest_day = day = max(day, self.newest_day)
        place = self.folder / "days" / day
        (place / "records").mkdir(parents=True, exist_ok=True)
        path = place / "records" / record_name(self.count)
        path.with_name(path.name + ".sig").write_text("signature\n", encoding="ascii")
        path.write_bytes(content)
        with (place / "LEAVES").open("a", encoding="ascii") as leaves:
            leaves.write(leaf_hash(content) + "\n")
        self.previous = hashlib.sha256(content).hexdigest()
        self.count += 1
        return self.previous

    def some(self, count: int = 30, *, days: int = 3) -> None:
        """Append records of several kinds, devices and days."""
        for number in range(count):
            kind = ("heartbeat", "drift", "plan", "outcome", "hold")[number % 5]
            device = "" if kind == "heartbeat" else f"fw{number % 3}"
            groups = {"outcome": {"verdict": "healed", "reason": "as planned"}} if kind == "outcome" else {}
            self.write(kind, device=device, day=number * days // count, **groups)

    def path(self, number: int) -> Path:
        """Return the file of a record."""
        return next(self.folder.glob(f"days/*/records/{record_name(number)}"))

    def prune(self, day: str) -> None:
        """Leave of a day what a pruned day leaves."""
        place = self.folder / "days" / day
        names = sorted(path.name for path in (place / "records").iterdir())
        sums = {name: hashlib.sha256((place / "records" / name).read_bytes()).hexdigest() for name in names}
        (place / "SHA256SUMS").write_text("".join(f"{sums[name]}  records/{name}\n" for name in names))
        (place / "SHA256SUMS.sig").write_text("signature\n")
        shutil.rmtree(place / "records")

    def index(self, said: list[str] | None = None) -> RecordIndex:
        """Return the index of the log; what it has to say goes into a list."""
        return RecordIndex(self.folder, origin=ORIGIN, notice=(said if said is not None else []).append)

    def listed(self, said: list[str] | None = None, **query: Any) -> list[LogEntry]:
        """Return the entries that fit."""
        return list(self.index(said).entries(RecordQuery(**query)))

    def truth(self) -> list[dict[str, Any]]:
        """Return what the files say, past everything under test."""
        paths = sorted(self.folder.glob("days/*/records/*.json"), key=lambda path: path.name)
        return [json.loads(path.read_bytes())["predicate"] for path in paths]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Give an empty log."""
    folder = tmp_path / ORIGIN
    folder.mkdir()
    return Log(folder)
