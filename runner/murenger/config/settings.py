"""Settings: the frozen values that murenger.yml becomes.

Input: a strictly read document. Output: values with absolute paths; secrets appear as references only.
"""

import dataclasses
import enum
import pathlib
from typing import TypeAlias

from murenger.config.notify import ChannelSettings
from murenger.config.references import Reference
from murenger.model import Policy


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """References to one login; either `password` or `ssh_key` is set, or both.

    Attributes:
        username: reference to the login name.
        password: reference to the password, or None.
        ssh_key: reference to the path of a private SSH key, or None.
    """

    username: Reference
    password: Reference | None = None
    ssh_key: Reference | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GoldenSettings:
    """Where golden policy lies.

    Attributes:
        repository: git repository, bare or with a work tree.
        branch: branch whose head counts, once it is signed by an allowed signer.
        trust: allowed_signers file for namespace git; outside the repository.
    """

    repository: pathlib.Path
    branch: str
    trust: pathlib.Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where change records go.

    Attributes:
        path: folder of the store.
        origin: name of the log, such as `site1.fw.example.net`; its folder below `path` has the same name.
        retention_days: days that records are kept, >= 366.
        heartbeat_s: seconds between heartbeats of the runner, > 0.
    """

    path: pathlib.Path
    origin: str
    retention_days: int = 396
    heartbeat_s: int = 300


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSettings:
    """Who we are.

    Attributes:
        id: the runner's principal in the trust file.
        key: the runner's private SSH key, mode 0400 or 0600.
        state: folder for leases, plans, approvals and the like, mode 0700.
        host: the host name that records carry, or "" for the machine's own.
        log_key: the log's private Ed25519 key, PEM, mode 0400, which signs checkpoints; None: none are signed.
    """

    id: str
    key: pathlib.Path
    state: pathlib.Path
    host: str = ""
    log_key: pathlib.Path | None = None


class AnchorPolicy(enum.Enum):
    """What a change waits for, once a sink is configured."""

    BEFORE_CHANGE = "before_change"
    """At least one sink has confirmed that it holds the intent before the device is touched."""
    QUEUE = "queue"
    """Nothing: what could not be anchored is sent later."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSinkSettings:
    """A witness that cosigns checkpoints.

    Attributes:
        name: the sink's name.
        url: its address, https, or http on this host.
        key: its verifier key, `NAME+HEX+BASE64`.
        ca: PEM file of the CA of its certificate, instead of the machine's; or None.
    """

    name: str
    url: str
    key: str
    ca: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TimestampSinkSettings:
    """An RFC 3161 time-stamping authority.

    Attributes:
        name: the sink's name.
        url: its address, https, or http on this host.
        roots: PEM file of the certificates that its tokens must lead to.
    """

    name: str
    url: str
    roots: pathlib.Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitSinkSettings:
    """A branch that only ever goes forward.

    Attributes:
        name: the sink's name.
        repository: address or absolute path.
        branch: name of the branch.
    """

    name: str
    repository: str
    branch: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SyslogSinkSettings:
    """A log server, over TLS.

    Attributes:
        name: the sink's name.
        host: its name or address.
        port: its TCP port.
        ca: PEM file of the CA of its certificate; None only on this host: then plain TCP.
    """

    name: str
    host: str
    port: int
    ca: pathlib.Path | None


SinkSettings: TypeAlias = WitnessSinkSettings | TimestampSinkSettings | GitSinkSettings | SyslogSinkSettings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AnchorSettings:
    """Who is to hold the head of the log.

    Attributes:
        policy: what a change waits for.
        timeout_s: seconds that sinks may take together, 1 to 600.
        sinks: in the file's order; empty: the log is unanchored.
    """

    policy: AnchorPolicy = AnchorPolicy.BEFORE_CHANGE
    timeout_s: int = 20
    sinks: tuple[SinkSettings, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """Time limits of one connection.

    Attributes:
        connect_timeout_s: seconds to connect and log in, > 0.
        read_timeout_s: seconds for one read, > 0.
    """

    connect_timeout_s: int = 20
    read_timeout_s: int = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookSettings:
    """Which playbook heals.

    Attributes:
        name: fully qualified name, or absolute path, of the playbook.
        pre_tasks: file of the user's own tasks that run before healing, or None.
        post_tasks: file of the user's own tasks that run after healing, or None.
    """

    name: str = "murenger.drift.heal"
    pre_tasks: pathlib.Path | None = None
    post_tasks: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ImpactSettings:
    """What judging the traffic impact of one drift may use; what does not suffice gives `unknown`.

    Attributes:
        cpu_s: CPU seconds, > 0.
        memory_mib: MiB of address space, >= 256.
        nodes: nodes of decision diagrams, >= 10,000.
    """

    cpu_s: int = 60
    memory_mib: int = 2048
    nodes: int = 8_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """How much healing may change, and when it stops by itself; counted over the whole site.

    Attributes:
        devices_per_hour: devices that may be changed within any hour, >= 1.
        differences: differences that one change may undo, >= 1.
        zone_share: percent of a zone's devices that may be changed within any hour, 1 to 100; always at least one.
        breaker_failures: changes in a zone that end otherwise than healed, within `breaker_within_s`, that stop healing
            in that zone, >= 1.
        breaker_within_s: seconds, > 0; healing goes on when they have passed since the newest of these failures.
        clock_error_s: largest error of our own clock, in seconds, with which a change is still made, > 0.
    """

    devices_per_hour: int = 20
    differences: int = 200
    zone_share: int = 50
    breaker_failures: int = 2
    breaker_within_s: int = 3600
    clock_error_s: int = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BackoffSettings:
    """How long healing waits after a change that did not end healed, and what counts as a fight.

    Attributes:
        first_s: seconds after the first failure, > 0; doubled after each further one.
        most_s: largest wait, >= `first_s`.
        jitter: percent of the wait that is added at random (stable for device, cause and attempt), 0 to 100.
        healthy_after_s: a device in sync for this long has its counters reset, > 0.
        fight_returns: heals of the same change within `fight_within_s` after which it is a fight, >= 2.
        fight_within_s: seconds, > 0.
    """

    first_s: int = 60
    most_s: int = 3600
    jitter: int = 10
    healthy_after_s: int = 86400
    fight_returns: int = 3
    fight_within_s: int = 86400


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of murenger.yml.

    Attributes:
        file: the file itself, absolute.
        inventory: Ansible inventory, a file or a folder.
        vault_password_file: password file (or executable) for ansible-vault, or None.
        golden: where golden policy lies.
        store: where change records go.
        trust: allowed_signers file for records and decisions.
        runner: who we are.
        read: the credential for reading.
        heal: the credential for healing, or None: then nothing can be healed.
        policies: in the file's order.
        connection: time limits.
        playbook: which playbook heals.
        anchors: who is to hold the head of the log.
        impact: what judging the traffic impact of a drift may use.
        guards: how much healing may change, and when it stops by itself.
        backoff: how long healing waits after a change that did not end healed.
        capabilities: folder with the signed capability files of the drivers, or None: none is proved.
        notify: who is told of incidents, in the file's order.
        crypto_profile: default (Ed25519) or fips (ECDSA P-256, no checkpoints).
        lines: dotted key and 1-based line of everything that was set, for messages.
    """

    file: pathlib.Path
    inventory: pathlib.Path
    vault_password_file: pathlib.Path | None
    golden: GoldenSettings
    store: StoreSettings
    trust: pathlib.Path
    runner: RunnerSettings
    read: Credential
    heal: Credential | None
    policies: tuple[Policy, ...]
    connection: ConnectionSettings
    playbook: PlaybookSettings
    anchors: AnchorSettings = AnchorSettings()
    impact: ImpactSettings = ImpactSettings()
    guards: GuardSettings = GuardSettings()
    backoff: BackoffSettings = BackoffSettings()
    capabilities: pathlib.Path | None = None
    notify: tuple[ChannelSettings, ...] = ()
    crypto_profile: str = "default"
    lines: tuple[tuple[str, int], ...] = dataclasses.field(default=(), repr=False)

    def line(self, key: str) -> int:
        """Return the 1-based line of a dotted key such as `golden.trust`, or of the section it would stand in."""
        known = dict(self.lines)
        while key and key not in known:
            key = key.rpartition(".")[0]
        return known.get(key, 1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about the settings that will hinder murenger, found by `config check`.

    Attributes:
        file: the configuration file.
        line: 1-based line in it.
        text: what is wrong, one clause.
        hint: what to do.
    """

    file: pathlib.Path
    line: int
    text: str
    hint: str
