"""The doctor's look at the channels to people.

Input: the site. Output: findings; nothing is sent unless that is asked for.
"""

import concurrent.futures
import datetime
from collections.abc import Iterator

from murenger.cli.ledger_doctor import Finding, tried
from murenger.errors import MurengerError
from murenger.ports import Notifier
from murenger.wiring import Site


def channel_findings(site: Site, *, sends: bool) -> Iterator[Finding]:
    """Yield what is to be said of each channel.

    Args:
        site: the site.
        sends: True to send a test message to each.
    """
    notifiers = site.incidents.delivery.notifiers
    if not notifiers:
        yield Finding(
            level="warning", text="no channel is configured: nobody is told", hint="see docs/guides/notify.md"
        )
        return
    if sends:
        yield from _sent(site)
    else:
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(notifiers)) as pool:
            yield from pool.map(_state_of, notifiers)
    yield from _backlog(site, {notifier.name for notifier in notifiers})


def _state_of(notifier: Notifier) -> Finding:
    return tried(f"channel {notifier.name}", lambda: f"channel {notifier.name}: {notifier.state()}")


def _sent(site: Site) -> Iterator[Finding]:
    for name, error in site.incidents.try_channels().items():
        if error is None:
            yield Finding(level="ok", text=f"channel {name}: took a test message")
        else:
            yield Finding(level="fault", text=error.message, hint=error.hint)


def _backlog(site: Site, named: set[str]) -> Iterator[Finding]:
    try:
        waiting = site.incidents.waiting()
    except MurengerError as error:
        yield Finding(level="fault", text=error.message, hint=error.hint)
        return
    for name, count in waiting.items():
        rest = site.incidents.delivery.rest(name)
        since = f" since {rest.since.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}: {rest.last_error}" if rest else ""
        hint = "murenger run sends them by itself" if name in named else "murenger.yml does not name it any more"
        yield Finding(level="warning", text=f"{count} messages wait for channel {name}{since}", hint=hint)
