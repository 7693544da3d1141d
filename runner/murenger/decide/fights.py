"""Fights: the same change keeps returning, so healing it once more would only be another round.

Input: earlier outcomes of one cause and when the present drift was first seen. Output: a standoff that names the
opponent and the rhythm where they are evident, or none. Recovered from records alone.
"""

import datetime
import itertools
import statistics
from collections.abc import Sequence

from murenger.config.settings import BackoffSettings
from murenger.model import PastOutcome, Standoff

CAUSE = "fight"
# Drift is seen when the device is checked, not when it is made: gaps may differ by a check's interval.
_SLACK_S = 60.0
_SLACK_SHARE = 0.1
_LEAST_TIMES = 3
_HOUR_S, _DAY_S = 3600, 86400
_ACTORS_SHOWN = 2


def fight(past: Sequence[PastOutcome], settings: BackoffSettings, *, returned_at: datetime.datetime) -> Standoff | None:
    """Return that healing has become a fight, or None.

    Counted is how often the change was there anew and was acted on, healed or not. Changes that fail while the drift
    stays are no returns: for them there is back-off. Once it is a fight it stays one, until the outcomes are forgotten
    because golden is new or the device was healthy for long enough.

    Args:
        past: outcomes of this cause since the device was last healthy, oldest first.
        settings: how many returns within what time make a fight.
        returned_at: when the present drift was first seen.
    """
    rounds = _rounds(past)
    if not _is_fight(rounds, settings):
        return None
    times = [outcome.drift_since or outcome.ended_at for outcome in rounds]
    by = f" by {who}" if (who := _opponent(rounds)) else ""
    rhythm = f", {said}" if (said := rhythm_of([*times, returned_at])) else ""
    reason = (
        f"fight: this change came back {len(rounds)} times{by}{rhythm}: stop whoever makes it, or adopt it in "
        "golden; to heal it once more, approve the plan"
    )
    return Standoff(cause=CAUSE, reason=reason)


def _rounds(past: Sequence[PastOutcome]) -> tuple[PastOutcome, ...]:
    """Return the last outcome of each interval of the drift in which the device was touched, oldest first."""
    rounds = {outcome.drift_id or str(outcome.sequence): outcome for outcome in past if outcome.touched}
    return tuple(rounds.values())


def _is_fight(rounds: Sequence[PastOutcome], settings: BackoffSettings) -> bool:
    """True if ever so many rounds, one after the other, lay within the time."""
    within = datetime.timedelta(seconds=settings.fight_within_s)
    last = len(rounds) - settings.fight_returns + 1
    return any(
        rounds[start + settings.fight_returns - 1].ended_at - rounds[start].ended_at <= within
        for start in range(max(0, last))
    )


def _opponent(rounds: Sequence[PastOutcome]) -> str:
    """Return who is said to have made the change, the newest first, or "" if no device said."""
    actors = list(dict.fromkeys(outcome.actor for outcome in reversed(rounds) if outcome.actor))
    return " and ".join(actors[:_ACTORS_SHOWN])


def rhythm_of(times: Sequence[datetime.datetime]) -> str:
    """Return the rhythm of some times, such as `every 15 min at :03`, or "" if none is evident.

    Args:
        times: aware, oldest first; fewer than three show no rhythm.
    """
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    if len(times) < _LEAST_TIMES:
        return ""
    middle = statistics.median(gaps)
    slack_s = max(_SLACK_S, _SLACK_SHARE * middle)
    if middle < 2 * _SLACK_S or any(abs(gap - middle) > slack_s for gap in gaps):
        return ""
    return f"every {_span(middle)}{_phase(times, round(middle / 60) * 60, slack_s)}"


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    hours = round(minutes / 60)
    # An hour and a minute is told as an hour: more is not known of it.
    if hours and abs(minutes - hours * 60) <= max(1, minutes * _SLACK_SHARE / 2):
        return "day" if hours == _DAY_S // _HOUR_S else f"{hours} h" if hours > 1 else "hour"
    return f"{minutes} min"


def _phase(times: Sequence[datetime.datetime], period_s: int, slack_s: float) -> str:
    """Return at which minute of the hour, or time of the day, where the times agree on it."""
    whole_s = _HOUR_S if period_s <= _HOUR_S else _DAY_S
    if whole_s % period_s:
        return ""
    # Where several fit into the hour or the day, the first is told.
    phases = [at.timestamp() % period_s for at in times]
    apart = [min(abs(one - phases[0]), period_s - abs(one - phases[0])) for one in phases]
    if max(apart) > slack_s:
        return ""
    minute = int(min(phases) // 60)
    return f" at :{minute:02d}" if whole_s == _HOUR_S else f" at {minute // 60:02d}:{minute % 60:02d} UTC"
