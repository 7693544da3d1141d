"""Ansible inventories as people have them; the oracles are ansible-inventory and ansible-vault."""

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from murenger.adapters.ansible.inventory import AnsibleInventory
from murenger.adapters.ansible.mapping import PLATFORMS
from murenger.errors import ConfigError, SecretError
from murenger.model import Device

Write = Callable[..., pathlib.Path]
PASSWORD = "a password for tests"


@pytest.fixture
def password(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "vault-password"
    path.write_text(PASSWORD + "\n", encoding="ascii")
    return path


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    """Return a function that writes an inventory file and returns its path."""

    def written(text: str, name: str = "hosts.yml") -> pathlib.Path:
        path = tmp_path / "inventory" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


def ansible(verb: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ansible", verb, *arguments],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout


def encrypted(text: str, password: pathlib.Path) -> str:
    """Return an inline `!vault` value made by ansible-vault, indented for use after a key."""
    return ansible("vault", "encrypt_string", "--vault-password-file", str(password), text).strip()


def one(path: pathlib.Path, password: pathlib.Path | None = None) -> Device:
    return AnsibleInventory(path, password).devices(["fw1"])[0]


FULL = """\
all:
  vars:
    base: 192.0.2
  children:
    edge:
      hosts:
        fw1:
          ansible_host: "{{ base }}.7"
          ansible_port: "{{ 2000 + 22 }}"
          ansible_network_os: murenger.drift.nftables
          ansible_user: reader
          ansible_become: true
          murenger_zone: cde
          murenger_criticality: crown-jewel
          murenger_known_hosts: keys/known_hosts
          murenger_hostname: fw1.example.net
        leaf1:
          ansible_network_os: arista.eos.eos
          ansible_httpapi_port: 8443
          ansible_port: 22
          ansible_httpapi_use_ssl: yes
          ansible_httpapi_validate_certs: "false"
          murenger_ca_file: /etc/ca.pem
    core:
      hosts:
        srx1: {ansible_network_os: junipernetworks.junos.junos, ansible_host: "[2001:db8::1]"}
      children:
        edge:
"""


def test_everything_that_is_mapped_arrives(write: Write) -> None:
    path = write(FULL)
    fw1, leaf1, srx1 = AnsibleInventory(path).devices(["fw1", "leaf1", "srx1"])
    assert fw1 == Device(
        name="fw1",
        platform="nftables",
        address="192.0.2.7",
        port=2022,
        zone="cde",
        criticality="crown-jewel",
        groups=("core", "edge"),
        labels=(
            ("become", "true"),
            ("hostname", "fw1.example.net"),
            ("known_hosts", str(path.parent / "keys/known_hosts")),
        ),
    )
    assert (leaf1.platform, leaf1.address, leaf1.port) == ("eos", "leaf1", 8443)
    assert leaf1.labels == (("ca_file", "/etc/ca.pem"), ("use_ssl", "true"), ("validate_certs", "false"))
    assert (srx1.platform, srx1.address, srx1.port, srx1.groups) == ("junos", "2001:db8::1", None, ("core",))


def test_every_value_is_rid_of_ansibles_own_types(write: Write) -> None:
    inventory = AnsibleInventory(write(FULL))
    for device in inventory.devices(["all"]):
        for value in (device.name, device.platform, device.address, device.zone, device.criticality, *device.groups):
            assert value.__class__ is str
        assert device.port.__class__ in {int, type(None)}
        assert all(part.__class__ is str for label in device.labels for part in label)
    assert inventory.variable(inventory.devices(["fw1"])[0], "ansible_user").__class__ is str


def test_selection_agrees_with_ansible_inventory(write: Write) -> None:
    path = write(FULL)
    listed = json.loads(ansible("inventory", "-i", str(path), "--list"))
    inventory = AnsibleInventory(path)
    assert [device.name for device in inventory.devices(["edge"])] == listed["edge"]["hosts"]
    assert {device.name for device in inventory.devices(["all"])} == set(listed["_meta"]["hostvars"])


@pytest.mark.parametrize("name", sorted(PLATFORMS))
@pytest.mark.parametrize("variable", ["ansible_network_os", "murenger_platform"])
def test_every_documented_platform_name_is_mapped(write: Write, name: str, variable: str) -> None:
    assert one(write(f"all: {{hosts: {{fw1: {{{variable}: {name}}}}}}}")).platform == PLATFORMS[name]


def test_our_own_variable_beats_ansibles(write: Write) -> None:
    path = write("all: {hosts: {fw1: {murenger_platform: nftables, ansible_network_os: cisco.ios.ios}}}")
    assert one(path).platform == "nftables"


def test_a_platform_without_a_driver_is_kept_for_the_driver_to_refuse(write: Write) -> None:
    assert one(write("all: {hosts: {fw1: {ansible_network_os: cisco.ios.ios}}}")).platform == "cisco.ios.ios"


def test_ini_inventories_and_folders_with_group_variables_work(write: Write, tmp_path: pathlib.Path) -> None:
    write("[edge]\nfw1 ansible_host=192.0.2.1 ansible_port=2200\n", "hosts.ini")
    write("ansible_network_os: nftables\n", "group_vars/edge.yml")
    device = one(tmp_path / "inventory")
    assert (device.platform, device.address, device.port) == ("nftables", "192.0.2.1", 2200)


def test_an_inline_vault_opens_only_when_its_variable_is_asked_for(write: Write, password: pathlib.Path) -> None:
    secret, other = encrypted("CANARY {{ 1 + 1 }}", password), encrypted("OTHER", password).replace("3", "4")
    path = write(
        "all:\n  hosts:\n    fw1:\n      ansible_network_os: nftables\n"
        f"      ansible_password: {secret}\n      murenger_heal_password: {other}\n"
    )
    inventory = AnsibleInventory(path, password)
    device = inventory.devices(["fw1"])[0]
    assert inventory.variable(device, "ansible_password") == "CANARY {{ 1 + 1 }}"
    with pytest.raises(ConfigError, match="fw1: variable murenger_heal_password cannot be resolved"):
        inventory.variable(device, "murenger_heal_password")


def test_a_template_may_name_an_inline_vault_however_deep(write: Write, password: pathlib.Path) -> None:
    secret = encrypted("CANARY {{ 1 + 1 }}", password).replace("\n", "\n    ")
    path = write(
        "all:\n  vars:\n    step: '{{ logins.reader[0].word }}'\n    logins:\n      reader:\n"
        f"        - word: {secret}\n  hosts:\n    fw1:\n      ansible_network_os: nftables\n"
        "      ansible_password: 'x{{ step }}x'\n"
    )
    inventory = AnsibleInventory(path, password)
    assert inventory.variable(inventory.devices(["fw1"])[0], "ansible_password") == "xCANARY {{ 1 + 1 }}x"


def test_a_vaulted_variables_file_opens(write: Write, password: pathlib.Path, tmp_path: pathlib.Path) -> None:
    write("[edge]\nfw1 ansible_network_os=nftables ansible_password='{{ vault_word }}'\n", "hosts.ini")
    path = write("vault_word: CANARY\n", "group_vars/edge.yml")
    ansible("vault", "encrypt", "--vault-password-file", str(password), str(path))
    assert "CANARY" not in path.read_text(encoding="ascii")
    inventory = AnsibleInventory(tmp_path / "inventory", password)
    assert inventory.variable(inventory.devices(["fw1"])[0], "ansible_password") == "CANARY"
    with pytest.raises(ConfigError, match=r"does not open .*vault_password_file"):
        AnsibleInventory(tmp_path / "inventory").devices(["fw1"])


def test_an_inline_vault_without_a_password_is_named_when_asked_for(write: Write, password: pathlib.Path) -> None:
    path = write(
        f"all:\n  hosts:\n    fw1:\n      ansible_network_os: nftables\n      word: {encrypted('CANARY', password)}\n"
    )
    inventory = AnsibleInventory(path)
    with pytest.raises(ConfigError, match="no vault password is configured"):
        inventory.variable(inventory.devices(["fw1"])[0], "word")


def test_another_vault_password_is_an_error_that_shows_nothing(
    write: Write, password: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    path = write(
        f"all:\n  hosts:\n    fw1:\n      ansible_network_os: nftables\n      word: {encrypted('CANARY', password)}\n"
    )
    other = tmp_path / "other"
    other.write_text("another\n", encoding="ascii")
    inventory = AnsibleInventory(path, other)
    with pytest.raises(ConfigError, match="variable word cannot be resolved"):
        inventory.variable(inventory.devices(["fw1"])[0], "word")


def test_a_missing_password_file_is_named(write: Write, tmp_path: pathlib.Path) -> None:
    with pytest.raises(SecretError, match=r"no vault password can be had from .*nowhere"):
        AnsibleInventory(write(FULL), tmp_path / "nowhere").devices(["fw1"])


@pytest.mark.parametrize(
    "spelling",
    [
        "ansible_password",
        "ansible_ssh_pass",
        "ansible_ssh_password",
        "ansible_httpapi_pass",
        "ansible_httpapi_password",
    ],
)
def test_a_password_is_found_however_ansible_spells_it(write: Write, spelling: str) -> None:
    inventory = AnsibleInventory(write(f"all: {{hosts: {{fw1: {{ansible_network_os: eos, {spelling}: word}}}}}}"))
    assert inventory.variable(inventory.devices(["fw1"])[0], "ansible_password") == "word"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("text", "text"), ("12345", "12345"), ("'0123'", "0123"), ("''", ""), ("null", None), ("'{{ none_such }}'", ...)],
)
def test_a_variable_is_text_or_a_clear_error(write: Write, value: str, expected: str | None) -> None:
    inventory = AnsibleInventory(write(f"all: {{hosts: {{fw1: {{ansible_network_os: eos, word: {value}}}}}}}"))
    device = inventory.devices(["fw1"])[0]
    if expected is ...:
        with pytest.raises(ConfigError, match="variable word cannot be resolved"):
            inventory.variable(device, "word")
    else:
        assert inventory.variable(device, "word") == expected


@pytest.mark.parametrize("value", ["true", "[a]", "{a: b}", "1.5", "2026-01-01", "'{{ [1] }}'", "'{{ 1.5 }}'"])
def test_a_variable_that_is_no_text_is_refused(write: Write, value: str) -> None:
    inventory = AnsibleInventory(write(f"all: {{hosts: {{fw1: {{ansible_network_os: eos, word: {value}}}}}}}"))
    with pytest.raises(ConfigError, match=r"fw1: variable word is .*put quotes around it"):
        inventory.variable(inventory.devices(["fw1"])[0], "word")


@pytest.mark.parametrize("name", ["localhost", "a b", "fw1,fw2", "*", "~fw", "x" * 64, "-fw", ".fw", "fw/1", "fé"])
def test_a_host_whose_name_cannot_be_a_devices_is_refused(write: Write, name: str) -> None:
    path = write(f"all: {{hosts: {{{json.dumps(name)}: {{ansible_network_os: eos}}}}}}")
    with pytest.raises(ConfigError, match=r"device name .* cannot be used|neither a device nor a group"):
        AnsibleInventory(path).devices(["all", name])


@pytest.mark.parametrize("name", ["all", "ungrouped"])
def test_a_host_that_is_called_like_ansibles_own_groups_is_refused(write: Write, name: str) -> None:
    path = write(f"all: {{hosts: {{{name}: {{ansible_network_os: eos}}, fw1: {{ansible_network_os: eos}}}}}}")
    with pytest.raises(ConfigError):
        AnsibleInventory(path).devices(["fw1"])


def test_a_host_that_shares_a_groups_name_is_refused(write: Write) -> None:
    path = write("all: {children: {fw1: {hosts: {fw1: {ansible_network_os: eos}, fw2: {ansible_network_os: eos}}}}}")
    with pytest.raises(ConfigError, match="a group has the same name"):
        AnsibleInventory(path).devices(["fw1"])


def test_hosts_that_are_not_selected_need_no_platform_and_no_proper_name(write: Write) -> None:
    path = write("all: {hosts: {fw1: {ansible_network_os: eos}, localhost: {}, server: {}}}")
    assert [device.name for device in AnsibleInventory(path).devices(["fw1"])] == ["fw1"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ("{}", "fw1: no platform"),
        ("{ansible_network_os: eos, ansible_port: 0}", "'0' is not a TCP port"),
        ("{ansible_network_os: eos, ansible_port: 65536}", "not a TCP port"),
        ("{ansible_network_os: eos, ansible_port: ssh}", "not a TCP port"),
        ("{ansible_network_os: eos, ansible_port: true}", "true or false, not text"),
        ("{ansible_network_os: eos, ansible_port: '²'}", "not a TCP port"),
        ("{ansible_network_os: eos, murenger_criticality: huge}", "murenger_criticality is 'huge'"),
        ("{ansible_network_os: eos, ansible_become: perhaps}", "neither true nor false"),
        ("{ansible_network_os: '{{ nothing }}'}", "variable ansible_network_os cannot be resolved"),
        ("{ansible_network_os: eos, ansible_host: '{{ ansible_host }}'}", "ansible_host cannot be resolved"),
    ],
)
def test_a_wrong_variable_is_named_with_its_device(write: Write, variables: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        one(write(f"all: {{hosts: {{fw1: {variables}}}}}"))
    assert words in str(caught.value)
    assert caught.value.device == "fw1"


@pytest.mark.parametrize(
    "text",
    [
        "all:\n  hosts:\n    fw1:\n      word: 'CANARY\n",
        "all:\n\thosts: CANARY\n",
        "all: [CANARY]\n",
        "all: {hosts: {fw1: CANARY}}\n",
        "CANARY: [",
    ],
)
def test_an_inventory_that_cannot_be_read_is_named_and_shows_nothing(
    write: Write, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        AnsibleInventory(path).devices(["fw1"])
    shown = capfd.readouterr()
    assert str(path) in str(caught.value)
    for place in (str(caught.value), shown.out, shown.err):
        assert "CANARY" not in place


def test_one_unreadable_file_in_a_folder_is_not_passed_over(write: Write, tmp_path: pathlib.Path) -> None:
    write("all: {hosts: {fw1: {ansible_network_os: eos}}}", "good.yml")
    write("all: [", "worse.yml")
    with pytest.raises(ConfigError, match=r"worse\.yml"):
        AnsibleInventory(tmp_path / "inventory").devices(["fw1"])


def test_a_missing_inventory_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"no inventory .*nowhere"):
        AnsibleInventory(tmp_path / "nowhere").devices(["fw1"])


def test_ansible_is_not_imported_before_it_is_needed() -> None:
    program = (
        "import sys, pathlib\n"
        "import murenger.adapters.ansible.inventory as i, murenger.adapters.ansible.vault as v\n"
        "v.AnsibleVault(pathlib.Path('x')); i.AnsibleInventory(pathlib.Path('x')).devices([])\n"
        "sys.exit('ansible' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
