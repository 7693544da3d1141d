"""The playbook `record` on a real site: it verifies, exports, and refuses what was altered."""

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


@pytest.fixture
def play(bench: Any) -> Play:
    """Give a function that runs the playbook in the site's folder."""

    def played(*arguments: str, playbook: str = "record") -> "subprocess.CompletedProcess[str]":
        command = (sys.executable, "-m", "ansible", "playbook", f"murenger.drift.{playbook}", *arguments)
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"}
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


def changed(done: "subprocess.CompletedProcess[str]") -> int:
    """Return how many tasks changed something."""
    found = re.search(r"^localhost +:.* changed=(\d+)", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return int(found[1])


def test_an_intact_log_passes_and_its_records_are_exported_once(bench: Any, play: Play, tmp_path: pathlib.Path) -> None:
    held = bench.held()
    exports = ("-e", f'{{"record_numbers": [0, 1], "record_bundles": "{tmp_path}"}}')
    predicted = play("--check", *exports)
    assert (predicted.returncode, list(tmp_path.glob("[0-9]*"))) == (0, []), predicted.stdout
    first, second = play(*exports), play(*exports)
    assert first.returncode == 0, first.stdout
    assert "records intact, complete: False" in first.stdout
    assert (changed(predicted), changed(first), changed(second)) == (1, 1, 0)
    for number in (0, 1):
        name = f"{number:09d}.json"
        record = next(bench.store.glob(f"days/*/records/{name}"))
        assert (tmp_path / str(number) / name).read_bytes() == record.read_bytes()
    assert bench.held() == held


def test_an_altered_record_fails_the_play_and_nothing_is_exported(
    bench: Any, play: Play, tmp_path: pathlib.Path
) -> None:
    path = next(bench.store.glob("days/*/records/000000001.json"))
    path.chmod(0o640)
    path.write_bytes(path.read_bytes().replace(b'"seq":1', b'"seq":7'))
    done = play("-e", f'{{"record_numbers": [0], "record_bundles": "{tmp_path}"}}')
    assert done.returncode == 2
    assert "the change records are not intact" in done.stdout
    assert list(tmp_path.glob("[0-9]*")) == []


def test_completeness_is_believed_to_an_anchor_and_to_nobody_else(
    bench: Any, play: Play, tmp_path: pathlib.Path
) -> None:
    refused = play("-e", '{"record_require_anchor": true}')
    assert refused.returncode == 2
    assert "nothing proves that none is missing" in refused.stdout
    last = bench.cli("log", "--last", "1", "-o", "json").data["records"][0]
    anchor = tmp_path / "anchor"
    anchor.write_text(f"{last['number']} {last['sha256']}\n", encoding="ascii")
    anchored = f'{{"record_require_anchor": true, "record_anchors": ["{anchor}"]}}'
    assert play("-e", anchored).returncode == 0
    anchor.write_text(f"{last['number']} {'0' * 64}\n", encoding="ascii")
    other = play("-e", anchored)
    assert other.returncode == 2
    assert "the change records are not intact" in other.stdout


def test_an_export_without_a_place_is_refused(play: Play) -> None:
    done = play("-e", '{"record_numbers": [0]}')
    assert done.returncode == 2
    assert "record_numbers needs record_bundles" in done.stdout


def test_a_site_run_verifies_where_that_is_wanted(bench: Any, play: Play) -> None:
    site = ("-i", str(bench.inventory), "-l", "leaf1,localhost")
    assert "records intact" not in play(*site, playbook="site").stdout
    done = play(*site, "-e", "site_verifies_records=true", playbook="site")
    assert "records intact" in done.stdout, done.stdout + done.stderr


def test_a_period_is_exported_once_as_an_evidence_pack(bench: Any, play: Play, tmp_path: pathlib.Path) -> None:
    day = bench.cli("log", "--last", "1", "-o", "json").data["records"][0]["day"]
    pack = tmp_path / "pack"
    period = f'"record_evidence": "{pack}", "record_evidence_from": "{day}", "record_evidence_to": "{day}"'
    why = '"record_evidence_recipient": "an auditor", "record_evidence_purpose": "a sample"'
    assert play("--check", "-e", f"{{{period}, {why}}}").returncode == 0
    assert not pack.exists()
    first, second = play("-e", f"{{{period}, {why}}}"), play("-e", f"{{{period}, {why}}}")
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + first.stderr
    assert (changed(first), changed(second)) == (1, 0)
    assert (pack / "verify.sh").is_file()
    assert play("-e", f'{{"record_evidence": "{tmp_path}/other"}}').returncode == 2
