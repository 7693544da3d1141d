"""Credentials: what the references in murenger.yml stand for.

Input: references of one credential, and the inventory. Output: login name, password and key file of one device. Reading
and healing use separate credentials, so each is opened by its own object and observing never makes the second.
"""

import dataclasses
import os
import pathlib

from murenger.config import Credential, Reference, ReferenceKind
from murenger.errors import ConfigError
from murenger.model import Device
from murenger.ports import Inventory

_OTHERS = 0o077


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCredential:
    """One device's login; lives in memory only.

    Attributes:
        username: login name.
        password: password, or "" where only a key is used.
        ssh_key: path of a private SSH key, or "".
    """

    username: str
    password: str = dataclasses.field(default="", repr=False)
    ssh_key: str = ""


class CredentialFiles:
    """Opens one credential, device by device.

    Args:
        credential: references, as murenger.yml gives them.
        inventory: for references to inventory variables.
        purpose: `read` or `heal`, for messages.
    """

    def __init__(self, credential: Credential, inventory: Inventory, *, purpose: str) -> None:
        self._credential = credential
        self._inventory = inventory
        self._purpose = purpose

    def open(self, device: Device) -> OpenedCredential:
        """Return the login for a device.

        Raises:
            ConfigError: there is no login name, or neither password nor key; or a reference leads nowhere.
        """
        username = self._value(device, self._credential.username)
        password = self._optional(device, self._credential.password)
        ssh_key = self._optional(device, self._credential.ssh_key)
        key = f"credentials.{self._purpose}"
        if not username:
            name = self._credential.username
            raise ConfigError(f"{key}.username: {name.kind.value} {name.name} is not set", device=device.name)
        if not password and not ssh_key:
            raise ConfigError(f"{key}: neither a password nor an SSH key is set", device=device.name)
        return OpenedCredential(username=username, password=password, ssh_key=ssh_key)

    def _optional(self, device: Device, reference: Reference | None) -> str:
        return self._value(device, reference) if reference is not None else ""

    def _value(self, device: Device, reference: Reference) -> str:
        if reference.kind is ReferenceKind.INVENTORY:
            return self._inventory.variable(device, reference.name) or ""
        return opened(reference, device=device.name)


def opened(reference: Reference, *, device: str = "") -> str:
    """Return the value that a reference to a file or an environment variable stands for; "" for a variable not set.

    Raises:
        ConfigError: there is no such file, others may read it, or it holds more than one line.
    """
    if reference.kind is ReferenceKind.ENV:
        return os.environ.get(reference.name, "")
    return _from_file(pathlib.Path(reference.name), device)


def _from_file(path: pathlib.Path, device: str) -> str:
    """Return the first line of a file that only its owner may read."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"the credential file {path} is not UTF-8 text", device=device) from exc
    except OSError as exc:
        raise ConfigError(f"the credential file {path} cannot be read: {exc.strerror}", device=device) from exc
    if mode & _OTHERS:
        raise ConfigError(f"the credential file {path} can be read by others", device=device, hint=f"chmod 0600 {path}")
    lines = text.splitlines() or [""]
    if len(lines) > 1:
        raise ConfigError(f"the credential file {path} holds more than one line", device=device)
    return lines[0]
