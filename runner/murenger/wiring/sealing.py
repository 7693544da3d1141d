"""Seals: each finished day is listed, signed and stamped, so that nothing can be added to it.

Input: the ledger's days and the time. Output: seals, and a `recovery` record for each that comes late.
"""

import datetime
import hashlib

from murenger.errors import AnchorError, ConfigError, LedgerError
from murenger.record.recorder import Recorder
from murenger.record.seal import MAX_MANIFEST_BYTES
from murenger.record.store import DAYS, SEAL, read_regular
from murenger.wiring.parts import Parts

# Source: a day is sealed within an hour of its end; later than that is worth a record.
SEALED_WITHIN = datetime.timedelta(hours=1)


def seal_finished(parts: Parts, recorder: Recorder) -> tuple[str, ...]:
    """Seal every day that has ended, and stamp those that lack a stamp where a time-stamping authority is configured.

    Args:
        parts: adapters.
        recorder: writes the `recovery` record of a late seal.

    Returns:
        The days that could not be stamped; they are tried again.

    Raises:
        LedgerError: the ledger cannot be written.
        SignatureError: a seal could not be signed.
    """
    now = parts.clock.now()
    unstamped = []
    for day in parts.ledger.days():
        if day.name >= f"{now:%Y-%m-%d}" or day.pruned or (day.sealed and (day.stamped or not parts.stampers)):
            continue
        try:
            parts.ledger.seal(day.name, stamp=parts.stamp if parts.stampers else None)
        except (AnchorError, ConfigError):
            unstamped.append(day.name)
        if not day.sealed and now > _end_of(day.name) + SEALED_WITHIN:
            recorder.recovery(
                cause="late-seal",
                affected=f"{DAYS}/{day.name}/{SEAL}",
                sha256=manifest_sha256(parts, day.name),
                found="the day had ended without a seal",
                action="sealed",
            )
    return tuple(unstamped)


def manifest_sha256(parts: Parts, day: str) -> str:
    """Return the hex digest of a day's manifest.

    Raises:
        LedgerError: it cannot be read, or is no regular file.
    """
    path = parts.ledger.folder / DAYS / day / SEAL
    try:
        return hashlib.sha256(read_regular(path, MAX_MANIFEST_BYTES)).hexdigest()
    except (OSError, ValueError) as exc:
        raise LedgerError(f"the seal {path} cannot be read: {exc}", hint="murenger verify") from exc


def _end_of(day: str) -> datetime.datetime:
    """Return when a day ends, as an aware UTC time."""
    return datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC) + datetime.timedelta(days=1)
