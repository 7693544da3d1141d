"""Port Inventory: what every adapter must hold to."""

import pathlib
from collections.abc import Callable

import pytest

from murenger.adapters.ansible.inventory import AnsibleInventory
from murenger.errors import ConfigError
from murenger.ports import Inventory

INI = """\
[edge]
fw2 ansible_network_os=nftables ansible_host=192.0.2.2 ansible_port=2222
fw1 ansible_network_os=nftables word=text
[core]
leaf1 ansible_network_os=arista.eos.eos
[site:children]
edge
core
[empty]
"""
YAML = """\
all:
  children:
    site:
      children:
        edge:
          hosts:
            fw2: {ansible_network_os: nftables, ansible_host: 192.0.2.2, ansible_port: 2222}
            fw1: {ansible_network_os: nftables, word: text}
        core:
          hosts:
            leaf1: {ansible_network_os: arista.eos.eos}
    empty:
"""


def ini_file(folder: pathlib.Path) -> pathlib.Path:
    (folder / "hosts").write_text(INI, encoding="ascii")
    return folder / "hosts"


def yaml_file(folder: pathlib.Path) -> pathlib.Path:
    (folder / "hosts.yml").write_text(YAML, encoding="ascii")
    return folder / "hosts.yml"


def folder_of_files(folder: pathlib.Path) -> pathlib.Path:
    inner = folder / "inventory"
    (inner / "host_vars").mkdir(parents=True)
    (inner / "hosts").write_text(INI.replace(" word=text", ""), encoding="ascii")
    (inner / "host_vars" / "fw1.yml").write_text("word: text\n", encoding="ascii")
    return inner


@pytest.fixture(params=[ini_file, yaml_file, folder_of_files])
def inventory(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Inventory:
    make: Callable[[pathlib.Path], pathlib.Path] = request.param
    return AnsibleInventory(make(tmp_path))


def names(inventory: Inventory, *selection: str) -> list[str]:
    return [device.name for device in inventory.devices(selection)]


def test_an_empty_selection_selects_nothing(inventory: Inventory) -> None:
    assert inventory.devices(()) == ()


def test_a_name_selects_its_device_and_a_group_all_in_it_in_inventory_order(inventory: Inventory) -> None:
    assert names(inventory, "fw1") == ["fw1"]
    assert names(inventory, "edge") == ["fw2", "fw1"]
    assert names(inventory, "site") == ["fw2", "fw1", "leaf1"]
    assert names(inventory, "empty") == []


def test_overlapping_names_select_each_device_once(inventory: Inventory) -> None:
    assert names(inventory, "fw1", "site", "fw1", "edge") == ["fw2", "fw1", "leaf1"]


@pytest.mark.parametrize("name", ["fw", "fw*", "~fw.*", "edge:core", "!fw1", "fw1,fw2", "", "fw[1:2]", "@hosts"])
def test_what_is_no_name_is_an_error_even_beside_one_that_is(inventory: Inventory, name: str) -> None:
    with pytest.raises(ConfigError, match="neither a device nor a group"):
        inventory.devices(["fw1", name])


def test_a_device_carries_platform_address_port_and_groups(inventory: Inventory) -> None:
    fw2, leaf1 = inventory.devices(["fw2", "leaf1"])
    assert (fw2.platform, fw2.address, fw2.port, fw2.groups) == ("nftables", "192.0.2.2", 2222, ("edge", "site"))
    assert (leaf1.platform, leaf1.address, leaf1.port) == ("eos", "leaf1", None)


def test_a_variable_is_text_or_none(inventory: Inventory) -> None:
    (fw1,) = inventory.devices(["fw1"])
    assert inventory.variable(fw1, "word") == "text"
    assert inventory.variable(fw1, "not_set") is None


def test_asking_twice_gives_the_same(inventory: Inventory) -> None:
    assert inventory.devices(["site"]) == inventory.devices(["site"])
