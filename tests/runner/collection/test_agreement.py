"""Collection and library agree on what both write down, and the reference page knows all of it."""

import ast
import pathlib
from typing import Any

import pytest
import yaml

import murenger
from murenger.adapters.ansible.inventory import AnsibleInventory
from murenger.model import RecordKind
from murenger.record.executor import Trigger

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
PAGE = (ROOT / "docs/reference/collection.md").read_text(encoding="utf-8")
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def constant(path: pathlib.Path, name: str) -> Any:
    """Return a constant of a plugin file, which no Python outside Ansible can import."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path} has no {name}")


def documentation(module: str) -> Any:
    return yaml.safe_load(constant(PLUGINS / "modules" / f"{module}.py", "DOCUMENTATION"))


def test_the_bridge_wants_the_library_it_is_released_with() -> None:
    assert constant(PLUGINS / "plugin_utils/_bridge.py", "LIBRARY_VERSION") == murenger.__version__


def test_every_kind_of_record_can_be_asked_for() -> None:
    kinds = [kind.value for kind in RecordKind]
    assert list(constant(PLUGINS / "plugin_utils/_records.py", "KINDS")) == kinds
    assert documentation("change_record_info")["options"]["kind"]["choices"] == kinds


def test_every_trigger_can_be_told() -> None:
    triggers = [trigger.value for trigger in Trigger]
    assert documentation("remediation")["options"]["trigger"]["choices"] == triggers
    specification = yaml.safe_load((ROOT / "roles/heal/meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert specification["argument_specs"]["main"]["options"]["heal_trigger"]["choices"] == triggers


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_has_a_default_a_specification_and_a_line_in_its_readme(role: str) -> None:
    folder = ROOT / "roles" / role
    defaults = yaml.safe_load((folder / "defaults/main.yml").read_text(encoding="utf-8"))
    specification = yaml.safe_load((folder / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert set(defaults) == set(specification["argument_specs"]["main"]["options"])
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme and name.startswith(f"{role}_") for name in defaults)
    assert all(f"`{name}`" in PAGE for name in defaults if not name.endswith(("_config", "_inventory")))


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_names_every_module_and_option(module: str) -> None:
    assert f"`{module}`" in PAGE
    assert all(f"`{option}`" in PAGE for option in documentation(module).get("options", {}))


def test_the_reference_names_every_playbook() -> None:
    for playbook in (ROOT / "playbooks").glob("*.yml"):
        assert f"`murenger.drift.{playbook.stem}`" in PAGE


def test_nothing_that_is_shipped_reads_what_is_not() -> None:
    foreign = ("runner/", "tests/", "inventories/", "extensions/", "../..")
    for folder in ("plugins", "roles", "playbooks"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".yml"):
                text = path.read_text(encoding="utf-8")
                assert not [name for name in foreign if name in text], path


def test_the_example_inventory_names_devices_that_we_can_read() -> None:
    devices = AnsibleInventory(ROOT / "inventories/example").devices(("all",))
    assert {device.name: device.platform for device in devices} == {
        "fw-east-1": "nftables",
        "fw-east-2": "nftables",
        "srx-edge-1": "junos",
        "leaf-1": "eos",
    }
    assert all({"known_hosts", "ca_file"} & dict(device.labels).keys() for device in devices)
