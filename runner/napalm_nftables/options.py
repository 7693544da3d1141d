"""The options of the driver, read strictly.

Input: NAPALM's `optional_args`. Output: an `Options` value. An unknown option is an error: a mistyped `tables` must not
quietly widen what a commit may replace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from napalm.base.netmiko_helpers import netmiko_args

from napalm_nftables.listing import FAMILIES, TableName

DEFAULT_STATE_DIR = "/run/murenger-nft"
DEFAULT_HELPER = "/usr/local/sbin/murenger-nft"
_OWN = frozenset(("sudo", "sudo_password", "state_dir", "startup_file", "tables", "nft", "helper", "read_only"))
# Options that NAPALM's own tools hand to every driver and that mean nothing here.
_IGNORED = frozenset(("force_no_enable", "use_canonical_interface", "canonical_interface"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to reach a device and what may be changed there.

    Attributes:
        sudo: reach root through sudo and the installed helper.
        sudo_password: answer to sudo's prompt; empty when none may be given.
        state_dir: folder on the device for pending commits; absolute.
        startup_file: file on the device that holds the confirmed rules; absolute.
        tables: the managed tables; None to take those of each candidate.
        nft: name or absolute path of nft on the device.
        read_only: never change anything, and with sudo never call the helper: this login has no right to.
        helper: absolute path of the installed device-side helper; None to send it with each call.
        wishes: the paths among these that the caller named; an installed helper goes by its own settings.
        connection: arguments for netmiko, apart from host and login.
    """

    sudo: bool
    sudo_password: str
    state_dir: str
    startup_file: str
    tables: tuple[TableName, ...] | None
    nft: str
    read_only: bool
    helper: str | None
    wishes: Mapping[str, str]
    connection: Mapping[str, object]

    def __repr__(self) -> str:
        """Name the value without its secrets."""
        return f"Options(sudo={self.sudo}, state_dir={self.state_dir!r}, tables={self.tables!r})"


def read_options(given: Mapping[str, object], password: str) -> Options:
    """Read `optional_args`.

    Args:
        given: the caller's mapping; it is not changed.
        password: the login's password, also the default answer to sudo.

    Raises:
        ValueError: an option is unknown or has an unusable value.
    """
    connection = cast("dict[str, object]", netmiko_args(dict(given)))
    unknown = sorted(set(given) - _OWN - _IGNORED - set(connection))
    if unknown:
        raise ValueError(f"unknown optional_args: {', '.join(unknown)}")
    # Peer identity is checked unless the caller says otherwise: this login may rewrite a firewall.
    connection.setdefault("ssh_strict", True)
    connection.setdefault("system_host_keys", True)
    sudo = _flag(given, "sudo")
    state_dir = _path(given, "state_dir", DEFAULT_STATE_DIR)
    helper = _path(given, "helper", DEFAULT_HELPER) if sudo or given.get("helper") is not None else None
    nft = _text(given, "nft", "nft")
    startup_file = _path(given, "startup_file", f"{state_dir}/startup.nft")
    wishes = {"state_dir": state_dir, "startup_file": startup_file}
    return Options(
        sudo=sudo,
        sudo_password=_text(given, "sudo_password", password),
        state_dir=state_dir,
        startup_file=startup_file,
        tables=_tables(given.get("tables")),
        nft=nft if nft == "nft" else _path(given, "nft", nft),
        read_only=_flag(given, "read_only"),
        helper=helper,
        wishes={name: value for name, value in wishes.items() if given.get(name) is not None},
        connection=connection,
    )


def parse_table_name(text: str) -> TableName:
    """Read a table's name.

    Args:
        text: `family name`, such as `inet filter`.

    Raises:
        ValueError: it is not of that form.
    """
    family, _, name = text.partition(" ")
    if family not in FAMILIES or not name or not name.replace("_", "a").replace("-", "a").replace(".", "a").isalnum():
        raise ValueError(f"not a table name of the form 'family name': {text!r}")
    return TableName(family=family, name=name)


def _flag(given: Mapping[str, object], name: str) -> bool:
    value = given.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")  # noqa: TRY004 - a bad option is a ValueError like the others
    return value


def _text(given: Mapping[str, object], name: str, default: str) -> str:
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")  # noqa: TRY004 - a bad option is a ValueError like the others
    return value


def _path(given: Mapping[str, object], name: str, default: str) -> str:
    value = _text(given, name, default)
    if not value.startswith("/") or not value.isprintable() or ".." in value.split("/"):
        raise ValueError(f"{name} must be an absolute path on the device: {value!r}")
    return value.rstrip("/")


def _tables(value: object) -> tuple[TableName, ...] | None:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError("tables must be a list of names such as 'inet filter'")
    return tuple(sorted({parse_table_name(item) for item in value}))
