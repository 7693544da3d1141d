"""Ansible itself reads the inventory of the lab.

Input: devices that run. Output: what ansible-inventory makes of the file.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from murenger.lab.blueprints import BLUEPRINTS
from murenger.lab.description import Description, Login
from murenger.lab.inventory import Member, write_inventory

MASTER = "master-word"


def members(lab_dir: pathlib.Path, form: str) -> list[Member]:
    result = []
    for port, item in enumerate(BLUEPRINTS, start=2201):
        keys_dir = lab_dir / item.name / "keys"
        keys_dir.mkdir(parents=True)
        (keys_dir / "host_key.pub").write_text(f"ssh-ed25519 AAAA{item.name} comment\n")
        logins = tuple(
            Login(name=f"murenger-{role}", password=f"{item.name}-{role}-word", role=role) for role in ("read", "heal")
        )
        description = Description(
            hostname=item.name, address="127.0.0.1", port=0, logins=logins, form=form if item.name == "fw1" else ""
        )
        result.append(Member(blueprint=item, description=description, device_dir=lab_dir / item.name, port=port))
    return result


def read_by_ansible(lab_dir: pathlib.Path) -> dict[str, dict[str, dict[str, object]]]:
    (lab_dir / "vault-password").write_text(MASTER)
    program = pathlib.Path(sys.executable).parent / "ansible-inventory"
    done = subprocess.run(
        [
            str(program),
            "-i",
            str(lab_dir / "inventory"),
            "--vault-password-file",
            str(lab_dir / "vault-password"),
            "--list",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"ANSIBLE_INVENTORY_ENABLED": "yaml", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"},
    )
    result: dict[str, dict[str, dict[str, object]]] = json.loads(done.stdout)
    return result


def decrypted(value: object) -> str:
    assert isinstance(value, dict)
    (text,) = value.values()
    secret: bytes = VaultLib([("default", VaultSecret(MASTER.encode()))]).decrypt(text.encode())
    return secret.decode()


def test_ansible_finds_groups_addresses_and_encrypted_passwords(tmp_path: pathlib.Path) -> None:
    write_inventory(tmp_path, members(tmp_path, "userns"), MASTER)
    found = read_by_ansible(tmp_path)
    assert sorted(found["firewalls"]["hosts"]) == ["fw1", "srx1"]
    assert found["switches"]["hosts"] == ["leaf1"]
    assert sorted(found["lab"]["children"]) == ["firewalls", "switches"]
    hosts = found["_meta"]["hostvars"]
    assert {name: variables["ansible_network_os"] for name, variables in hosts.items()} == {
        "fw1": "nftables",
        "leaf1": "arista.eos.eos",
        "srx1": "junipernetworks.junos.junos",
    }
    for name, variables in hosts.items():
        assert variables["ansible_user"] == "murenger-read"
        assert variables["murenger_heal_user"] == "murenger-heal"
        assert variables["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
        assert decrypted(variables["ansible_password"]) == f"{name}-read-word"
        assert decrypted(variables["murenger_read_password"]) == f"{name}-read-word"
        assert decrypted(variables["murenger_heal_password"]) == f"{name}-heal-word"
    assert hosts["leaf1"]["murenger_ca_file"] == str(tmp_path / "leaf1" / "keys" / "ca.pem")
    assert hosts["srx1"]["murenger_known_hosts"] == str(tmp_path / "known_hosts")


def test_each_device_says_how_it_sees_who_manages_it(tmp_path: pathlib.Path) -> None:
    write_inventory(tmp_path, members(tmp_path, "userns"), MASTER)
    hosts = read_by_ansible(tmp_path)["_meta"]["hostvars"]
    names = ("source", "address", "port", "interface")
    told = {name: [host.get(f"murenger_management_{one}") for one in names] for name, host in hosts.items()}
    assert told == {
        "fw1": ["192.0.2.10", "192.0.2.1", 22, "mgmt0"],
        "leaf1": ["127.0.0.1", None, 443, "Management1"],
        "srx1": ["127.0.0.1", None, 830, "ge-0/0/0.0"],
    }


@pytest.mark.parametrize("form", ["userns", "netns"])
def test_no_password_stands_in_the_clear(tmp_path: pathlib.Path, form: str) -> None:
    write_inventory(tmp_path, members(tmp_path, form), MASTER)
    text = (tmp_path / "inventory" / "hosts.yml").read_text() + (tmp_path / "known_hosts").read_text()
    assert "-word" not in text
    assert (tmp_path / "inventory" / "hosts.yml").stat().st_mode & 0o777 == 0o600


def test_openssh_form_logs_in_by_key_and_says_sudo(tmp_path: pathlib.Path) -> None:
    write_inventory(tmp_path, members(tmp_path, "netns"), MASTER)
    fw1 = read_by_ansible(tmp_path)["_meta"]["hostvars"]["fw1"]
    assert isinstance(fw1, dict)
    assert fw1["ansible_ssh_private_key_file"] == str(tmp_path / "fw1" / "keys" / "read")
    assert fw1["murenger_heal_ssh_key"] == str(tmp_path / "fw1" / "keys" / "heal")
    assert (fw1["ansible_become"], fw1["ansible_become_method"]) == (True, "sudo")
    assert not [name for name in fw1 if "password" in name]


def test_known_hosts_names_ssh_devices_with_their_ports(tmp_path: pathlib.Path) -> None:
    write_inventory(tmp_path, members(tmp_path, "userns"), MASTER)
    assert (tmp_path / "known_hosts").read_text().splitlines() == [
        "[127.0.0.1]:2201 ssh-ed25519 AAAAfw1",
        "[127.0.0.1]:2203 ssh-ed25519 AAAAsrx1",
    ]


def test_lab_without_devices_has_an_empty_inventory(tmp_path: pathlib.Path) -> None:
    write_inventory(tmp_path, [], MASTER)
    assert read_by_ansible(tmp_path)["_meta"]["hostvars"] == {}
