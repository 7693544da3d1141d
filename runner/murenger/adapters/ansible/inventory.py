"""Port Inventory over an Ansible inventory, as its users already have it.

Input: an inventory file or folder, and the vault password file. Output: devices, and single variables as text.
"""

import importlib
import pathlib
import threading
from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from murenger.adapters.ansible.mapping import (
    ADDRESS_VARIABLES,
    BOOLEAN_LABELS,
    CRITICALITIES,
    CRITICALITY_VARIABLE,
    PATH_LABELS,
    PLATFORM_VARIABLES,
    PLATFORMS,
    PORT_VARIABLES,
    SIBLINGS,
    TEXT_LABELS,
    ZONE_VARIABLE,
)
from murenger.errors import ConfigError
from murenger.model import Device, check_device_name

_MAX_PORT = 65535
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0", ""})


class Engine(Protocol):
    """What of ansible-core's inventory we use, typed."""

    def hosts(self) -> tuple[str, ...]: ...  # noqa: D102 - see InventoryEngine
    def groups(self) -> tuple[str, ...]: ...  # noqa: D102
    def groups_of(self, host: str) -> tuple[str, ...]: ...  # noqa: D102
    def value(self, host: str, name: str) -> str | bool | None: ...  # noqa: D102


class AnsibleInventory:
    """The devices of one Ansible inventory; it is read once, when it is first needed.

    Args:
        path: inventory file or folder.
        vault_password_file: vault password file, or None.
    """

    def __init__(self, path: pathlib.Path, vault_password_file: pathlib.Path | None = None) -> None:
        self._path = path
        self._password_file = vault_password_file
        # ansible-core is not made for threads.
        self._lock = threading.RLock()
        self._opened: Engine | None = None

    def devices(self, selection: Sequence[str]) -> tuple[Device, ...]:
        """Return the devices that any of these device or group names selects, in inventory order.

        Args:
            selection: names; an empty selection selects nothing.

        Raises:
            ConfigError: a name is neither a device nor a group, a selected host cannot be a device, or the inventory
                cannot be read.
        """
        if not selection:
            return ()
        with self._lock:
            engine = self._engine()
            known, groups = engine.hosts(), frozenset(engine.groups())
            for name in selection:
                if name not in known and name not in groups:
                    raise ConfigError(f"{name!r} is neither a device nor a group of {self._path}")
            chosen = [host for host in known if _is_selected(host, engine.groups_of(host), selection)]
            return tuple(self._device(engine, host, groups) for host in chosen)

    def variable(self, device: Device, name: str) -> str | None:
        """Return an inventory variable of a device as text (vaulted values decrypted), or None if it is not set.

        A name that Ansible's plugins spell in several ways (see `mapping.SIBLINGS`) finds each of them.

        Raises:
            ConfigError: the variable is not plain text, or its vault does not open.
        """
        with self._lock:
            engine = self._engine()
            if device.name not in engine.hosts():
                raise ConfigError(f"not in the inventory {self._path}", device=device.name)
            return _text(engine, device.name, SIBLINGS.get(name, (name,)))

    def _engine(self) -> Engine:
        if self._opened is None:
            # ansible-core takes most of a second to import, and verbs that touch no device never need it.
            module = importlib.import_module("murenger.adapters.ansible.engine")
            self._opened = cast("Engine", module.InventoryEngine(self._path, self._password_file))
        return self._opened

    def _device(self, engine: Engine, host: str, groups: frozenset[str]) -> Device:
        check_device_name(host)
        if host in groups:
            raise ConfigError(
                "a group has the same name, so --limit would reach all of it", device=host, hint="rename the group"
            )
        platform = _platform(engine, host)
        return Device(
            name=host,
            platform=platform,
            address=(_text(engine, host, ADDRESS_VARIABLES) or host).removeprefix("[").removesuffix("]"),
            port=_port(engine, host, platform),
            zone=_text(engine, host, (ZONE_VARIABLE,)) or "",
            criticality=_criticality(engine, host),
            groups=engine.groups_of(host),
            labels=tuple(sorted(self._labels(engine, host))),
        )

    def _labels(self, engine: Engine, host: str) -> Iterable[tuple[str, str]]:
        folder = self._path if self._path.is_dir() else self._path.parent
        for label, names in PATH_LABELS.items():
            path = _text(engine, host, names)
            if path:
                yield label, str(folder.absolute() / pathlib.Path(path).expanduser())
        for label, names in TEXT_LABELS.items():
            text = _text(engine, host, names)
            if text:
                yield label, text
        for label, names in BOOLEAN_LABELS.items():
            flag = _flag(engine, host, names)
            if flag is not None:
                yield label, "true" if flag else "false"


def _is_selected(host: str, groups: tuple[str, ...], selection: Sequence[str]) -> bool:
    ungrouped = not groups and "ungrouped" in selection
    return host in selection or "all" in selection or ungrouped or not set(groups).isdisjoint(selection)


def _first(engine: Engine, host: str, names: Iterable[str]) -> tuple[str, str | bool] | None:
    """Return the first of several variables that is set, with its name."""
    for name in names:
        value = engine.value(host, name)
        if value is not None:
            return name, value
    return None


def _text(engine: Engine, host: str, names: Iterable[str]) -> str | None:
    found = _first(engine, host, names)
    if found is None:
        return None
    name, value = found
    if isinstance(value, bool):
        raise ConfigError(f"variable {name} is true or false, not text", device=host, hint="put quotes around it")
    return value


def _flag(engine: Engine, host: str, names: Iterable[str]) -> bool | None:
    found = _first(engine, host, names)
    if found is None:
        return None
    name, value = found
    text = str(value).lower()
    if text not in _TRUE | _FALSE:
        raise ConfigError(f"variable {name} is neither true nor false", device=host)
    return text in _TRUE


def _platform(engine: Engine, host: str) -> str:
    named = _text(engine, host, PLATFORM_VARIABLES)
    if not named:
        raise ConfigError(
            "no platform",
            device=host,
            hint=f"set murenger_platform or ansible_network_os in the inventory, such as {', '.join(PLATFORMS)}",
        )
    return PLATFORMS.get(named, named)


def _port(engine: Engine, host: str, platform: str) -> int | None:
    names = PORT_VARIABLES.get(platform, PORT_VARIABLES[""])
    text = _text(engine, host, names)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_PORT):
        raise ConfigError(f"{text[:20]!r} is not a TCP port", device=host, hint=f"see {' and '.join(names)}")
    return int(text)


def _criticality(engine: Engine, host: str) -> str:
    value = _text(engine, host, (CRITICALITY_VARIABLE,)) or "normal"
    if value not in CRITICALITIES:
        raise ConfigError(
            f"{CRITICALITY_VARIABLE} is {value[:40]!r}", device=host, hint=f"one of {', '.join(CRITICALITIES)}"
        )
    return value
