"""What somebody can do to a log with root's rights, and with the runner's key besides.

Input: a log's folder, perhaps a key. Output: the log, forged.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from murenger.model import canonical_bytes
from murenger.record.predicate import RECORD_NAMESPACE


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file, although it is read-only."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def record_path(folder: Path, number: int) -> Path:
    """Return where a record lies."""
    return next((folder / "days").glob(f"*/records/{number:09d}.json"))


def restamp(folder: Path) -> None:
    """Make every LEAVES fit the records that lie there, as anybody can without a key."""
    for day in (folder / "days").iterdir():
        records = sorted((day / "records").glob("*.json"))
        lines = [hashlib.sha256(b"\0" + path.read_bytes()).hexdigest() + "\n" for path in records]
        rewrite(day / "LEAVES", "".join(lines).encode())


def forge(path: Path, content: bytes, key: Any) -> None:
    """Replace a record and sign it, as somebody with that key can."""
    rewrite(path, content)
    rewrite(path.with_name(path.name + ".sig"), key.sign(content, namespace=RECORD_NAMESPACE).encode())


def rechain(folder: Path, key: Any) -> None:
    """Make every record carry the digest of the one before, sign them all, and fit LEAVES."""
    previous = "0" * 64
    for path in sorted((folder / "days").glob("*/records/*.json")):
        statement = json.loads(path.read_bytes())
        statement["predicate"]["prev_record_sha256"] = previous
        content = canonical_bytes(statement)
        forge(path, content, key)
        previous = hashlib.sha256(content).hexdigest()
    restamp(folder)


def edit(path: Path, key: Any, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what a record says, and sign it."""
    statement = json.loads(path.read_bytes())
    change(statement["predicate"])
    forge(path, canonical_bytes(statement), key)
