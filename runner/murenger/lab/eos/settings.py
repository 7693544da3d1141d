"""The emulator's own settings: what `device.json` in its folder says.

Input: the text of `device.json`. Output: checked values; anything unknown in the file is an error.
"""

import dataclasses
import enum
import ipaddress
import json
import pathlib


class Role(enum.Enum):
    """What a user of the lab is for; the value is the word in `device.json`."""

    READ = "read"
    """May run `show` commands only."""
    HEAL = "heal"
    """May configure: the account that heals."""
    OTHER = "other"
    """May configure: another administrator, through whom drift enters."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One login that exists from the first boot.

    Attributes:
        name: login name.
        password: clear text; only its hash reaches the configuration.
        role: what it is for.
    """

    name: str
    password: str
    role: Role


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One emulated switch.

    Attributes:
        hostname: its name at first boot.
        address: IPv4 address to listen on.
        port: TCP port; 0 takes a free one.
        users: logins of the first boot.
        certificate: PEM file, chain with the leaf first.
        key: PEM file.
        management_clients: networks that the management access list permits at first boot.
        tacacs_key: clear TACACS+ key of the first boot; empty draws one.
        snmp_community: SNMP community of the first boot; empty draws one.
    """

    hostname: str
    address: str
    port: int
    users: tuple[User, ...]
    certificate: pathlib.Path
    key: pathlib.Path
    management_clients: tuple[ipaddress.IPv4Network, ...]
    tacacs_key: str = ""
    snmp_community: str = ""


_KEYS = {"hostname", "address", "port", "users", "tls", "management_clients", "secrets"}
_MAX_PORT = 65_535
_NEEDED = _KEYS - {"secrets"}


def read(path: pathlib.Path) -> Settings:
    """Read `device.json`.

    Args:
        path: the file; relative file names in it count from its folder.

    Raises:
        ValueError: it is not JSON, or not what a device needs.
        OSError: it cannot be read.
    """
    found = _object(json.loads(path.read_text(encoding="utf-8")), "device.json", _KEYS, _NEEDED)
    tls = _object(found["tls"], "tls", {"certificate", "key"}, {"certificate", "key"})
    known = _object(found.get("secrets", {}), "secrets", {"tacacs_key", "snmp_community"}, set())
    port, networks = found["port"], found["management_clients"]
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= _MAX_PORT:
        raise ValueError(f"device.json: port must be 0 to {_MAX_PORT}")
    if not isinstance(networks, list):
        raise _wrong("device.json: management_clients must be a list of networks")
    return Settings(
        hostname=str(found["hostname"]),
        address=str(ipaddress.IPv4Address(str(found["address"]))),
        port=port,
        users=_users(found["users"]),
        certificate=path.parent / str(tls["certificate"]),
        key=path.parent / str(tls["key"]),
        management_clients=tuple(ipaddress.IPv4Network(str(network)) for network in networks),
        tacacs_key=str(known.get("tacacs_key", "")),
        snmp_community=str(known.get("snmp_community", "")),
    )


def _object(value: object, name: str, allowed: set[str], needed: set[str]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong(f"{name} must be an object")
    wrong = sorted(set(value) - allowed) + sorted(needed - set(value))
    if wrong:
        raise ValueError(f"{name}: unknown or missing: {', '.join(wrong)}")
    return value


def _wrong(message: str) -> ValueError:
    """Return the one error for a file that is not what a device needs, whatever is wrong with it."""
    return ValueError(message)


def _users(value: object) -> tuple[User, ...]:
    if not isinstance(value, dict) or not value:
        raise _wrong("device.json: users must name at least one user")
    users = []
    for name, given in value.items():
        fields = _object(given, f"user {name}", {"password", "role"}, {"password", "role"})
        users.append(User(name=name, password=str(fields["password"]), role=Role(fields["role"])))
    return tuple(users)
