"""The playbooks on a real site with an emulated switch: targets, check mode, people's tasks, refusals."""

import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Play = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = [pytest.mark.slow, pytest.mark.lab(namespaces=False), pytest.mark.usefixtures("collections")]

PRE = """
- ansible.builtin.copy:
    content: "ticket for {{ inventory_hostname }}"
    dest: "{{ playbook_folder }}/before"
"""
POST = """
- ansible.builtin.copy:
    content: "{{ heal_outcome.verdict }}, {{ heal_outcome.record | default('no record') }}: {{ heal_outcome.reason }}"
    dest: "{{ playbook_folder }}/after"
"""

HEALED = "healed, 6: live equals golden over a fresh connection"


@pytest.fixture
def play(bench: Any) -> Play:
    """Give a function that runs ansible-playbook in the site's folder."""

    def played(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = (sys.executable, "-m", "ansible", "playbook", "-i", str(bench.inventory), *arguments)
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "0"}
        environment["ANSIBLE_CALLBACK_RESULT_FORMAT"] = "yaml"
        return subprocess.run(
            command,
            env=environment,
            cwd=bench.site,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return played


@pytest.fixture
def tasks(bench: Any) -> pathlib.Path:
    """Name tasks of the user's own in murenger.yml, and return the folder in which they leave their marks."""
    folder = pathlib.Path(bench.site) / "marks"
    folder.mkdir()
    for name, text in (("pre", PRE), ("post", POST)):
        (bench.site / f"{name}.yml").write_text(text.replace("{{ playbook_folder }}", str(folder)), encoding="utf-8")
        bench.edit(f"# {name}_tasks: tasks/{'before' if name == 'pre' else 'after'}.yml", f"{name}_tasks: {name}.yml")
    return folder


def recap(done: "subprocess.CompletedProcess[str]") -> dict[str, int]:
    """Return the counts of leaf1."""
    found = re.search(r"^leaf1 +: (.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: int(count) for name, _, count in (part.partition("=") for part in found[1].split())}


@pytest.mark.parametrize("playbook", ["observe", "compare", "heal", "site"])
@pytest.mark.parametrize("arguments", [(), ("-l", ""), ("-e", "target=")], ids=["none", "empty limit", "empty target"])
def test_without_a_target_nothing_is_touched(bench: Any, play: Play, playbook: str, arguments: tuple[str, ...]) -> None:
    bench.switch.drift()
    bench.switch.emulator.device.trace.clear()
    done = play(f"murenger.drift.{playbook}", *arguments)
    assert done.returncode == 2
    assert "no target: name the devices with -l DEVICE or -e target=DEVICE" in done.stdout + done.stderr
    assert not bench.switch.users()


@pytest.mark.parametrize("arguments", [("-l", "leaf1"), ("-e", "target=leaf1")], ids=["limit", "target"])
def test_a_heal_by_hand_is_one_recorded_change_and_a_second_run_changes_nothing(
    bench: Any, play: Play, arguments: tuple[str, ...]
) -> None:
    in_sync = bench.switch.running()
    bench.switch.drift()
    first, second = play("murenger.drift.heal", *arguments), play("murenger.drift.heal", *arguments)
    assert (first.returncode, second.returncode) == (0, 0), first.stdout
    assert recap(first)["changed"] == 2
    assert recap(second)["changed"] == 0
    assert bench.switch.running() == in_sync
    assert [record["kind"] for record in bench.records()][-5:] == ["drift", "plan", "approval", "intent", "outcome"]


def test_check_mode_predicts_the_change_and_writes_nothing(bench: Any, play: Play) -> None:
    bench.switch.drift()
    before, running = bench.everything(), bench.switch.running()
    predicted = play("murenger.drift.heal", "-l", "leaf1", "--check", "--diff")
    assert predicted.returncode == 0, predicted.stdout
    assert bench.everything() == before
    assert bench.switch.running() == running
    assert "healer" not in bench.switch.users()
    assert "+++ after: leaf1 golden" in predicted.stdout
    assert recap(predicted)["changed"] == recap(play("murenger.drift.heal", "-l", "leaf1"))["changed"]


def test_an_inventory_made_for_network_modules_works_as_it_is(bench: Any, play: Play) -> None:
    bench.vary(ansible_connection="ansible.netcommon.network_cli", ansible_become=True, ansible_become_method="enable")
    bench.switch.drift()
    for playbook in ("observe", "compare", "heal", "site"):
        done = play(f"murenger.drift.{playbook}", "-l", "leaf1")
        assert done.returncode == 0, done.stdout
    assert bench.cli("status").code == 0
    bench.switch.drift()
    assert bench.cli("heal", "leaf1").code == 0


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["for real", "check mode"])
def test_mode_observe_refuses_and_names_the_setting(
    bench: Any, play: Play, tasks: pathlib.Path, check: tuple[str, ...]
) -> None:
    bench.edit("mode: heal", "mode: observe")
    bench.switch.drift()
    running = bench.switch.running()
    done = play("murenger.drift.heal", "-l", "leaf1", *check)
    assert done.returncode == 2
    assert "mode is observe: set `mode: heal` or `mode: propose` in policy 'heal'" in done.stdout + done.stderr
    assert not list(tasks.iterdir()), "people's tasks do not run around a refusal"
    assert bench.switch.running() == running
    assert not bench.records("intent")


def test_mode_propose_asks_and_then_records_that_persons_decision(bench: Any, play: Play) -> None:
    bench.edit("mode: heal", "mode: propose")
    bench.switch.drift()
    asked = play("murenger.drift.heal", "-l", "leaf1")
    assert asked.returncode == 2
    found = re.search(r"murenger approve ([0-9a-f]{12}) --key YOUR_SSH_KEY", asked.stdout + asked.stderr)
    assert found, asked.stdout
    assert bench.approve(found[1]).code == 0
    healed = play("murenger.drift.heal", "-l", "leaf1")
    assert healed.returncode == 0, healed.stdout
    (intent,) = bench.records("intent")
    assert intent["approval"]["mode"] == "person"


def test_peoples_tasks_run_around_a_change_by_hand(bench: Any, play: Play, tasks: pathlib.Path) -> None:
    bench.switch.drift()
    done = play("murenger.drift.heal", "-l", "leaf1")
    assert done.returncode == 0, done.stdout
    assert (tasks / "before").read_text() == "ticket for leaf1"
    assert (tasks / "after").read_text() == HEALED


def test_peoples_tasks_run_around_a_change_by_the_runner(bench: Any, tasks: pathlib.Path) -> None:
    bench.switch.drift()
    done = bench.cli("heal", "leaf1", "-o", "json")
    assert done.code == 0, done
    assert json.loads(done.out)["devices"][0]["verdict"] == "healed"
    assert (tasks / "before").read_text() == "ticket for leaf1"
    assert (tasks / "after").read_text() == HEALED


def test_peoples_tasks_do_not_run_when_there_is_nothing_to_heal(play: Play, tasks: pathlib.Path) -> None:
    done = play("murenger.drift.heal", "-l", "leaf1")
    assert done.returncode == 0, done.stdout
    assert not list(tasks.iterdir())


def test_a_failing_task_before_the_change_leaves_the_device_alone(bench: Any, play: Play, tasks: pathlib.Path) -> None:
    (bench.site / "pre.yml").write_text("- ansible.builtin.fail:\n    msg: no ticket\n", encoding="utf-8")
    bench.switch.drift()
    running = bench.switch.running()
    done = play("murenger.drift.heal", "-l", "leaf1")
    assert done.returncode == 2
    assert bench.switch.running() == running
    assert not bench.records("intent")
    assert (tasks / "after").read_text() == "not-applied, no record: a task before the change failed"


def test_tasks_after_a_failed_change_learn_why(bench: Any, play: Play, tasks: pathlib.Path) -> None:
    bench.vary(murenger_heal_password="not-it")
    bench.switch.drift()
    done = play("murenger.drift.heal", "-l", "leaf1")
    assert done.returncode == 2
    said = (tasks / "after").read_text()
    assert re.match(r"not-applied, [0-9]+: .*refused the login", said), said


def test_tasks_after_a_change_that_was_refused_learn_why(bench: Any, play: Play, tasks: pathlib.Path) -> None:
    bench.switch.drift()
    done = play("murenger.drift.heal", "-l", "leaf1", "-e", f"murenger_plan={'a' * 64}", "-e", "murenger_pre_tasks=")
    assert done.returncode == 2
    assert not bench.records("intent")
    assert not list(tasks.iterdir()), "the plan was handed over with its tasks, and there were none"
    done = play("murenger.drift.heal", "-l", "leaf1", "-e", f"murenger_plan={'a' * 64}")
    assert done.returncode == 2
    said = (tasks / "after").read_text()
    assert said.startswith("not-applied, no record: "), said
    assert "plan" in said


def test_a_site_run_compares_and_heals_what_may_be_healed(bench: Any, play: Play) -> None:
    bench.switch.drift()
    done = play("murenger.drift.site", "-l", "leaf1")
    assert done.returncode == 0, done.stdout
    assert bench.cli("status").code == 0
    bench.edit("mode: heal", "mode: observe")
    bench.switch.drift()
    held = play("murenger.drift.site", "-l", "leaf1")
    assert held.returncode == 0, held.stdout
    assert bench.cli("status").code == 1


def test_drift_fails_a_compare_where_that_is_wanted(bench: Any, play: Play) -> None:
    bench.switch.drift()
    assert play("murenger.drift.compare", "-l", "leaf1").returncode == 0
    assert play("murenger.drift.compare", "-l", "leaf1", "-e", "compare_fail_on_drift=true").returncode == 2


def test_device_text_is_shown_and_never_rendered(bench: Any, play: Play) -> None:
    bench.switch.drift("hostile-description")
    done = play("murenger.drift.compare", "-l", "leaf1")
    assert done.returncode == 0, done.stdout
    assert "{{ 7*7 }} {% for x in [] %}" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_tampered_record_fails_its_verification(bench: Any, play: Play) -> None:
    path: pathlib.Path = max(bench.store.glob("days/*/records/*.json"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"leaf1", b"leaf2", 1))
    playbook = bench.site / "verify.yml"
    playbook.write_text(
        "- hosts: leaf1\n  gather_facts: false\n  tasks:\n    - murenger.drift.change_record_info: {verify: true}\n",
        encoding="utf-8",
    )
    done = play(str(playbook))
    assert done.returncode == 2
    assert "the change records are not intact" in done.stdout + done.stderr
