"""Back-off: how long healing waits after changes that did not end healed.

Input: earlier outcomes of one cause (device, `Drift.key`, golden text) and when the device was in sync. Output: a
standoff, or none. Nothing is kept here: the outcomes are the ledger's, so that a restart changes nothing.
"""

import datetime
import hashlib
import math
from collections.abc import Sequence

from murenger.config.settings import BackoffSettings
from murenger.model import Drift, PastOutcome, Spell, Standoff

CAUSE = "back-off"
# Doubled so often, the first wait of a second is longer than any `most_s`; on would only make large numbers.
_MOST_DOUBLINGS = 32


def of_this_cause(past: Sequence[PastOutcome], drift: Drift) -> tuple[PastOutcome, ...]:
    """Return the outcomes of changes that were to undo the very same drift, back to the same golden text."""
    cause = (drift.device, str(drift.key), drift.golden_digest.removeprefix("sha256:"))
    return tuple(one for one in past if (one.device, one.drift_key, one.golden_sha256) == cause)


def since_healthy(
    past: Sequence[PastOutcome], spells: Sequence[Spell], settings: BackoffSettings
) -> tuple[PastOutcome, ...]:
    """Return the outcomes since the device was last in sync for long enough; what was before does not count any more.

    How soon a change is made never matters: only time in sync resets. A reset by an attempt that came too early is
    what turned a cooldown into a storm elsewhere.

    Args:
        past: outcomes, oldest first.
        spells: the times in which the device was in sync.
        settings: how long is enough.
    """
    enough = datetime.timedelta(seconds=settings.healthy_after_s)
    healthy = [spell.ended_at for spell in spells if spell.ended_at - spell.began_at >= enough]
    reset = max(healthy, default=None)
    return tuple(outcome for outcome in past if reset is None or outcome.ended_at >= reset)


def wait_s(attempt: int, drift: Drift, settings: BackoffSettings) -> float:
    """Return the seconds to wait after so many failures, never more than `most_s`.

    The random part is the same for the same device, cause and attempt, whenever and wherever it is computed.

    Args:
        attempt: number of failures, >= 1.
        drift: names device and cause.
        settings: first wait, cap and jitter.
    """
    base = settings.first_s << min(attempt - 1, _MOST_DOUBLINGS)
    seed = f"{drift.device} {drift.key} {drift.golden_digest} {attempt}"
    share = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") / 2**64
    return min(float(settings.most_s), base * (1 + share * settings.jitter / 100))


def back_off(
    drift: Drift, past: Sequence[PastOutcome], settings: BackoffSettings, *, now: datetime.datetime
) -> Standoff | None:
    """Return the wait that is on, or None if there is none or it is over.

    Args:
        drift: the present drift.
        past: outcomes of this cause since the device was last healthy, oldest first.
        settings: first wait, cap and jitter.
        now: the time, aware UTC.
    """
    failures = [outcome for outcome in past if outcome.failed]
    if not failures:
        return None
    last = failures[-1]
    until = _whole_seconds(last.ended_at, wait_s(len(failures), drift, settings))
    if now >= until:
        return None
    times = "the last change was not healed" if len(failures) == 1 else f"{len(failures)} changes were not healed"
    reason = (
        f"back-off: {times} (record {last.sequence}: {last.verdict.value}); "
        f"the next one is tried from {until:%Y-%m-%dT%H:%M:%SZ} on, or once a person approves the plan"
    )
    return Standoff(cause=CAUSE, reason=reason, until=until)


def _whole_seconds(start: datetime.datetime, wait: float) -> datetime.datetime:
    """Return the end of a wait, at most rounded up to a second: what is told is what holds."""
    end = start.astimezone(datetime.UTC).timestamp() + wait
    return datetime.datetime.fromtimestamp(math.ceil(end), tz=datetime.UTC)
