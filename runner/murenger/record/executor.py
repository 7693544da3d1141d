"""Who writes records: the runner, its tools, and how good its clock is.

Input: facts that wiring collects once per run. Output: values that every record repeats.
"""

import dataclasses
import datetime
import enum

from murenger.model import Digest


class Trigger(enum.Enum):
    """What made this run happen."""

    SCHEDULE = "schedule"
    """The runner's own timetable."""
    SYSLOG = "syslog"
    """A device's log line."""
    MANUAL = "manual"
    """A person's command."""
    API = "api"
    """Another program's call."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """How far the clock's claims may be trusted.

    Attributes:
        source: where the time comes from, such as system, chrony, ntp.
        synchronised: whether it is known to be synchronised; None where nobody asked.
        offset_ms: last known distance from its source in milliseconds, or None.
        error_ms: largest error that the kernel admits, in milliseconds, or None; an unsynchronised clock is said to be
            off by at most 16 s, however wrong it is.
    """

    source: str = "system"
    synchronised: bool | None = None
    offset_ms: int | None = None
    error_ms: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Who acts for us.

    Attributes:
        runner_id: name of this runner, unique among ours.
        host: name of the host it runs on.
        run_id: one run of the program.
        key_fingerprint: `SHA256:...` of the key that signs the records.
        trigger: what made this run happen.
        tools: (name, version) pairs: runner, ansible_core, napalm, driver, normaliser and so on; names are lower case
            words joined by underscores.
        clock: how good the times are.
    """

    runner_id: str
    host: str
    run_id: str
    key_fingerprint: str
    trigger: Trigger
    tools: tuple[tuple[str, str], ...] = ()
    clock: ClockState = ClockState()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogTerms:
    """What a log promises at its start.

    Attributes:
        trust: (file name, digest) of each trust file.
        crypto_profile: default (Ed25519) or fips (P-256).
        anchor_policy: none, before_change or queue.
        heartbeat_s: seconds between heartbeats, > 0.
        retention_days: days that records are kept, >= 366.
    """

    trust: tuple[tuple[str, Digest], ...]
    crypto_profile: str = "default"
    anchor_policy: str = "none"
    heartbeat_s: int = 300
    retention_days: int = 396


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """How many devices one scan was to see, and saw.

    Attributes:
        inventory: digest of the inventory's device list.
        expected: devices in it.
        seen: devices read whole.
        unreachable: names of those that were not.
        drifted: devices out of sync.
        backlog: checks that were due and not made.
    """

    inventory: Digest
    expected: int
    seen: int
    unreachable: tuple[str, ...]
    drifted: int
    backlog: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that should not have been there, and what was done about it.

    Attributes:
        file: path below the log's folder.
        sha256: hex digest of its bytes.
        cause: crash, torn-index or stray-file.
        action: quarantined or completed.
    """

    file: str
    sha256: str
    cause: str
    action: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AnchorSeen:
    """The newest head of the log that somebody else is known to hold.

    Attributes:
        sequence: number of the record that was the newest.
        sha256: hex digest of that record.
        size: number of records up to it.
        root: hex of the tree hash over them.
        sink: name of the sink that holds it.
        at: when the sink took it.
    """

    sequence: int
    sha256: str
    size: int
    root: str
    sink: str
    at: datetime.datetime
