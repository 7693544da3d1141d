"""Loading: from murenger.yml to `Settings`.

Input: a folder to look upward from, or a file. Output: settings whose paths are absolute, or a `ConfigError`.
"""

import dataclasses
import pathlib
import re

from murenger.config.anchors import read_anchors
from murenger.config.backoff import read_backoff
from murenger.config.document import Section, read_document
from murenger.config.guards import read_guards
from murenger.config.notify import read_notify
from murenger.config.policies import read_policies
from murenger.config.references import read_reference
from murenger.config.settings import (
    ConnectionSettings,
    Credential,
    GoldenSettings,
    ImpactSettings,
    PlaybookSettings,
    RunnerSettings,
    Settings,
    StoreSettings,
    SyslogSinkSettings,
    TimestampSinkSettings,
    WitnessSinkSettings,
)
from murenger.config.values import bounded, matching, optional_path, path_of
from murenger.errors import ConfigError

FILE_NAME = "murenger.yml"
CAPABILITIES = "capabilities"
VERSION = 1
CRYPTO_PROFILES = ("default", "fips")
# Source: PCI DSS v4.0.1 requirement 10.5.1: twelve months, in a leap year too.
LEAST_RETENTION_DAYS = 366
MOST_RETENTION_DAYS = 36_500
# Shorter, and heartbeats would be most of what the log holds; longer, and a day could go by unseen.
SHORTEST_HEARTBEAT_S = 10
LONGEST_HEARTBEAT_S = 86_400
# Less decides next to nothing; python and the parsers alone take a good part of it.
LEAST_IMPACT_MEMORY_MIB = 512
LEAST_IMPACT_NODES = 10_000
MOST_IMPACT = 1_000_000_000
_LESS = "what a comparison may not use becomes `unknown`, which is never healed by itself"
ORIGIN_RULE = "the name of a log: 1 to 128 of letters, digits and @ . _ -, the first a letter or digit"
# The ledger's own rule (record.predicate.ORIGIN, in a higher layer): the name of a log is a folder's name too.
ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,127}")
PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,127}")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_-]*(\.[A-Za-z0-9/_-]+)*")


def find(start: pathlib.Path) -> pathlib.Path:
    """Return the murenger.yml in a folder or the nearest one above it.

    Raises:
        ConfigError: there is none.
    """
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
    raise ConfigError(f"no {FILE_NAME} in {folder} or above it", hint="murenger init makes a working directory")


def load(start: pathlib.Path | None = None, file: pathlib.Path | None = None) -> Settings:
    """Return the settings of one murenger.yml.

    Args:
        start: folder to look upward from; the working directory if None.
        file: the file itself; then `start` is not looked at.

    Raises:
        ConfigError: there is no file, it cannot be read, or something in it is wrong; names file, line and key.
    """
    path = file.absolute() if file is not None else find(start or pathlib.Path.cwd())
    lines: dict[str, int] = {}
    top = read_document(path, _text(path), lines)
    _check_version(top)
    read, heal = _credentials(top)
    crypto_profile = top.choice("crypto_profile", CRYPTO_PROFILES, default=CRYPTO_PROFILES[0])
    runner = _runner(top.section("runner"), crypto_profile)
    anchors = read_anchors(
        top.optional_section("anchors"), has_log_key=runner.log_key is not None, crypto_profile=crypto_profile
    )
    settings = Settings(
        file=path,
        inventory=path_of(top, "inventory"),
        vault_password_file=optional_path(top, "vault_password_file"),
        golden=_golden(top.section("golden")),
        store=_store(top.section("store")),
        trust=path_of(top, "trust"),
        runner=runner,
        read=read,
        heal=heal,
        policies=read_policies(top, can_heal=heal is not None),
        connection=_connection(top.optional_section("connection")),
        playbook=_playbook(top.optional_section("playbook")),
        anchors=anchors,
        impact=_impact(top.optional_section("impact")),
        backoff=read_backoff(top.optional_section("backoff")),
        guards=read_guards(top.optional_section("guards")),
        notify=read_notify(top),
        capabilities=optional_path(top, "capabilities") or path.parent / CAPABILITIES,
        crypto_profile=crypto_profile,
        lines=tuple(lines.items()),
    )
    top.finish()
    _trust_outside_golden(top, settings)
    return settings


def _text(path: pathlib.Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: not UTF-8 text (byte {exc.start})", hint="save the file as UTF-8") from exc
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from exc


def _check_version(top: Section) -> None:
    found = top.number("version")
    if found != VERSION:
        raise top.error(top.line("version"), f"version {found} is not known", f"this murenger reads version {VERSION}")


def _golden(section: Section) -> GoldenSettings:
    branch = matching(section, "branch", _BRANCH, "a branch name") if section.has("branch") else "main"
    golden = GoldenSettings(repository=path_of(section, "repository"), branch=branch, trust=path_of(section, "trust"))
    section.finish()
    return golden


def _store(section: Section) -> StoreSettings:
    origin = matching(section, "origin", ORIGIN, ORIGIN_RULE)
    default = StoreSettings(path=path_of(section, "path"), origin=origin)
    heartbeat_s = section.seconds("heartbeat", default=default.heartbeat_s, least=SHORTEST_HEARTBEAT_S)
    if heartbeat_s > LONGEST_HEARTBEAT_S:
        raise section.error(
            section.line("heartbeat"),
            f"'heartbeat' must be at most {LONGEST_HEARTBEAT_S} seconds",
            "what happens between two heartbeats and is hidden shows at the later one",
        )
    store = dataclasses.replace(
        default,
        heartbeat_s=heartbeat_s,
        retention_days=bounded(
            section,
            "retention_days",
            least=LEAST_RETENTION_DAYS,
            most=MOST_RETENTION_DAYS,
            default=default.retention_days,
            why="twelve months must be kept; raise it where your rules ask for more",
        ),
    )
    section.finish()
    return store


def _runner(section: Section, crypto_profile: str) -> RunnerSettings:
    runner = RunnerSettings(
        id=matching(section, "id", PRINCIPAL, "a principal, such as murenger@site1"),
        key=path_of(section, "key"),
        state=path_of(section, "state"),
        host=section.optional_text("host") or "",
        log_key=optional_path(section, "log_key"),
    )
    if runner.log_key is not None and crypto_profile == "fips":
        raise section.error(
            section.line("log_key"),
            "crypto_profile fips has no log key: checkpoints are signed with Ed25519",
            "remove it; time stamps, git and syslog hold the head of the log",
        )
    section.finish()
    return runner


def _connection(section: Section | None) -> ConnectionSettings:
    default = ConnectionSettings()
    if section is None:
        return default
    connection = ConnectionSettings(
        connect_timeout_s=section.seconds("connect_timeout", default=default.connect_timeout_s, least=1),
        read_timeout_s=section.seconds("read_timeout", default=default.read_timeout_s, least=1),
    )
    section.finish()
    return connection


def _impact(section: Section | None) -> ImpactSettings:
    default = ImpactSettings()
    if section is None:
        return default
    least_memory, least_nodes, most = LEAST_IMPACT_MEMORY_MIB, LEAST_IMPACT_NODES, MOST_IMPACT
    impact = ImpactSettings(
        cpu_s=section.seconds("cpu", default=default.cpu_s, least=1),
        memory_mib=bounded(section, "memory_mib", least=least_memory, most=most, default=default.memory_mib, why=_LESS),
        nodes=bounded(section, "nodes", least=least_nodes, most=most, default=default.nodes, why=_LESS),
    )
    section.finish()
    return impact


def _playbook(section: Section | None) -> PlaybookSettings:
    default = PlaybookSettings()
    if section is None:
        return default
    name = section.optional_text("name") or default.name
    if "/" in name or name.endswith((".yml", ".yaml")):
        name = str(section.file.parent / name)
    playbook = PlaybookSettings(
        name=name, pre_tasks=optional_path(section, "pre_tasks"), post_tasks=optional_path(section, "post_tasks")
    )
    section.finish()
    return playbook


def _credentials(top: Section) -> tuple[Credential, Credential | None]:
    section = top.section("credentials")
    read = _credential(section.section("read"))
    heal_section = section.optional_section("heal")
    heal = _credential(heal_section) if heal_section is not None else None
    section.finish()
    return read, heal


def _credential(section: Section) -> Credential:
    username, password, key = (read_reference(section, name) for name in ("username", "password", "ssh_key"))
    section.finish()
    if username is None:
        raise section.error(section.line(), "required key 'username' is missing", "username: {inventory: ansible_user}")
    if password is None and key is None:
        raise section.error(
            section.line(), "neither 'password' nor 'ssh_key' is given", "password: {inventory: ansible_password}"
        )
    return Credential(username=username, password=password, ssh_key=key)


def _trust_outside_golden(top: Section, settings: Settings) -> None:
    """Refuse trust files that whoever can push golden policy could change."""
    repository = settings.golden.repository.resolve()
    files = [("golden.trust", settings.golden.trust), ("trust", settings.trust)]
    for index, sink in enumerate(settings.anchors.sinks):
        if isinstance(sink, TimestampSinkSettings):
            files.append((f"anchors.sinks[{index}].roots", sink.roots))
        elif isinstance(sink, SyslogSinkSettings | WitnessSinkSettings) and sink.ca is not None:
            files.append((f"anchors.sinks[{index}].ca", sink.ca))
    files += [(f"notify[{index}].ca", item.ca) for index, item in enumerate(settings.notify) if item.ca is not None]
    for key, path in files:
        if path.resolve().is_relative_to(repository):
            raise top.error(
                settings.line(key),
                f"{key} lies inside the golden repository, so whoever may push there could name the signers",
                "move the file outside the repository",
            )
