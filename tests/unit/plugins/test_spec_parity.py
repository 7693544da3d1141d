# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation and specification say the same, for nothing else compares them where a module has no code."""

from __future__ import annotations

import importlib
import re
import types

import pytest
import yaml

COLLECTION = "ansible_collections.murenger.drift.plugins"
MODULES = (
    *("change_record", "change_record_info", "drift_info", "golden_config", "live_config_info", "plan"),
    *("packet_trace_info", "remediation"),
)
WRITING = ("change_record", "golden_config", "plan", "remediation")
SUSPICIOUS = re.compile(r"pass|secret|token|key|community")
# Options whose name looks like a secret's, and why they hold none.
HARMLESS = {("golden_config", "signing_key"): "the path of a key, never the key"}
ATTRIBUTES = {"check_mode", "diff_mode", "idempotent", "platform", "action_group"}


def module(name: str) -> types.ModuleType:
    """Return a documentation file."""
    return importlib.import_module(f"{COLLECTION}.modules.{name}")


def action(name: str) -> types.ModuleType:
    """Return an action plugin."""
    return importlib.import_module(f"{COLLECTION}.action.{name}")


def documented(name: str) -> dict[str, dict[str, dict[str, object]]]:
    """Return the documentation of a module with its fragments merged in."""
    document = yaml.safe_load(module(name).DOCUMENTATION)
    options = dict(document.get("options") or {})
    for fragment in document["extends_documentation_fragment"]:
        assert fragment.startswith("murenger.drift.")
        file, *part = fragment.removeprefix("murenger.drift.").split(".")
        source = importlib.import_module(f"{COLLECTION}.doc_fragments.{file}").ModuleDocFragment
        options.update(yaml.safe_load(getattr(source, (*part, "documentation")[0].upper())).get("options") or {})
    document["options"] = options
    return document


@pytest.mark.parametrize("name", MODULES)
def test_options_are_documented_as_they_are_checked(name: str) -> None:
    options, spec = documented(name)["options"], action(name).ARGUMENT_SPEC
    assert set(options) == set(spec)
    for option, said in options.items():
        checked = spec[option]
        for key in ("type", "elements", "default", "choices", "aliases"):
            assert said.get(key) == checked.get(key), (option, key)
        assert said.get("required", False) == checked.get("required", False), option


@pytest.mark.parametrize("name", MODULES)
def test_no_option_holds_a_secret_in_the_open(name: str) -> None:
    for option, checked in action(name).ARGUMENT_SPEC.items():
        if SUSPICIOUS.search(option) and (name, option) not in HARMLESS:
            assert checked.get("no_log") is True, option


@pytest.mark.parametrize("name", MODULES)
def test_every_module_states_its_attributes(name: str) -> None:
    attributes = documented(name)["attributes"]
    assert set(attributes) == ATTRIBUTES
    assert attributes["check_mode"]["support"] == "full"
    assert attributes["diff_mode"]["support"] == ("full" if name in WRITING else "none")


@pytest.mark.parametrize("name", MODULES)
def test_every_plugin_writes_out_what_ansible_would_assume(name: str) -> None:
    said = vars(action(name).ActionModule)
    wanted = ("TRANSFERS_FILES", "_requires_connection", "_supports_async", "_supports_check_mode")
    assert [said[attribute] for attribute in wanted] == [False, False, False, True]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_is_a_task_of_ours_or_of_ansible(name: str) -> None:
    for task in yaml.safe_load(module(name).EXAMPLES):
        used = [key for key in task if "." in key]
        assert len(used) == 1
        if used[0].startswith("murenger.drift."):
            spec = action(used[0].rpartition(".")[2]).ARGUMENT_SPEC
            assert set(task[used[0]] or {}) <= set(spec)
