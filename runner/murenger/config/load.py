"""Loading: from murenger.yml to `Settings`.

Input: a folder to look upward from, or a file. Output: settings whose paths are absolute, or a `ConfigError`.
"""

import pathlib
import re

from murenger.config.document import Section, read_document
from murenger.config.policies import read_policies
from murenger.config.settings import (
    ConnectionSettings,
    Credential,
    GoldenSettings,
    PlaybookSettings,
    Reference,
    ReferenceKind,
    RunnerSettings,
    Settings,
    StoreSettings,
)
from murenger.errors import ConfigError

FILE_NAME = "murenger.yml"
VERSION = 1
ORIGIN_RULE = "the name of a log: 1 to 128 of letters, digits and @ . _ -, the first a letter or digit"
# The ledger's own rule (record.predicate.ORIGIN, in a higher layer): the name of a log is a folder's name too.
ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,127}")
PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,127}")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_-]*(\.[A-Za-z0-9/_-]+)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
    settings = Settings(
        file=path,
        inventory=_path(top, "inventory"),
        vault_password_file=_optional_path(top, "vault_password_file"),
        golden=_golden(top.section("golden")),
        store=_store(top.section("store")),
        trust=_path(top, "trust"),
        runner=_runner(top.section("runner")),
        read=read,
        heal=heal,
        policies=read_policies(top, can_heal=heal is not None),
        connection=_connection(top.optional_section("connection")),
        playbook=_playbook(top.optional_section("playbook")),
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


def _path(section: Section, name: str) -> pathlib.Path:
    """Return a path relative to the configuration file as an absolute one; the file system is not asked."""
    text = section.text(name)
    if "\0" in text:
        raise section.error(section.line(name), f"{name!r} holds a NUL character")
    try:
        path = pathlib.Path(text).expanduser()
    except RuntimeError as exc:
        raise section.error(section.line(name), f"{name!r} names a home that is not known") from exc
    return section.file.parent / path


def _optional_path(section: Section, name: str) -> pathlib.Path | None:
    return _path(section, name) if section.has(name) else None


def _matching(section: Section, name: str, pattern: re.Pattern[str], expected: str) -> str:
    value = section.text(name)
    if not pattern.fullmatch(value):
        raise section.error(section.line(name), f"{name!r} is not {expected}")
    return value


def _golden(section: Section) -> GoldenSettings:
    branch = _matching(section, "branch", _BRANCH, "a branch name") if section.has("branch") else "main"
    golden = GoldenSettings(repository=_path(section, "repository"), branch=branch, trust=_path(section, "trust"))
    section.finish()
    return golden


def _store(section: Section) -> StoreSettings:
    origin = _matching(section, "origin", ORIGIN, ORIGIN_RULE)
    store = StoreSettings(path=_path(section, "path"), origin=origin)
    section.finish()
    return store


def _runner(section: Section) -> RunnerSettings:
    runner = RunnerSettings(
        id=_matching(section, "id", PRINCIPAL, "a principal, such as murenger@site1"),
        key=_path(section, "key"),
        state=_path(section, "state"),
        host=section.optional_text("host") or "",
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


def _playbook(section: Section | None) -> PlaybookSettings:
    default = PlaybookSettings()
    if section is None:
        return default
    name = section.optional_text("name") or default.name
    if "/" in name or name.endswith((".yml", ".yaml")):
        name = str(section.file.parent / name)
    playbook = PlaybookSettings(
        name=name, pre_tasks=_optional_path(section, "pre_tasks"), post_tasks=_optional_path(section, "post_tasks")
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
    username, password, key = (_reference(section, name) for name in ("username", "password", "ssh_key"))
    section.finish()
    if username is None:
        raise section.error(section.line(), "required key 'username' is missing", "username: {inventory: ansible_user}")
    if password is None and key is None:
        raise section.error(
            section.line(), "neither 'password' nor 'ssh_key' is given", "password: {inventory: ansible_password}"
        )
    return Credential(username=username, password=password, ssh_key=key)


def _reference(section: Section, name: str) -> Reference | None:
    if not section.has(name):
        return None
    if not section.is_section(name):
        raise section.error(
            section.line(name),
            f"{name!r} is written out; murenger.yml holds references only",
            f"{name}: {{inventory: VARIABLE}}, {{file: PATH}} or {{env: NAME}}; a password that stood here is to be "
            "changed",
        )
    inner = section.section(name)
    given = [kind for kind in ReferenceKind if inner.has(kind.value)]
    inner.finish()
    if len(given) != 1:
        raise inner.error(inner.line(), "give exactly one of inventory, file and env")
    kind = given[0]
    if kind is ReferenceKind.FILE:
        return Reference(kind=kind, name=str(_path(inner, kind.value)))
    return Reference(kind=kind, name=_matching(inner, kind.value, _VARIABLE, "a variable name"))


def _trust_outside_golden(top: Section, settings: Settings) -> None:
    """Refuse trust files that whoever can push golden policy could change."""
    repository = settings.golden.repository.resolve()
    for key, path in (("golden.trust", settings.golden.trust), ("trust", settings.trust)):
        if path.resolve().is_relative_to(repository):
            raise top.error(
                settings.line(key),
                f"{key} lies inside the golden repository, so whoever may push there could name the signers",
                "move the file outside the repository",
            )
