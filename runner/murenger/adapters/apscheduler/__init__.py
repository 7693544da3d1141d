"""APScheduler: one tick that never overlaps itself, and cron expressions.

Input: a function to call. Output: calls at a steady rate until told to stop.
"""

import datetime
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from murenger.errors import ConfigError


class CronCadence:
    """Port-like `murenger.schedule.Cadence` by a five-field cron expression in UTC.

    Args:
        expression: minute, hour, day of month, month, day of week.

    Raises:
        ConfigError: it is not a cron expression, or never comes due.
    """

    def __init__(self, expression: str) -> None:
        self._expression = expression
        try:
            self._trigger = CronTrigger.from_crontab(expression, timezone=datetime.UTC)
        except ValueError as exc:
            raise ConfigError(
                f"{expression!r} is not a cron expression: {exc}",
                hint="five fields: minute, hour, day of month, month, day of week",
            ) from exc
        self.next_after(datetime.datetime.now(tz=datetime.UTC))

    def next_after(self, now: datetime.datetime) -> datetime.datetime:
        """Return the first due time strictly after `now`.

        Raises:
            ConfigError: the expression never comes due.
        """
        due: datetime.datetime | None = self._trigger.get_next_fire_time(None, now + datetime.timedelta(microseconds=1))
        if due is None:
            raise ConfigError(f"the cron expression {self._expression!r} never comes due")
        return due


def run_ticks(tick: Callable[[], None], *, every_s: float, stop: threading.Event) -> None:
    """Call `tick` every so many seconds until `stop` is set.

    One job, one instance, late calls merged into one and never dropped: the tick itself finds everything that is due,
    so a late tick costs lateness and nothing else.
    """
    scheduler = BackgroundScheduler(timezone=datetime.UTC)
    scheduler.add_job(tick, "interval", seconds=every_s, max_instances=1, coalesce=True, misfire_grace_time=None)
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)
