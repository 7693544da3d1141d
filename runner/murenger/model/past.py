"""What the ledger remembers of earlier changes, for those who decide whether to make another.

Input: outcome and hold records. Output: values that guards, back-off and the recognition of fights read.
"""

import dataclasses
import datetime

from murenger.model.plan import OutcomeVerdict


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PastOutcome:
    """How one earlier change ended.

    Attributes:
        device: name of the device.
        zone: its zone when the change was made, or "".
        verdict: how it ended.
        ended_at: when that was known.
        drift_key: `Drift.key` of what it undid, or "" where the record does not say.
        golden_sha256: hex digest of the golden text.
        actor: who made the drift, as the device claims, or "".
        sequence: number of the outcome record.
        drift_id: name of the drift interval that it was to end, or "" where the record does not say.
        drift_since: when that interval was first seen, or None.
        started: False if no record tells that the device was spoken to, as where the intent could not be anchored.
    """

    device: str
    zone: str
    verdict: OutcomeVerdict
    ended_at: datetime.datetime
    drift_key: str
    golden_sha256: str
    actor: str
    sequence: int
    drift_id: str = ""
    drift_since: datetime.datetime | None = None
    started: bool = True

    @property
    def touched(self) -> bool:
        """True unless the device was never changed."""
        return self.verdict is not OutcomeVerdict.NOT_APPLIED

    @property
    def failed(self) -> bool:
        """True if healing was tried and did not end healed."""
        return self.verdict is not OutcomeVerdict.HEALED and (self.touched or self.started)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A time in which a device was in sync, as the ledger tells.

    Attributes:
        began_at: when live was first seen to equal golden.
        ended_at: when the next drift was first seen.
    """

    began_at: datetime.datetime
    ended_at: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A device that waits for a person: its last change left it in a state that is not proven.

    Attributes:
        verdict: partial or unknown.
        since: when the outcome was known.
        sequence: number of the outcome record.
    """

    verdict: OutcomeVerdict
    since: datetime.datetime
    sequence: int
