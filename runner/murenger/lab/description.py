"""What a lab device is told at its start: `device.json`, the contract between the lab and every device in it.

Input: one device's folder. Output: a typed description of its name, address, logins and key material.
"""

import dataclasses
import pathlib

from murenger.lab.failure import LabError
from murenger.lab.files import read_json, write_json

FILE_NAME = "device.json"
READ_ROLE, HEAL_ROLE, OTHER_ROLE = "read", "heal", "other"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One account on a lab device.

    Attributes:
        name: login name.
        password: generated for this lab.
        role: `read`, `heal` or `other` (someone who is not murenger).
    """

    name: str
    password: str = dataclasses.field(repr=False)
    role: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Everything a device needs to start.

    Attributes:
        hostname: its name.
        address: loopback address it is reached at.
        port: TCP port, or 0 to let the kernel choose.
        logins: its accounts.
        management_clients: networks that its management ACL admits.
        host_key: SSH host key, for devices that speak SSH.
        certificate: TLS certificate, for devices that speak TLS.
        certificate_key: its private key.
        form: `userns` or `netns` for the firewall, "" for an emulator.
    """

    hostname: str
    address: str
    port: int
    logins: tuple[Login, ...]
    management_clients: tuple[str, ...] = ("127.0.0.0/8",)
    host_key: pathlib.Path | None = None
    certificate: pathlib.Path | None = None
    certificate_key: pathlib.Path | None = None
    form: str = ""

    def login(self, role: str) -> Login:
        """Return the first login of a role.

        Args:
            role: `read`, `heal` or `other`.

        Raises:
            LabError: there is none.
        """
        for login in self.logins:
            if login.role == role:
                return login
        raise LabError(f"{self.hostname} has no login for {role}")

    def write(self, device_dir: pathlib.Path) -> None:
        """Write `device.json`.

        Args:
            device_dir: the device's folder.
        """
        value: dict[str, object] = {
            "hostname": self.hostname,
            "address": self.address,
            "port": self.port,
            "users": {login.name: {"password": login.password, "role": login.role} for login in self.logins},
            "management_clients": list(self.management_clients),
        }
        if self.form:
            value["form"] = self.form
        if self.host_key:
            value["host_key"] = str(self.host_key)
        if self.certificate and self.certificate_key:
            value["tls"] = {"certificate": str(self.certificate), "key": str(self.certificate_key)}
        write_json(device_dir / FILE_NAME, value)


def load_description(device_dir: pathlib.Path) -> Description:
    """Read `device.json`.

    Args:
        device_dir: the device's folder.

    Returns:
        The description.

    Raises:
        LabError: it is missing or damaged.
    """
    path = device_dir / FILE_NAME
    try:
        value = read_json(path)
        tls = _table(value.get("tls", {}))
        users = _table(value["users"])
        clients = value["management_clients"]
        return Description(
            hostname=_text(value["hostname"]),
            address=_text(value["address"]),
            port=_number(value["port"]),
            logins=tuple(_login(name, entry) for name, entry in users.items()),
            management_clients=tuple(_text(client) for client in clients) if isinstance(clients, list) else (),
            host_key=_path(value.get("host_key")),
            certificate=_path(tls.get("certificate")),
            certificate_key=_path(tls.get("key")),
            form=_text(value.get("form", "")),
        )
    except (FileNotFoundError, KeyError, TypeError) as exc:
        raise LabError(f"{path} is missing or damaged", hint="run `murenger lab down`, then `murenger lab up`") from exc


def _login(name: str, entry: object) -> Login:
    fields = _table(entry)
    return Login(name=name, password=_text(fields["password"]), role=_text(fields["role"]))


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("not a number")
    return value


def _path(value: object) -> pathlib.Path | None:
    return None if value is None else pathlib.Path(_text(value))
