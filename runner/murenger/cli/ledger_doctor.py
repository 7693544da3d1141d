"""The doctor's look at the log: its head, its days, its keys, its clock, and those who are to hold it.

Input: the site. Output: findings; nothing is written, and no head is given away.
"""

import concurrent.futures
import dataclasses
import datetime
from collections.abc import Callable, Iterator

from murenger.adapters.clock_state import clock_state
from murenger.errors import MurengerError
from murenger.ports import AnchorSink
from murenger.record.store import HOLD
from murenger.wiring import Site

MOST_LISTED = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check.

    Attributes:
        level: ok, warning or fault.
        text: what was found.
        hint: what to do, or "".
    """

    level: str
    text: str
    hint: str = ""


def tried(what: str, check: Callable[[], str]) -> Finding:
    """Return what a check says, or its error as a fault."""
    try:
        return Finding(level="ok", text=check())
    except MurengerError as error:
        return Finding(level="fault", text=f"{what}: {error.message}", hint=error.hint)


def ledger_findings(site: Site) -> Iterator[Finding]:
    """Yield what is to be said of the log."""

    def state() -> str:
        with site.journal.reading() as history:
            intents = history.open_intents()
        return f"ledger readable, {len(intents)} intents without outcome"

    yield tried("ledger", state)
    yield from _days(site)
    yield from _log_key(site)
    yield from _sinks(site)
    yield from _backlog(site)
    yield _clock()


def _days(site: Site) -> Iterator[Finding]:
    """Yield the days that have ended and lack their seal or its time stamp, and a hold."""
    ledger, today = site.parts.ledger, f"{site.parts.clock.now():%Y-%m-%d}"
    try:
        finished = [day for day in ledger.days() if day.name < today]
    except MurengerError as error:
        yield Finding(level="fault", text=f"days: {error.message}", hint=error.hint)
        return
    unsealed = [day.name for day in finished if not day.sealed]
    unstamped = [day.name for day in finished if day.sealed and not day.stamped] if site.parts.stampers else []
    for days, lacks in ((unsealed, "their seal"), (unstamped, "the time stamp of their seal")):
        if days:
            shown = ", ".join(days[-MOST_LISTED:])
            yield Finding(
                level="warning",
                text=f"{len(days)} finished days lack {lacks}: {shown}",
                hint="whoever records next seals them; murenger run does so every day",
            )
    if (ledger.folder / HOLD).exists():
        yield Finding(level="ok", text=f"legal hold: nothing is removed while {ledger.folder / HOLD} is there")


def _log_key(site: Site) -> Iterator[Finding]:
    if site.settings.runner.log_key is None:
        if site.settings.crypto_profile != "fips":
            yield Finding(
                level="warning",
                text="no log key is configured: there are no checkpoints, hence no witness and no single-record proofs",
                hint="set runner.log_key, then murenger keys generate --log",
            )
        return
    yield tried("log key", lambda: f"log key {site.parts.log_key.vkey if site.parts.log_key else ''}")


def _sinks(site: Site) -> Iterator[Finding]:
    """Yield what each sink says of itself, all asked at once."""
    if not site.settings.anchors.sinks:
        yield Finding(
            level="warning",
            text="no anchor is configured: records can be proved intact, not complete",
            hint="whoever holds the runner's key could rewrite the log unnoticed",
        )
        return
    try:
        sinks = site.parts.sinks
    except MurengerError as error:
        yield Finding(level="fault", text=f"anchors: {error.message}", hint=error.hint)
        return
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(sinks)) as pool:
        yield from pool.map(_state_of, sinks)


def _state_of(sink: AnchorSink) -> Finding:
    return tried(f"anchor {sink.name}", lambda: f"anchor {sink.name}: {sink.state()}")


def _backlog(site: Site) -> Iterator[Finding]:
    try:
        waiting, seen = site.parts.anchors.waiting(), site.parts.anchors.seen()
    except MurengerError as error:
        yield Finding(level="fault", text=f"outbox: {error.message}", hint=error.hint)
        return
    for name, item in waiting.items():
        yield Finding(
            level="fault" if item.conflict else "warning",
            text=f"anchor {name} waits for record {item.first_sequence} and later since "
            f"{item.since.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}: {item.last_error}",
            hint="was an old copy of the store restored? see docs/guides/restore.md"
            if item.conflict
            else "murenger run sends it again by itself",
        )
    if seen is not None:
        yield Finding(level="ok", text=f"records up to {seen.sequence} are held by {seen.sink}")


def _clock() -> Finding:
    state = clock_state()
    if state.synchronised is None:
        return Finding(level="warning", text="clock: the kernel does not say whether it is synchronised")
    if not state.synchronised:
        return Finding(
            level="warning",
            text="clock: not synchronised",
            hint="run chrony, ntpd or systemd-timesyncd: times in records are claims of this clock",
        )
    return Finding(level="ok", text=f"clock: synchronised, off by {state.offset_ms} ms")
