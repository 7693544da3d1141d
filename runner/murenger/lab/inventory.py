"""The Ansible inventory of a lab: groups, addresses, and logins whose passwords are vault-encrypted.

Input: the running devices. Output: `inventory/hosts.yml` and `known_hosts`.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from murenger.lab import vault
from murenger.lab.blueprints import Blueprint, Kind
from murenger.lab.description import HEAL_ROLE, READ_ROLE, Description
from murenger.lab.files import write_private
from murenger.lab.firewall.topology import MGMT
from murenger.lab.firewall.values import NETNS
from murenger.lab.material import known_hosts_line

_INDENT = "  "
_SSH_PORT = 22
_EMULATED = {Kind.TLS_EMULATOR: ("Management1", 443), Kind.SSH_EMULATOR: ("ge-0/0/0.0", 830)}
"""Interface and port of management, as the emulators' first configurations have it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value that the inventory holds encrypted.

    Attributes:
        value: in the clear.
    """

    value: str = dataclasses.field(repr=False)


Scalar: TypeAlias = str | int | bool | Secret
Table: TypeAlias = Mapping[str, "Scalar | Table"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A running device, as the inventory names it.

    Attributes:
        blueprint: what it is.
        description: its logins.
        device_dir: its folder.
        port: TCP port it listens on.
    """

    blueprint: Blueprint
    description: Description
    device_dir: pathlib.Path
    port: int


def write_inventory(lab_dir: pathlib.Path, members: Sequence[Member], vault_password: str) -> None:
    """Write the inventory and the known hosts of the running devices.

    Args:
        lab_dir: the lab's folder, absolute.
        members: the running devices.
        vault_password: encrypts the passwords.
    """
    lines = []
    for member in members:
        if member.blueprint.kind is not Kind.TLS_EMULATOR:
            public = (member.device_dir / "keys" / "host_key.pub").read_text(encoding="ascii")
            key = " ".join(public.split()[:2])
            lines.append(known_hosts_line(member.description.address, member.port, key))
    write_private(lab_dir / "known_hosts", "".join(lines))
    folder = lab_dir / "inventory"
    folder.mkdir(mode=0o700, exist_ok=True)
    groups: dict[str, dict[str, Table]] = {}
    for member in members:
        groups.setdefault(member.blueprint.group, {})[member.blueprint.name] = variables(member, lab_dir)
    children: Table = {name: {"hosts": hosts} for name, hosts in sorted(groups.items())}
    text = render({"all": {"children": {"lab": {"children": children}}}}, vault_password)
    write_private(folder / "hosts.yml", f"---\n{text}")


def variables(member: Member, lab_dir: pathlib.Path) -> Table:
    """Return the inventory variables of a device.

    Args:
        member: the device.
        lab_dir: the lab's folder, absolute.
    """
    read, heal = member.description.login(READ_ROLE), member.description.login(HEAL_ROLE)
    result: dict[str, Scalar | Table] = {
        "ansible_host": member.description.address,
        "ansible_port": member.port,
        "ansible_network_os": member.blueprint.network_os,
        "ansible_user": read.name,
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "murenger_heal_user": heal.name,
        "murenger_zone": member.blueprint.zone,
        "murenger_criticality": member.blueprint.criticality,
    }
    if member.blueprint.kind is Kind.TLS_EMULATOR:
        result["murenger_ca_file"] = str(member.device_dir / "keys" / "ca.pem")
    else:
        result["murenger_known_hosts"] = str(lab_dir / "known_hosts")
    result |= _management(member)
    if member.description.form == NETNS:
        result["ansible_ssh_private_key_file"] = str(member.device_dir / "keys" / "read")
        heal_key = str(member.device_dir / "keys" / "heal")
        result["murenger_heal_ssh_key"] = heal_key
        result["ansible_become"] = True
        result["ansible_become_method"] = "sudo"
    else:
        result["ansible_password"] = Secret(value=read.password)
        result["murenger_read_password"] = Secret(value=read.password)
        result["murenger_heal_password"] = Secret(value=heal.password)
    return result


def _management(member: Member) -> Table:
    """Return our own way to the device as the device sees it: the firewall is behind a relay, the emulators are not."""
    if member.blueprint.kind is not Kind.FIREWALL:
        interface, port = _EMULATED[member.blueprint.kind]
        return {
            "murenger_management_source": member.description.address,
            "murenger_management_port": port,
            "murenger_management_interface": interface,
        }
    return {
        "murenger_management_source": MGMT.host,
        "murenger_management_address": MGMT.gateway,
        "murenger_management_port": _SSH_PORT,
        "murenger_management_interface": MGMT.interface,
    }


def render(table: Table, vault_password: str, depth: int = 0) -> str:
    """Render nested tables as YAML.

    Args:
        table: keys are plain words; texts are written as JSON strings, which YAML reads alike.
        vault_password: encrypts every `Secret`.
        depth: how far to indent.

    Returns:
        YAML text, LF line ends.
    """
    lines = []
    for key, value in table.items():
        start = f"{_INDENT * depth}{key}:"
        if isinstance(value, Secret):
            body = vault.encrypt(value.value, vault_password).splitlines()
            lines.append(f"{start} !vault |\n" + "".join(f"{_INDENT * (depth + 1)}{line}\n" for line in body))
        elif isinstance(value, Mapping):
            lines.append(f"{start}\n{render(value, vault_password, depth + 1)}" if value else f"{start} {{}}\n")
        else:
            lines.append(f"{start} {json.dumps(value)}\n")
    return "".join(lines)
